"""The year of both teams: plans from the first idea on, freezes, maintenance, and room for sends."""
