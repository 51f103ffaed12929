"""Measured results against published ones: verdicts on rows, and on the paper's claims."""
