"""Export cells to a zip, and import them into another results folder.

Nothing in a zip is trusted: each cell is unpacked to a temporary folder and verified before it is
moved to its place. Paths in the zip are those below a results folder; nothing else is allowed:

    <dataset>/<protocol>/<profile>/x<scale>/<method>/seed<k>/cell.json, scores.csv, ...
"""

from benchmark.tools.exchange.merging import Merged, merge
from benchmark.tools.exchange.packing import Exported, export

__all__ = ["Exported", "Merged", "export", "merge"]
