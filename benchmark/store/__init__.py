"""Cells on disk: written whole or not at all, one writer each."""
