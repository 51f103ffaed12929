"""How fast the engine is on this machine, beside the plain way of doing the same."""
