"""Layers and losses that several methods share, one file each."""
