"""What may be done in this room, and by whom."""

from twain_web.access import permission
from twain_web.roles import EVERYBODY, IT, Role

READ_CATALOGUE = permission("feeds.read_catalogue", roles=EVERYBODY)
REVIEW_FIELDS = permission("feeds.review_fields", roles=IT)
SYNC_WORKSPACE = permission("feeds.sync_workspace", roles=IT | {Role.ADMINISTRATOR})
