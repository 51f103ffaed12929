"""The content of tables, independent of their format."""
