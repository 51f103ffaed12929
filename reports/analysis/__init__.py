"""From cells to results, ranks and tests."""
