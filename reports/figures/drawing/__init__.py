"""Shared parts of the figures: style, text, context, saving."""
