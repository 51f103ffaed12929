"""Inference: a method's input, its network, tiles, and the checks of what it returns."""
