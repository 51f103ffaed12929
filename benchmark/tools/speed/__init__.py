"""Measure the speed of the engine on this machine, against a baseline and the roofline."""
