"""Methods, one file each; `benchmark.method` says what one is."""
