"""The numbers that papers print."""
