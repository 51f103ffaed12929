"""What runs a method on a device."""
