"""The engine on torch's `meta` device: what would fail, or wait, on a GPU."""
