"""The room's forms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.core.validators import RegexValidator
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from twain.content.blocks import FONTS, Brand
from twain_web.rooms.content.models import BrandKit, Media

UTM = {
    "utm_source": _("Web analytics: where visitors come from (utm_source)"),
    "utm_medium": _("Web analytics: by which way (utm_medium)"),
    "utm_campaign": _("Web analytics: for which campaign (utm_campaign)"),
    "utm_content": _("Web analytics: which of its messages (utm_content)"),
}
"""What each web link tells the website's own statistics, and how it is called here."""
COLOURS = {
    "background": _("Around the message"), "surface": _("Behind the text"), "text": _("Text"), "muted": _("Small print"),
    "link": _("Links"), "button": _("Buttons"), "button_text": _("Text on buttons"),
}  # fmt: skip
_ONE_LINE = RegexValidator(r"\A[^\x00-\x1f\x7f-\x9f\u2028\u2029]*\Z", _("Write it on one line."))


def _dress(form: forms.BaseForm) -> None:
    """Give each input the look of the house."""
    for field in form.fields.values():
        widget = field.widget
        kind = "form-select" if isinstance(widget, forms.Select) else "form-control"
        if getattr(widget, "input_type", "") == "color":
            kind += " form-control-color"
        widget.attrs.setdefault("class", kind)


class ContentForm(forms.Form):
    """A new content."""

    name = forms.CharField(label=_("Name"), max_length=120, validators=[_ONE_LINE])
    feed = forms.ChoiceField(label=_("Whom it is written for"), help_text=_("The feed whose fields it may use."))
    brand = forms.ModelChoiceField(label=_("Brand kit"), queryset=BrandKit.objects.none(), empty_label=None)
    folder = forms.CharField(label=_("Folder"), max_length=80, required=False)

    def __init__(self, *args: Any, feeds: Iterable[tuple[str, str]], brands: QuerySet[BrandKit], **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self.fields["feed"].choices = list(feeds)  # type: ignore[attr-defined]
        self.fields["brand"].queryset = brands  # type: ignore[attr-defined]
        _dress(self)


class SettingsForm(forms.Form):
    """A content's name, place and link rules."""

    name = forms.CharField(label=_("Name"), max_length=120, validators=[_ONE_LINE])
    folder = forms.CharField(label=_("Folder"), max_length=80, required=False)
    brand = forms.ModelChoiceField(label=_("Brand kit"), queryset=BrandKit.objects.none(), empty_label=None)
    utm_source = forms.CharField(label=UTM["utm_source"], max_length=80, required=False)
    utm_medium = forms.CharField(label=UTM["utm_medium"], max_length=80, required=False)
    utm_campaign = forms.CharField(label=UTM["utm_campaign"], max_length=80, required=False)
    utm_content = forms.CharField(label=UTM["utm_content"], max_length=80, required=False)

    def __init__(self, *args: Any, brands: QuerySet[BrandKit], **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self.fields["brand"].queryset = brands  # type: ignore[attr-defined]
        _dress(self)

    def utm(self) -> dict[str, str]:
        """The link rules alone."""
        return {name: self.cleaned_data[name] for name in UTM}

    def described(self) -> dict[str, Any]:
        """Everything else."""
        return {name: self.cleaned_data[name] for name in ("name", "folder", "brand")}


class BrandForm(forms.ModelForm):
    """A brand kit: who writes, how it looks, how its links are marked."""

    class Meta:
        """What of the kit is entered as it is kept."""

        model = BrandKit
        fields: ClassVar = ["name", "sender_name", "sender_address", "reply_to", "postal_address", "logo"]
        labels: ClassVar = {
            "name": _("Name"), "sender_name": _("Sender's name"), "sender_address": _("Sender's address"),
            "reply_to": _("Answers go to"), "postal_address": _("Postal address"), "logo": _("Logo"),
        }  # fmt: skip
        help_texts: ClassVar = {"postal_address": _("It stands in every footer: the law wants it.")}

    font = forms.ChoiceField(label=_("Font"), choices=[(name, stack) for name, stack in FONTS.items()])
    utm_source = forms.CharField(label=UTM["utm_source"], max_length=80, required=False)
    utm_medium = forms.CharField(label=UTM["utm_medium"], max_length=80, required=False)
    utm_campaign = forms.CharField(
        label=UTM["utm_campaign"], max_length=80, required=False, help_text=_("{content} becomes the content's name.")
    )
    networks = forms.CharField(
        label=_("Networks"), required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One a line: Instagram https://instagram.com/…"),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        look = Brand()
        style = self.instance.style or {}
        for name, label in COLOURS.items():
            self.fields[f"colour_{name}"] = forms.CharField(
                label=label, initial=style.get(name, getattr(look, name)), widget=forms.TextInput(attrs={"type": "color"}),
                validators=[RegexValidator(r"\A#[0-9a-fA-F]{6}\Z", _("Choose a colour."))],
            )  # fmt: skip
        self.fields["font"].initial = style.get("font", look.font)
        self.fields["logo"].queryset = Media.objects.all()  # type: ignore[attr-defined]
        for name in ("name", "sender_name", "postal_address"):
            self.fields[name].validators.append(_ONE_LINE)
        for name in ("utm_source", "utm_medium", "utm_campaign"):
            self.fields[name].initial = (self.instance.utm or {}).get(name, "")
        self.fields["networks"].initial = "\n".join(f"{n['network']} {n['url']}" for n in self.instance.social or [])
        _dress(self)

    def clean_networks(self) -> list[dict[str, str]]:
        """Each line: a name and an https address."""
        made = []
        for line in str(self.cleaned_data["networks"]).splitlines():
            name, _space, url = line.strip().rpartition(" ")
            if not line.strip():
                continue
            if not name or not url.startswith("https://"):
                raise forms.ValidationError(_("Write each line as: a name, a space, an https address."))
            made.append({"network": name[:40], "url": url})
        return made

    def kept(self) -> BrandKit:
        """The brand kit with what was entered, not saved yet."""
        brand: BrandKit = self.save(commit=False)
        brand.style = {name: self.cleaned_data[f"colour_{name}"] for name in COLOURS} | {
            "font": self.cleaned_data["font"]
        }
        brand.utm = {name: self.cleaned_data[name] for name in UTM[:3] if self.cleaned_data[name]}
        brand.social = self.cleaned_data["networks"]
        return brand

    @property
    def colours(self) -> list[forms.BoundField]:
        """The colours' inputs."""
        return [self[f"colour_{name}"] for name in COLOURS]


class ProofPersonForm(forms.Form):
    """Somebody for the proof list."""

    name = forms.CharField(label=_("Name"), max_length=120, validators=[_ONE_LINE])
    address = forms.EmailField(label=_("Address"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        _dress(self)
