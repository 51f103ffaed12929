"""Readers of image and array files."""
