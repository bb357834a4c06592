"""What changes incidents."""
