"""Twain: the messaging system in which Marketing and IT are full partners.

Read :mod:`twain.flows.send` first: the whole journey, from a database row to a delivered message, on one page.
"""

import os

__version__ = "0.1.0"

# Arrow reads this once, when it is loaded. Its own allocators keep what a snapshot's batches gave back: 100 MB (decision 034).
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
