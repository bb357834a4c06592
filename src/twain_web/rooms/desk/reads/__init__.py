"""Reading of requests: nothing here changes anything."""
