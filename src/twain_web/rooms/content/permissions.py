"""What may be done in this room, and by whom."""

from twain_web.access import permission
from twain_web.roles import BOTH_TEAMS, EVERYBODY, MARKETING

READ_CONTENT = permission("content.read_content", roles=EVERYBODY)
EDIT_CONTENT = permission("content.edit_content", roles=MARKETING)
COMMENT_CONTENT = permission("content.comment_content", roles=BOTH_TEAMS)
PREVIEW_CONTENT = permission("content.preview_content", roles=BOTH_TEAMS)
TEST_CONTENT = permission("content.send_test", roles=MARKETING)
EDIT_MEDIA = permission("content.edit_media", roles=MARKETING)
