"""What is asked on screen, and what may be answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from twain.flows.request_types import MAY_BE_EMPTY, PROBES, RequestType
from twain_web import engine
from twain_web.rooms.campaigns.public import campaigns
from twain_web.rooms.capacity.public import A_PLAN, plans_ahead
from twain_web.rooms.desk.actions.asking import Wish
from twain_web.rooms.feeds.public import feeds
from twain_web.rooms.integrations.public import programs

_KINDS = [("text", _("Text")), ("number", _("A number")), ("date", _("A date")), ("yes or no", _("Yes or no"))]
_LABELS = {
    ("column", "feed"): (_("What is it about?"), _("The feed that the field belongs to.")),
    ("column", "field"): (
        _("What would you call it?"),
        _("One or two words, such as: shoe size. IT may name the column otherwise."),
    ),
    ("feed", "feed"): (_("What would you call this data?"), _("One or two words, such as: repairs.")),
    ("grant", "source"): (_("Which database?"), ""),
    ("grant", "table"): (_("Which table?"), _("If you know it; else IT names it.")),
    ("dns", "domain"): (_("Which domain?"), _("What stands behind the @, such as: news.example.com.")),
    ("lead", "form"): (_("Which form?"), _("Its short name, such as: newsletter. IT may make it first.")),
    ("capacity", "campaign"): (_("For which send?"), _("A campaign, or a plan of the calendar.")),
    ("capacity", "channel"): (_("How does it go out?"), ""),
    ("capacity", "at"): (_("When would it begin?"), _("On the company’s clocks.")),
    ("capacity", "people"): (_("How many messages?"), ""),
    ("integration", "webhook"): (
        _("By which of our webhooks?"),
        _("If the other system gets data from here. Leave it open if IT is still to make it."),
    ),
    ("integration", "url"): (
        _("At which address does the other system answer?"),
        _("If it can be asked. The automatic check opens it with a plain GET."),
    ),
    ("integration", "answer"): (
        _("What does it answer?"),
        _("Words that stand in its answer, or a status such as 401. Left open: any success will do."),
    ),
    ("vendor", "vendor"): (_("Which vendor?"), _("If you have one in mind, such as: Wortwerk.")),
    ("page", "url"): (_("At which address?"), _("The whole address, such as: https://www.example.com/winter.")),
    ("page", "text"): (
        _("Which words should stand there?"),
        _("The automatic check opens the page and looks for them."),
    ),
}
#: What a request knows besides what its check was told.
_OTHERS = {"kind": _("What kind of value?"), "mark": _("What marks the test lead")}
_OPTIONAL = {("grant", "table"), *MAY_BE_EMPTY}


class AskForm(forms.Form):
    """A request: what, what for, by when and why then. There is no priority."""

    outcome = forms.CharField(label=_("What do you need?"), max_length=300)
    kind = forms.ChoiceField(label=_("What is it?"))
    purpose = forms.CharField(
        label=_("What is it for?"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What customers or the two teams get from it. This is what IT decides by."),
    )  # fmt: skip
    wanted_by = forms.DateField(
        label=_("By when would it help?"), required=False, widget=forms.DateInput({"type": "date"})
    )
    why = forms.CharField(label=_("Why then?"), max_length=300, required=False)
    campaign = forms.ChoiceField(label=_("For a campaign?"), required=False)
    for_days = forms.IntegerField(label=_("For how many days?"), min_value=1, max_value=366)

    def __init__(self, *args: Any, kind: RequestType, **kwargs: Any) -> None:  # noqa: ANN401 — Django's signature
        super().__init__(*args, **kwargs)
        self.type = kind
        types = sorted(engine.workspace().request_types.values(), key=lambda one: one.title.casefold())
        self.fields["kind"].choices = [(one.name, one.title) for one in types]  # type: ignore[attr-defined]
        planned = [(one.slug, one.name) for one in campaigns()]
        self.fields["campaign"].choices = [("", _("No campaign in particular")), *planned]  # type: ignore[attr-defined]
        if not kind.access:
            del self.fields["for_days"]
        if kind.probe == "capacity":
            del self.fields["campaign"]  # the check asks for it, and knows plans besides
        for key in PROBES[kind.probe]:
            self.fields[f"target_{key}"] = target_field(kind.probe, key)
        if kind.probe == "column":
            self.fields["target_kind"] = forms.ChoiceField(label=_OTHERS["kind"], choices=_KINDS)

    def clean_wanted_by(self) -> date | None:
        """A day that is over helps nobody."""
        day: date | None = self.cleaned_data["wanted_by"]
        if day is not None and day < timezone.localdate():
            raise forms.ValidationError(_("That day is over."))
        return day

    @property
    def targets(self) -> list[forms.BoundField]:
        """What the automatic check must know."""
        return [self[name] for name in self.fields if name.startswith("target_")]

    def wish(self) -> Wish:
        """What was asked for."""
        said = self.cleaned_data
        target = {
            name.removeprefix("target_"): str(value) for name, value in said.items() if name.startswith("target_")
        }
        campaign = said.get("campaign", target.get("campaign", ""))
        return Wish(
            self.type.name, said["outcome"], said["purpose"], said["wanted_by"], said["why"],
            "" if campaign.startswith(A_PLAN) else campaign, said.get("for_days"), target,
        )  # fmt: skip


class TargetForm(forms.Form):
    """IT says exactly what the automatic check should look for."""

    def __init__(self, *args: Any, probe: str, **kwargs: Any) -> None:  # noqa: ANN401 — Django's signature
        super().__init__(*args, **kwargs)
        for key in PROBES[probe]:
            self.fields[key] = target_field(probe, key)
            self.fields[key].required = (probe, key) not in MAY_BE_EMPTY


class AnswerForm(forms.Form):
    """Words, and a day where one is asked for."""

    words = forms.CharField(max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3}))
    day = forms.DateField(required=False, widget=forms.DateInput({"type": "date"}))


def target_field(probe: str, key: str) -> forms.Field:
    """One thing that a probe must know, as it is asked for."""
    label, hint = _LABELS[probe, key]
    required = (probe, key) not in _OPTIONAL
    if (probe, key) in _CHOICES:
        choices = _CHOICES[probe, key]
        return forms.ChoiceField(label=label, help_text=hint, required=required, choices=choices())
    if (probe, key) == ("capacity", "at"):
        return forms.CharField(label=label, help_text=hint, widget=forms.DateTimeInput({"type": "datetime-local"}))
    if (probe, key) == ("capacity", "people"):
        return forms.IntegerField(label=label, help_text=hint, min_value=1, max_value=1_000_000_000)
    return forms.CharField(label=label, help_text=hint, max_length=300, required=required)


def target_shown(probe: str, target: Mapping[str, str]) -> list[tuple[str, str]]:
    """What the automatic check looks at: each thing as it was asked for, and what was answered, in people's words."""
    return [(_target_label(probe, key), _target_value(probe, key, value)) for key, value in target.items() if value]


def _target_label(probe: str, key: str) -> str:
    label = _LABELS[probe, key][0] if (probe, key) in _LABELS else _OTHERS.get(key, key)
    return str(label)


def _target_value(probe: str, key: str, value: str) -> str:
    if (probe, key) in _CHOICES:
        return str(dict(_CHOICES[probe, key]()).get(value, value))
    if key == "kind":
        return str(dict(_KINDS).get(value, value))
    try:
        return date_format(datetime.fromisoformat(value), "j F Y, H:i") if key == "at" else value
    except ValueError:
        return value


def _feeds() -> list[tuple[str, str]]:
    return [(one.name, one.title) for one in feeds()]


def _sources() -> list[tuple[str, str]]:
    return [(name, name) for name in sorted(engine.workspace().settings.sources)]


def _channels() -> list[tuple[str, str]]:
    return [(name, name) for name in sorted(engine.workspace().settings.channels)]


def _webhooks() -> list[tuple[str, str]]:
    return [("", _("None, or not yet")), *((one.name, one.name) for one in programs.endpoints())]


def _sends() -> list[tuple[str, str]]:
    """Campaigns, and what is planned in the calendar and is no campaign yet."""
    plans = [(one.name, one.title) for one in plans_ahead() if one.name.startswith(A_PLAN)]
    return [("", _("None yet")), *((one.slug, one.name) for one in campaigns()), *plans]


_CHOICES: dict[tuple[str, str], Callable[[], list[tuple[str, str]]]] = {
    ("column", "feed"): _feeds,
    ("grant", "source"): _sources,
    ("capacity", "campaign"): _sends,
    ("capacity", "channel"): _channels,
    ("integration", "webhook"): _webhooks,
}
