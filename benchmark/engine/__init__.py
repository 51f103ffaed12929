"""Training and inference of methods on a device."""
