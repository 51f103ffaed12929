"""Protocols, one file each; `benchmark.protocol` says what one is."""
