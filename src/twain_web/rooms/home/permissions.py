"""What may be done in this room, and by whom."""

from twain_web.access import permission
from twain_web.roles import EVERYBODY

READ_HOME = permission("home.read_home", roles=EVERYBODY)
