"""Rendering of the synthetic scenes."""
