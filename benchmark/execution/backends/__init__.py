"""Backends that run jobs: in this process, or in worker processes."""
