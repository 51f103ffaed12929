"""The engine of the suite: data, training, scoring and storage, the same for every method.

This package imports nothing; import from its modules (a method needs `benchmark.method`, a data
set `benchmark.dataset`).
"""

from pathlib import Path

# The folder that holds this package: the repository's root in a checkout.
CHECKOUT = Path(__file__).resolve().parent.parent
