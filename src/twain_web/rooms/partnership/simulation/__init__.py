"""A year of two teams, simulated: only people and time are made up. What they set going is the product itself."""
