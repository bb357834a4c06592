"""For programs: JSON as it is queued, signed after the Standard Webhooks specification."""

from django.utils.translation import gettext_lazy as _

from twain_web.rooms.integrations.shapes import STANDARD, Shape

SHAPE = Shape(
    STANDARD, _("Another system"), _("https, on the public internet; or a host that IT allows under [webhooks].")
)  # type: ignore[arg-type]
