"""A request for a vendor review goes on here: to its review once there is one, else to beginning it."""

from __future__ import annotations

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from twain_web.rooms.desk.public import ELSEWHERE, Elsewhere
from twain_web.rooms.partnership.models import VendorReview

#: The type of request that leads here; a file of IT's, ``requests/vendor-review.toml``.
REQUEST_KIND = "vendor-review"


def _vendor_review(kind: str, slug: str) -> Elsewhere | None:
    if kind != REQUEST_KIND:
        return None
    review = VendorReview.objects.filter(request=slug).first()
    if review is not None:
        return Elsewhere(_("Open the review of %s") % review.name, review.url)
    return Elsewhere(
        _("Begin the review with both teams"), f"{reverse('partnership:begin')}?{urlencode({'request': slug})}"
    )


ELSEWHERE.append(_vendor_review)
