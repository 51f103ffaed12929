"""Protocols: degradation of the ground truth and scoring of estimates, each under one name."""
