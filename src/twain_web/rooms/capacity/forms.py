"""What people type in this room."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from twain_web import engine
from twain_web.rooms.capacity.known import campaign_names

_WHEN = {"type": "datetime-local", "class": "form-control"}
_TEXT = {"class": "form-control"}


class WhenForm(forms.Form):
    """A new time."""

    begins_at = forms.DateTimeField(label=_("When"), widget=forms.DateTimeInput(_WHEN, format="%Y-%m-%dT%H:%M"))


class PlanForm(forms.Form):
    """A new plan: five things, and a purpose if there is one to tell."""

    title = forms.CharField(label=_("What is planned"), max_length=120, widget=forms.TextInput(_TEXT))
    purpose = forms.CharField(
        label=_("What for"), max_length=300, required=False, widget=forms.TextInput(_TEXT),
        help_text=_("IT answers better when it knows what it is for."),
    )  # fmt: skip
    begins_at = forms.DateTimeField(label=_("When"), widget=forms.DateTimeInput(_WHEN, format="%Y-%m-%dT%H:%M"))
    people = forms.IntegerField(
        label=_("To how many people, about"), min_value=1, max_value=2_000_000_000,
        widget=forms.NumberInput({"class": "form-control"}),
    )  # fmt: skip
    channel = forms.ChoiceField(label=_("How it goes out"), widget=forms.Select({"class": "form-select"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 — a form's own arguments
        super().__init__(*args, **kwargs)
        names = sorted(engine.workspace().settings.channels)
        self.fields["channel"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]

    def clean_begins_at(self) -> Any:  # noqa: ANN401 — a moment
        """Plans lie ahead."""
        when = self.cleaned_data["begins_at"]
        if when <= timezone.now():
            raise forms.ValidationError(_("That has passed."))
        return when


class WayForm(forms.Form):
    """IT's simpler way."""

    text = forms.CharField(label=_("What would be simpler"), max_length=500, widget=forms.TextInput(_TEXT))
    way_begins_at = forms.DateTimeField(
        label=_("At another time"), required=False, widget=forms.DateTimeInput(_WHEN, format="%Y-%m-%dT%H:%M")
    )
    way_people = forms.IntegerField(
        label=_("To so many people"), required=False, min_value=1, max_value=2_000_000_000,
        widget=forms.NumberInput({"class": "form-control"}),
    )  # fmt: skip


class LearnedForm(forms.Form):
    """One sentence when it is over."""

    learned = forms.CharField(label=_("What did we learn?"), max_length=500, widget=forms.TextInput(_TEXT))


class LinkForm(forms.Form):
    """Which campaign a plan has become."""

    campaign = forms.ChoiceField(
        label=_("Its campaign"), widget=forms.Select({"class": "form-select"}),
        help_text=_("The room that this plan has booked becomes that campaign's."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 — a form's own arguments
        super().__init__(*args, **kwargs)
        self.fields["campaign"].choices = [("", _("Choose the campaign")), *campaign_names().items()]  # type: ignore[attr-defined]
