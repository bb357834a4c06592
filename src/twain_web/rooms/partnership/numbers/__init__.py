"""The numbers that both leads look at."""
