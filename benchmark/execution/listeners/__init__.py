"""Listeners that report the progress of a run: on the terminal, and in TensorBoard."""
