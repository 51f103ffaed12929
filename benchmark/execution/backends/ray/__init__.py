"""Ray: all GPUs of a machine, or the machines of a running cluster."""
