"""The engine: what every method shares, and what no method may touch.

Importing this package costs nothing; import what you need from its modules (a method wants
`benchmark.method`, a data set `benchmark.dataset`).
"""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
