"""Commands that no cell depends on."""
