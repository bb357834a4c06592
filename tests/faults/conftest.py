"""The demo company of the acceptance tests, for attacks and faults that need a whole workspace."""

from tests.acceptance.conftest import company, demo  # noqa: F401 — fixtures
