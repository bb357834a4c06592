"""All that is written in this room."""
