"""The degradation of a protocol, and the operators of one axis that it is built from."""
