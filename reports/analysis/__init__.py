"""Results, ranks and statistical tests from stored cells."""
