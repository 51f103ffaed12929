"""Export cells to a zip, and import them into another results folder.

Nothing in a zip is trusted: each cell is unpacked to a temporary folder and verified before it is
moved to its place. An export writes the paths below a results folder:

    <dataset>/<protocol>/<profile>/x<scale>/<method>/seed<k>/cell.json, scores.csv, ...

An import accepts them below other folders too, as in a zip that was unpacked and zipped again.
"""

from benchmark.tools.exchange.merging import Merged, merge
from benchmark.tools.exchange.packing import Exported, export

__all__ = ["Exported", "Merged", "export", "merge"]
