"""Listeners that show the progress of a run: on the terminal, and in TensorBoard."""
