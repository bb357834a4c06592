"""Reading about campaigns. Nothing here changes anything."""
