"""Computing one cell: training, scoring, and the weights of stored ones."""
