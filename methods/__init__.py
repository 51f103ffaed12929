"""Methods, one file each; see `benchmark.method` for their interface."""
