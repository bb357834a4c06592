"""What is asked on screen in this room."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from twain_web.rooms.partnership.models import Side
from twain_web.rooms.partnership.scoring import BEST, ROWS
from twain_web.rooms.partnership.sides import lead_of, members

_ABOUT = [
    ("excellent", _("Excellent")), ("above", _("Above average")), ("below", _("Below average")), ("poor", _("Poor")),
]  # fmt: skip
_MOMENT = "%Y-%m-%dT%H:%M"


def _day() -> forms.DateInput:
    """A day's field. Browsers take no other form of it, whatever the language of the page."""
    return forms.DateInput({"type": "date"}, format="%Y-%m-%d")


class PersonField(forms.ChoiceField):
    """Somebody of a side, by name and title; clean gives the Person."""

    def offer(self, people: list[Any]) -> None:
        """Whom to choose from."""
        self.people = {one.username: one for one in people}
        self.choices = [(one.username, str(one)) for one in people]

    def clean(self, value: Any) -> Any:  # noqa: ANN401 — Django's signature
        """The person of that user name."""
        return self.people[super().clean(value)]


class ThanksForm(forms.Form):
    """The empty sentence; and to whom, where no offer says it."""

    to = PersonField(label=_("To whom?"))
    words = forms.CharField(
        label=_("Your words"), max_length=600, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One sentence is enough: what did it change for you?"),
    )  # fmt: skip

    def __init__(self, *args: Any, side: Side | None, **kwargs: Any) -> None:  # noqa: ANN401 — Django's signature
        super().__init__(*args, **kwargs)
        if side is None:
            del self.fields["to"]
        else:
            self.fields["to"].offer(members(side))  # type: ignore[attr-defined]


class ForwardForm(forms.Form):
    """To whom of one's own team; the lead is proposed."""

    to = PersonField(label=_("Pass it on to"))

    def __init__(self, *args: Any, side: Side, receiver: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        people = [one for one in members(side) if one.pk != receiver.pk]
        self.fields["to"].offer(people)  # type: ignore[attr-defined]
        lead = lead_of(side)
        if lead in people:
            self.initial.setdefault("to", lead.username)


class CheckForm(forms.Form):
    """When, and who of each team."""

    begins_at = forms.DateTimeField(
        label=_("When?"), input_formats=[_MOMENT],
        widget=forms.DateTimeInput(format=_MOMENT, attrs={"type": "datetime-local"}),
    )  # fmt: skip
    marketing = PersonField(label=_("Who of Marketing?"))
    it = PersonField(label=_("Who of IT?"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        for side in Side:
            self.fields[side.value].offer(members(side))  # type: ignore[attr-defined]
            if (lead := lead_of(side)) is not None:
                self.initial.setdefault(side.value, lead.username)


class WhenForm(forms.Form):
    """Another time."""

    begins_at = forms.DateTimeField(
        label=_("Move to"), input_formats=[_MOMENT],
        widget=forms.DateTimeInput(format=_MOMENT, attrs={"type": "datetime-local"}),
    )  # fmt: skip


class HeldForm(forms.Form):
    """Short notes, and what is carried along."""

    held_on = forms.DateField(label=_("Held on"), widget=_day())
    settled = forms.MultipleChoiceField(label=_("Done since"), required=False, widget=forms.CheckboxSelectMultiple)
    notes = forms.CharField(
        label=_("Short notes"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 4})
    )
    items = forms.CharField(
        label=_("To carry into the next one"), required=False, max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}), help_text=_("One a line."),
    )  # fmt: skip
    talked_on = forms.DateField(
        label=_("When did you last talk and nobody needed anything?"), required=False,
        widget=_day(), help_text=_("If you remember. Nobody counts."),
    )  # fmt: skip

    def __init__(self, *args: Any, open_items: list[Any], **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        if open_items:
            self.fields["settled"].choices = [(str(one.pk), one.text) for one in open_items]  # type: ignore[attr-defined]
        else:
            del self.fields["settled"]


class SurveyForm(forms.Form):
    """Two questions."""

    option = forms.ChoiceField(choices=_ABOUT, widget=forms.RadioSelect)
    change = forms.CharField(
        label=_("What should we change?"), required=False, max_length=600, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Shown without a name, beside others and in no order. Write nothing that only you can know."),
    )  # fmt: skip

    def __init__(self, *args: Any, about: Side, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self.fields["option"].label = _("How is it to work with %s?") % about.label


class VendorForm(forms.Form):
    """Which vendor, what for, and who scores."""

    name = forms.CharField(label=_("Vendor or tool"), max_length=120)
    purpose = forms.CharField(
        label=_("What is it for, and which data would it see?"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    marketing = forms.MultipleChoiceField(label=_("Who scores for Marketing?"), widget=forms.CheckboxSelectMultiple)
    it = forms.MultipleChoiceField(label=_("Who scores for IT?"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self.people: dict[str, Any] = {}
        for side in Side:
            found = members(side)
            self.people |= {one.username: one for one in found}
            self.fields[side.value].choices = [(one.username, str(one)) for one in found]  # type: ignore[attr-defined]

    def scorers(self) -> list[Any]:
        """Whom they chose, of both teams."""
        return [self.people[name] for side in Side for name in self.cleaned_data[side.value]]


class InsteadForm(forms.Form):
    """Who scores in somebody's place: of the same side, and not scoring yet."""

    to = PersonField(label=_("Who scores instead?"))

    def __init__(self, *args: Any, scorer: Any, taken: set[int], **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, auto_id=f"instead-{scorer.pk}-%s", **kwargs)
        self.fields["to"].offer([one for one in members(Side(scorer.side)) if one.pk not in taken])  # type: ignore[attr-defined]


class GateForm(forms.Form):
    """Passed or not, and by what one can see it."""

    passed = forms.TypedChoiceField(
        choices=[("yes", _("Passed")), ("no", _("Not passed"))], coerce=lambda v: v == "yes"
    )
    evidence = forms.CharField(max_length=500)


class ScoreForm(forms.Form):
    """Every row of the round, 0 to 4."""

    def __init__(self, *args: Any, rows: tuple[str, ...], **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        for row in rows:
            self.fields[row] = forms.TypedChoiceField(
                label=ROWS[row],
                choices=[(str(n), str(n)) for n in range(BEST + 1)],
                coerce=int,
                widget=forms.RadioSelect(attrs={"class": "btn-check"}),
            )


class DecisionForm(forms.Form):
    """Yes or no, and why."""

    taken = forms.TypedChoiceField(
        label=_("The decision"), choices=[("yes", _("We take it")), ("no", _("We do not take it"))],
        coerce=lambda value: value == "yes", widget=forms.RadioSelect,
    )  # fmt: skip
    reasons = forms.CharField(label=_("Why"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))
