"""Storage of cells: atomic writes, checksums and locks."""
