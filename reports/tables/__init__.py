"""What stands in a table."""
