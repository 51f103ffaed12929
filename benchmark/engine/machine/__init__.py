"""The machine: devices, precision, random state, and the facts that are stored about it."""
