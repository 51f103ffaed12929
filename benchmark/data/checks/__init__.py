"""Checks of what a data set delivers: its names, each scene, and the scenes of a table together.

A scene is checked once, when it is prepared. The other checks need only names and the facts that
are stored with prepared scenes; they are repeated before every run.
"""

from benchmark.data.checks.names import check_division, check_names
from benchmark.data.checks.refusal import failing
from benchmark.data.checks.scene import check_source, checked, truth_digest
from benchmark.data.checks.together import Delivered, check_together

__all__ = [
    "Delivered",
    "check_division",
    "check_names",
    "check_source",
    "check_together",
    "checked",
    "failing",
    "truth_digest",
]
