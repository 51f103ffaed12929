"""SLURM: arrays of jobs, which go on when the run that submitted them has ended."""
