"""Scoring of estimates by the metrics of a protocol."""
