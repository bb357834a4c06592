"""A request for a vendor review goes on here: to its review once there is one, else to beginning it; decided, it closes."""

from __future__ import annotations

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from twain_web.rooms.desk.public import ELSEWHERE, REVIEWS, AskedThere, Elsewhere, Observation, missing, there
from twain_web.rooms.partnership.models import VendorReview
from twain_web.rooms.partnership.reads import vendors
from twain_web.rooms.partnership.scoring import differing

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


def _review_stands(asked: AskedThere, vendor: str) -> Observation | None:
    """Seen once it is decided and no round is open: a failed gate ends it before, what differs asks for the second round."""
    review = _begun_for(asked, vendor)
    if review is None:
        return None
    technical = f"vendor:{review.pk}, {review.state}, {vendors.rounds_done(review)} of 2"
    if review.state != VendorReview.State.DECIDED:
        return missing(_("The review of %(name)s: %(state)s.") % _named(review), technical)
    if _is_short(review):
        words = _("The review of %(name)s was decided, but what both teams see differently was not scored again.")
        return missing(words % _named(review), technical)
    said = _("%(name)s: both teams have looked, and it was decided to take it.")
    refused = _("%(name)s: both teams have looked, and it was decided against it.")
    return there((said if review.taken else refused) % _named(review), technical)


def _begun_for(asked: AskedThere, vendor: str) -> VendorReview | None:
    """The one that was begun from the request; else one of that name that was begun since, from no other request."""
    found = VendorReview.objects.filter(request=asked.slug).first()
    if found is not None or not vendor or asked.asked_at is None:
        return found
    return VendorReview.objects.filter(request="", name__iexact=vendor, asked_at__gte=asked.asked_at).first()


def _is_short(review: VendorReview) -> bool:
    """Whether a round is missing that its gates and scores asked for."""
    if review.gates.filter(passed=False).exists():
        return False
    wanted = 2 if differing(vendors.rows_in(review, 1)) else 1
    return vendors.rounds_done(review) < wanted


def _named(review: VendorReview) -> dict[str, object]:
    return {"name": review.name, "state": review.get_state_display()}


ELSEWHERE.append(_vendor_review)
REVIEWS.append(_review_stands)
