"""Metrics, one file each; `benchmark.metric` says what one is."""
