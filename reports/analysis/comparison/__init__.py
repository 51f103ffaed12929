"""Differences between methods: statistics, tests of pairs, ranks, and what they show."""
