"""Where the numbers of a table come from: machines, trainings, notes."""
