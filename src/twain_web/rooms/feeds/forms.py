"""Forms of this room: one field's decision, who answers for a feed, a changed contract."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from twain.feeds.document import MAX_SIZE
from twain_web import engine
from twain_web.rooms.feeds import words

_LONGEST = 2000


class DecisionForm(forms.Form):
    """What IT decides about one field."""

    business_name = forms.CharField(label=_("What does the business call it?"), max_length=120)
    description = forms.CharField(
        label=_("What does it mean?"), required=False, max_length=_LONGEST, widget=forms.Textarea(attrs={"rows": 3})
    )
    synonyms = forms.CharField(
        label=_("Other words for it"), required=False, max_length=500, help_text=_("Separated by commas.")
    )
    classification = forms.ChoiceField(
        label=_("How private is it?"), choices=[(str(p), w) for p, w in words.PRIVACY.items()]
    )
    role = forms.ChoiceField(
        label=_("Its part in a message"),
        required=False,
        choices=[("", _("None")), *((str(r), w) for r, w in words.ROLES.items())],
    )
    rights = forms.MultipleChoiceField(
        label=_("Marketing may"),
        required=False,
        choices=[(str(r), w) for r, w in words.RIGHTS.items()],
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )

    def clean_synonyms(self) -> list[str]:
        """Words, each once."""
        said = (" ".join(word.split()) for word in self.cleaned_data["synonyms"].split(","))
        return list(dict.fromkeys(word for word in said if word))


class OwnerForm(forms.Form):
    """Who answers for a feed: a person, by full name and title."""

    name = forms.CharField(label=_("Full name"), max_length=120)
    title = forms.CharField(label=_("Title"), max_length=120)
    email = forms.EmailField(label=_("E-mail address"), required=False)


class ChangeForm(forms.Form):
    """A changed contract: pasted, or uploaded."""

    text = forms.CharField(
        label=_("The changed contract"),
        required=False,
        max_length=MAX_SIZE,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 16, "class": "font-monospace", "spellcheck": "false"}),
    )
    file = forms.FileField(
        label=_("Or its file"), required=False, widget=forms.FileInput(attrs={"accept": ".yaml,.yml"})
    )
    replaces = forms.ChoiceField(
        label=_("In the place of"), required=False, help_text=_("Only needed when the feed itself has a new name.")
    )

    def __init__(self, *args: Any, **named: Any) -> None:  # noqa: ANN401 — Django's own signature
        super().__init__(*args, **named)
        feeds = engine.workspace().feeds.values()
        named_feeds = sorted((feed.name, f"{feed.title} ({feed.name})") for feed in feeds)
        self.fields["replaces"].choices = [("", _("The feed that it names")), *named_feeds]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """The text, from wherever it came."""
        cleaned: dict[str, Any] = super().clean() or {}
        file = cleaned.get("file")
        if file:
            if file.size > MAX_SIZE:
                raise forms.ValidationError(_("The file is too large to be a contract."))
            try:
                cleaned["text"] = file.read().decode("utf-8")
            except UnicodeDecodeError as error:
                raise forms.ValidationError(_("The file is not UTF-8 text.")) from error
        if not cleaned.get("text", "").strip():
            raise forms.ValidationError(_("Paste the changed contract, or choose its file."))
        return cleaned
