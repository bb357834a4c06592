"""Letters of this room go out by themselves and are tried again. What they say is in ``wording``."""

from __future__ import annotations

from django.utils import translation

from twain_web.kept import letters_due, post
from twain_web.reconcile import reconciler
from twain_web.rooms.partnership import wording
from twain_web.rooms.partnership.models import Letter


def due() -> list[str]:
    """Letters that are to be sent now."""
    return letters_due(Letter)


@reconciler("partnership.letters", every=2.0, due=due, hands=1)
def send(key: str) -> None:
    """Send one letter; one that cannot be is tried again, later and later, and given up after twelve times."""
    found = Letter.objects.select_related("person", "thanks__by", "thanks__to", "check_of__marketing", "check_of__it")
    one = found.select_related("review__by").filter(pk=int(key)).first()
    if one is None or one.send_at is None:
        return
    with translation.override(None):
        mail = wording.mail_of(one)
    post(one, mail, f"{one.kind} for {one.person}")
