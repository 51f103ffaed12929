"""Metrics, one file each, and the scoring of a scene by all of them."""
