"""Each number of the partnership in one period: pure functions of the records."""
