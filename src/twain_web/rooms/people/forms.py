"""Forms of this room: signing in, one's own page, entering somebody, filtering the audit."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from allauth.account.forms import LoginForm
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from twain_web.roles import NAMES, Role
from twain_web.rooms.people import hours
from twain_web.rooms.people.models import Person, Team

_ROLES = [(role.value, NAMES[role]) for role in Role]
_THEMES = [("auto", _("As the device")), ("light", _("Light")), ("dark", _("Dark"))]


class SignIn(LoginForm):  # type: ignore[misc]  # allauth brings no types
    """allauth's own form in our words: labels that stay, no placeholders that vanish."""

    def __init__(self, *args: Any, **words: Any) -> None:  # noqa: ANN401 — passed on
        super().__init__(*args, **words)
        self.fields["login"].label = _("Username or email")
        self.fields["login"].widget.attrs |= {"autofocus": True, "autocomplete": "username"}
        self.fields["password"].help_text = ""
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class Profile(forms.ModelForm):  # type: ignore[type-arg]
    """What people say about themselves. Name and title are the administrator's: both teams rely on them."""

    class Meta:
        """What Django wants to know."""

        model = Person
        fields = ("preferred_form", "theme", "time_zone", "working_hours", "delegate")
        labels = {  # noqa: RUF012 — Django's own form of it
            "preferred_form": _("How you want to be named"),
            "theme": _("Light or dark"),
            "time_zone": _("Time zone"),
            "working_hours": _("Working hours"),
            "delegate": _("Who answers when you are away"),
        }
        help_texts = {  # noqa: RUF012
            "preferred_form": _("Left empty, you are named in full with your title."),
            "working_hours": _("Written like Mon-Fri 09:00-17:00."),
        }
        widgets = {"theme": forms.Select(choices=_THEMES)}  # noqa: RUF012

    def __init__(self, *args: Any, **words: Any) -> None:  # noqa: ANN401 — passed on
        super().__init__(*args, **words)
        zones = [(name, name.replace("_", " ")) for name in sorted(available_timezones())]
        self.fields["time_zone"].widget = forms.Select(choices=zones)
        others = Person.objects.filter(is_active=True).exclude(pk=self.instance.pk)
        self.fields["delegate"] = forms.ModelChoiceField(
            others, required=False, label=self.fields["delegate"].label, empty_label=_("Nobody")
        )

    def clean_time_zone(self) -> str:
        """A zone of the IANA database."""
        if self.cleaned_data["time_zone"] not in available_timezones():
            raise ValidationError(_("This is not a time zone."))
        return str(self.cleaned_data["time_zone"])

    def clean_theme(self) -> str:
        """One of three."""
        if self.cleaned_data["theme"] not in dict(_THEMES):
            raise ValidationError(_("Choose light, dark or as the device."))
        return str(self.cleaned_data["theme"])

    def clean_working_hours(self) -> str:
        """Days and times that forecasts can count with."""
        try:
            return str(hours.parse(self.cleaned_data["working_hours"]))
        except ValueError as error:
            raise ValidationError(str(error)) from error


class Enter(forms.Form):
    """Somebody new: by administrators."""

    full_name = forms.CharField(max_length=120, label=_("Full name"))
    title = forms.CharField(max_length=120, label=_("Title"), help_text=_("The real one, as on the door."))
    username = forms.SlugField(max_length=60, label=_("Username"), help_text=_("Letters, digits, - and _; it stays."))
    email = forms.EmailField(label=_("E-mail address"))
    team = forms.ModelChoiceField(Team.objects.all(), required=False, label=_("Team"), empty_label=_("None"))
    roles = forms.MultipleChoiceField(choices=_ROLES, label=_("Roles"), widget=forms.CheckboxSelectMultiple)


class Roles(forms.Form):
    """The roles of somebody who is there."""

    roles = forms.MultipleChoiceField(
        choices=_ROLES, required=False, label=_("Roles"), widget=forms.CheckboxSelectMultiple
    )
    team = forms.ModelChoiceField(Team.objects.all(), required=False, label=_("Team"), empty_label=_("None"))
    title = forms.CharField(max_length=120, required=False, label=_("Title"))


class AuditFilter(forms.Form):
    """Who, what, which thing, when."""

    person = forms.CharField(required=False, max_length=200, label=_("Person"))
    verb = forms.CharField(required=False, max_length=64, label=_("What was done"))
    thing = forms.CharField(required=False, max_length=200, label=_("To which thing"))
    since = forms.DateField(required=False, label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, label=_("Until"), widget=forms.DateInput(attrs={"type": "date"}))
