"""Estimates of stored cells, made again for figures and for the report page."""
