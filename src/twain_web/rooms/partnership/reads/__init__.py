"""What pages, letters and programs of this room show. Nothing here writes."""
