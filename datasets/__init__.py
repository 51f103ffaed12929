"""Data sets, one file each; `benchmark.dataset` says what one is."""
