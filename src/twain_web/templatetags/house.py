"""Tags and filters of every page: icons, numbers, people, times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django import template
from django.forms import BoundField
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext

from twain_web.access import may

register = template.Library()


@register.simple_tag
def icon(name: str, size: int = 20) -> SafeString:
    """An icon of the sprite. Decorative: the text beside it says what it means."""
    return format_html(
        '<svg class="icon" width="{}" height="{}" aria-hidden="true" focusable="false"><use href="{}#tabler-{}"></use></svg>',
        size, size, static("vendor/icons/icons.svg"), name,
    )  # fmt: skip


@register.filter
def people(number: object) -> str:
    """A number of people with thin spaces between the thousands: 83 641."""
    return f"{int(str(number)):,}".replace(",", "\u202f") if str(number).lstrip("-").isdigit() else str(number)


@register.filter
def percent(share: object, digits: int = 1) -> str:
    """A share as a percentage; a dash where there is nothing to divide."""
    return "–" if share is None else f"{float(str(share)) * 100:.{digits}f} %"


@register.filter
def duration(seconds: object) -> str:
    """Seconds as people say them: 40 s, 12 min, 1 h 05 min."""
    total = round(float(str(seconds)))
    if total < 90:
        return f"{total} s"
    minutes = round(total / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


@register.filter
def moment(seconds: object) -> datetime | None:
    """Epoch seconds (or a datetime) as a local datetime."""
    if not seconds:
        return None
    when = seconds if isinstance(seconds, datetime) else datetime.fromtimestamp(float(str(seconds)), UTC)
    return timezone.localtime(when)


@register.filter
def since(when: object) -> str:
    """How long ago that was: 3 days, 2 hours; what just happened is not told in zeros."""
    moment_of = moment(when)
    if moment_of is None:
        return ""
    young = timezone.now() - moment_of < timedelta(minutes=1)
    return gettext("less than a minute") if young else timesince(moment_of)


@register.filter
def person(who: object) -> str:
    """Somebody by full name and title, never by a user name alone."""
    name, title = getattr(who, "full_name", None) or getattr(who, "name", None), getattr(who, "title", "")
    return (f"{name}, {title}" if title else str(name)) if name else str(who or "")


@register.filter
def control(field: BoundField) -> SafeString:
    """A form's field with Tabler's class for its kind; marked when it has errors."""
    kind = getattr(field.field.widget, "input_type", "textarea")
    style = {"checkbox": "form-check-input", "radio": "form-check-input", "select": "form-select"}.get(
        kind, "form-control"
    )
    given = field.field.widget.attrs.get("class", "")
    return field.as_widget(attrs={"class": f"{style} {given}{' is-invalid' if field.errors else ''}".strip()})


@register.simple_tag(takes_context=True)
def allowed(context: template.Context, permission: str, thing: object = None) -> bool:
    """Whether the reader may do it: pages show only what works."""
    return may(context["request"].user, permission, thing)
