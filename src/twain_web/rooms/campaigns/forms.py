"""What is asked on screen, and what may be answered."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms import formset_factory
from django.utils.translation import gettext_lazy as _

from twain.errors import TwainError
from twain.snapshot.address import canonical
from twain_web import engine
from twain_web.rooms.audiences.public import titles
from twain_web.rooms.campaigns.plans import LONGEST_HOURS, Plan, PlannedArm
from twain_web.rooms.campaigns.successes import amounts, events
from twain_web.rooms.content.public import contents

MOST_ARMS = 8
_PRINTABLE = _("This may not contain control characters.")


class OneLine(forms.CharField):
    """Text on one line: nothing in it can begin another header or another line of a log."""

    def clean(self, value: Any) -> str:  # noqa: ANN401 — Django's signature
        """Refuse whatever is not printable."""
        text: str = super().clean(value)
        if not text.isprintable():
            raise forms.ValidationError(_PRINTABLE)
        return text


def _dress(form: forms.Form) -> None:
    """Give every input the look of the house."""
    for field in form.fields.values():
        if not isinstance(field.widget, forms.RadioSelect | forms.CheckboxInput | forms.HiddenInput):
            field.widget.attrs["class"] = "form-select" if isinstance(field.widget, forms.Select) else "form-control"


class NewCampaignForm(forms.Form):
    """A campaign begins with a name; who and what may come later."""

    name = OneLine(label=_("Name"), max_length=120)
    topic = OneLine(label=_("Topic"), max_length=80, required=False)


class ArmForm(forms.Form):
    """One variant."""

    name = forms.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9_\- ]{0,29}$", label=_("Variant"), initial="main",
        error_messages={"invalid": _("Letters, digits, blanks, - and _ only.")},
    )  # fmt: skip
    content = forms.ChoiceField(label=_("Content"), required=False)
    version = forms.IntegerField(label=_("Version"), required=False, min_value=1)
    share = forms.DecimalField(
        label=_("Share in %"), min_value=1, max_value=100, decimal_places=2, max_digits=5, initial=100
    )
    subject = OneLine(label=_("Another subject"), max_length=300, required=False)

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 — Django's signature
        super().__init__(*arguments, **options)
        self.fields["content"].choices = [("", _("Choose the content"))] + [  # type: ignore[attr-defined]
            (card.slug, card.name if card.version else _("%s (never saved: it cannot be sent yet)") % card.name)
            for card in _contents()
        ]
        _dress(self)


ArmFormSet = formset_factory(ArmForm, extra=0, min_num=1, validate_min=True, max_num=MOST_ARMS, validate_max=True)


class PlanForm(forms.Form):
    """The plan but for its variants."""

    based_on = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    audience = forms.ChoiceField(label=_("Audience"), required=False)
    channel = forms.ChoiceField(label=_("Channel"), required=False)
    when = forms.ChoiceField(
        label=_("When"), widget=forms.RadioSelect,
        choices=[("now", _("As soon as it is launched")), ("at", _("At a time")),
                 ("local", _("At a local time, wherever each person is"))],
    )  # fmt: skip
    at = forms.DateTimeField(
        label=_("Day and time"), required=False, input_formats=["%Y-%m-%dT%H:%M"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )  # fmt: skip
    local_date = forms.DateField(
        label=_("Day"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    local_time = forms.TimeField(
        label=_("Local time"), required=False, input_formats=["%H:%M"],
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )  # fmt: skip
    expires_hours = forms.IntegerField(
        label=_("Not later than this many hours after its time"), min_value=1, max_value=LONGEST_HOURS
    )
    sender_name = OneLine(label=_("Sender's name"), max_length=120, required=False)
    sender_address = OneLine(label=_("Sender's address"), max_length=254, required=False)
    reply_to = OneLine(label=_("Answers go to"), max_length=254, required=False)
    ceiling = forms.IntegerField(label=_("Hold it when there are more people than"), min_value=1, required=False)
    holdout = forms.DecimalField(
        label=_("Percent of people who get nothing, for comparison"), min_value=0, max_value=50, decimal_places=2,
        max_digits=4, required=False,
    )  # fmt: skip
    crash_policy = forms.ChoiceField(
        label=_("If something breaks in the middle"), widget=forms.RadioSelect,
        choices=[("never_twice", _("Never send twice: somebody may be missed, and you are told who")),
                 ("never_miss", _("Never miss: somebody may get it twice"))],
    )  # fmt: skip
    track_links = forms.BooleanField(label=_("Count clicks on links"), required=False)
    success = forms.ChoiceField(label=_("What counts as a success"), required=False)
    success_days = forms.IntegerField(label=_("Within so many days"), min_value=1, max_value=365, required=False)
    success_of = forms.ChoiceField(
        label=_("Counted from"), choices=[("clicked", _("a click in the message")), ("sent", _("the send"))], required=False
    )  # fmt: skip
    success_value = forms.ChoiceField(label=_("What is added up"), required=False)

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*arguments, **options)
        self.fields["audience"].choices = [("", _("Choose the audience"))] + [  # type: ignore[attr-defined]
            (one.slug, one.name) for one in titles()
        ]
        channels = sorted(engine.workspace().settings.channels)
        self.fields["channel"].choices = [("", _("Choose the channel")), *((c, c) for c in channels)]  # type: ignore[attr-defined]
        self.fields["success"].choices = [("", _("Nothing is counted")), *events()]  # type: ignore[attr-defined]
        self.fields["success_value"].choices = [("", _("Nothing, only how many")), *amounts()]  # type: ignore[attr-defined]
        _dress(self)

    def clean_sender_address(self) -> str:
        """An address that the flow can send from."""
        return _address(self.cleaned_data["sender_address"])

    def clean_reply_to(self) -> str:
        """An address that answers can go to."""
        return _address(self.cleaned_data["reply_to"])


class NoteForm(forms.Form):
    """A word that goes with a question or an answer."""

    bundle = forms.RegexField(r"^[0-9a-f]{64}$")
    note = OneLine(max_length=500, required=False)


class LaunchForm(forms.Form):
    """Which bundle was seen, and the form it is launched with."""

    bundle = forms.RegexField(r"^[0-9a-f]{64}$")
    token = forms.RegexField(r"^[0-9a-f]{32}$")


def plan_from(form: PlanForm, arms: Any) -> Plan:  # noqa: ANN401 — a formset
    """The plan that two valid forms say."""
    said = form.cleaned_data
    return Plan(
        audience=said["audience"],
        arms=tuple(_arm(one.cleaned_data) for one in arms),
        channel=said["channel"],
        sender_address=said["sender_address"],
        sender_name=said["sender_name"],
        reply_to=said["reply_to"],
        holdout=float(said["holdout"] or 0) / 100,
        ceiling=said["ceiling"],
        crash_policy=said["crash_policy"],
        track_links=said["track_links"],
        when=said["when"],
        at=f"{said['at']:%Y-%m-%dT%H:%M}" if said["when"] == "at" and said["at"] else "",
        local_date=f"{said['local_date']:%Y-%m-%d}" if said["when"] == "local" and said["local_date"] else "",
        local_time=f"{said['local_time']:%H:%M}" if said["when"] == "local" and said["local_time"] else "",
        expires_hours=said["expires_hours"],
        **_success(said),
    )


def _success(said: dict[str, Any]) -> dict[str, Any]:
    """What counts; without it the rest of the row says nothing, and no version is made by it."""
    usual = Plan()
    if not said["success"]:
        return {}
    return {
        "success": said["success"],
        "success_days": said["success_days"] or usual.success_days,
        "success_of": said["success_of"] or usual.success_of,
        "success_value": said["success_value"],
    }


def initial_of(plan: Plan, version: int) -> dict[str, Any]:
    """What the plan's form shows."""
    return {
        **{key: getattr(plan, key) for key in ("audience", "channel", "when", "sender_name", "sender_address", "reply_to",
                                               "ceiling", "crash_policy", "track_links", "expires_hours", "success",
                                               "success_days", "success_of", "success_value")},
        "at": plan.at or None, "local_date": plan.local_date or None, "local_time": plan.local_time or None,
        "holdout": round(plan.holdout * 100, 2) or None, "based_on": version,
    }  # fmt: skip


def initial_arms(plan: Plan) -> list[dict[str, Any]]:
    """What the variants' forms show; one when there is none yet."""
    return [
        {
            "name": a.name,
            "content": a.content,
            "version": a.version,
            "share": round(a.share * 100, 2),
            "subject": a.subject,
        }
        for a in plan.arms or (PlannedArm(),)
    ]


def _arm(said: dict[str, Any]) -> PlannedArm:
    share = round(float(said["share"]) / 100, 4)
    return PlannedArm(said["name"], said["content"], said["version"], share, said["subject"])


def _address(text: str) -> str:
    if text and isinstance(canonical(text), str):
        raise forms.ValidationError(_("This is not an e-mail address."))
    return text


def _contents() -> list[Any]:
    try:
        return list(contents())
    except TwainError:
        return []
