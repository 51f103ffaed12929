"""Measure how fast the engine is on this machine, against a plain baseline and the roofline."""
