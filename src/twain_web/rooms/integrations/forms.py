"""Forms of this room."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from twain_web.rooms.integrations.event_types import OFFERED, by_group
from twain_web.rooms.integrations.shapes import Shape


class EndpointForm(forms.Form):
    """An endpoint: where to, what about, signed with which secret. A chat's address is its secret, and may lie outside."""

    name = forms.CharField(
        max_length=80, label=_("Name"), help_text=_("The system it leads to, like “Data warehouse”.")
    )
    url = forms.CharField(
        max_length=500,
        label=_("Address"),
        help_text=_("https, on the public internet; or a host that IT allows under [webhooks] in twain.toml."),
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
    )
    secret_ref = forms.CharField(
        max_length=200,
        required=False,
        label=_("Where your own secret is (optional)"),
        help_text=_("env:NAME or file:path. Left empty, a secret is made and shown to you once."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    types = forms.MultipleChoiceField(
        label=_("Events"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one.")},
    )

    def __init__(self, *args: Any, form: Shape, **words: Any) -> None:  # noqa: ANN401 — passed on
        super().__init__(*args, **words)
        self.form = form
        self.fields["types"].choices = [(name, name) for name in form.types]  # type: ignore[attr-defined]
        if form.is_chat:
            self._as_of_a_chat(form)

    def _as_of_a_chat(self, form: Shape) -> None:
        """Its address, or where that lies: it is typed in once and never shown again."""
        self.fields["url"].required = False
        self.fields["url"].help_text = f"{form.where} {_('It is sealed, and not shown again.')}"
        self.fields["secret_ref"].label = _("Or where that address lies (optional)")
        self.fields["secret_ref"].help_text = _(
            "env:NAME or file:path, where IT keeps it. Then leave the address empty."
        )

    def groups(self) -> list[tuple[str, list[dict[str, Any]]]]:
        """The types under their headings, each with what it means and whether it is ticked."""
        ticked = set(self["types"].value() or ())
        return [
            (group, [{"name": t.name, "meaning": t.meaning, "ticked": t.name in ticked} for t in types])
            for group, types in by_group(one for one in OFFERED if one.name in self.form.types).items()
        ]


class SpanForm(forms.Form):
    """From when until when, in the reader's own time."""

    since = forms.DateTimeField(label=_("From"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    until = forms.DateTimeField(label=_("Until"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))

    def clean(self) -> dict[str, Any]:
        """The one before the other."""
        told = super().clean() or self.cleaned_data
        if told.get("since") and told.get("until") and told["since"] >= told["until"]:
            raise ValidationError(_("The first moment must be before the second."))
        return told


class ProviderForm(forms.Form):
    """A provider that shall tell us what becomes of mail."""

    kind = forms.ChoiceField(label=_("Provider"))
    signing_ref = forms.CharField(
        max_length=200,
        required=False,
        label=_("Where its signing key is"),
        help_text=_(
            "env:NAME or file:path. Mailgun needs it; SendGrid has one if you switch signed events on; others have none."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, kinds: list[tuple[str, str]], **words: Any) -> None:  # noqa: ANN401 — passed on
        super().__init__(*args, **words)
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]
