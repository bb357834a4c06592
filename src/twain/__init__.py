"""Twain: the messaging system in which Marketing and IT are full partners.

Read :mod:`twain.flows.send` first: the whole journey, from a database row to a delivered message, on one page.
"""

__version__ = "0.1.0"
