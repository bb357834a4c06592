"""Forms of this room: signing in, one's own page, entering somebody, filtering the audit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import available_timezones

from allauth.account.forms import LoginForm
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from twain_web.roles import NAMES, Role
from twain_web.rooms.people import hours, naming
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

    def clean_preferred_form(self) -> str:
        """On one line, and not as somebody else."""
        return naming.own_form(self.instance, self.cleaned_data["preferred_form"])

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

    def clean_username(self) -> str:
        """A name that nobody has."""
        if Person.objects.filter(username=self.cleaned_data["username"]).exists():
            raise ValidationError(_("Somebody has this user name already."))
        return str(self.cleaned_data["username"])

    def clean_full_name(self) -> str:
        """On one line."""
        return naming.on_one_line(self.cleaned_data["full_name"])

    def clean_title(self) -> str:
        """On one line."""
        return naming.on_one_line(self.cleaned_data["title"])

    def clean_email(self) -> str:
        """An address that nobody has."""
        if Person.objects.filter(email__iexact=self.cleaned_data["email"]).exists():
            raise ValidationError(_("Somebody has this address already."))
        return str(self.cleaned_data["email"])


class Place(forms.Form):
    """What an administrator says of somebody who is there."""

    title = forms.CharField(max_length=120, required=False, label=_("Title"))
    team = forms.ModelChoiceField(Team.objects.all(), required=False, label=_("Team"), empty_label=_("None"))
    roles = forms.MultipleChoiceField(
        choices=_ROLES, required=False, label=_("Roles"), widget=forms.CheckboxSelectMultiple
    )


class AuditFilter(forms.Form):
    """Who, what, which thing, when."""

    person = forms.CharField(required=False, max_length=200, label=_("Person"))
    verb = forms.ChoiceField(required=False, label=_("What was done"))
    thing = forms.CharField(required=False, max_length=200, label=_("To which thing"))
    since = forms.DateField(required=False, label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, label=_("Until"), widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, verbs: Sequence[str], **words: Any) -> None:  # noqa: ANN401 — passed on
        super().__init__(*args, **words)
        self.fields["verb"].choices = [("", _("Anything")), *((verb, verb) for verb in verbs)]  # type: ignore[attr-defined]


class NewToken(forms.Form):
    """A token for a program of one's own."""

    name = forms.CharField(max_length=80, label=_("What will use it"))
    scopes = forms.MultipleChoiceField(label=_("What it may do"), widget=forms.CheckboxSelectMultiple)
    days = forms.IntegerField(min_value=1, max_value=366, initial=90, label=_("Days it lasts"))

    def __init__(self, *args: Any, scopes: Sequence[str], **words: Any) -> None:  # noqa: ANN401 — passed on
        super().__init__(*args, **words)
        self.fields["scopes"].choices = [(scope, scope) for scope in scopes]  # type: ignore[attr-defined]
