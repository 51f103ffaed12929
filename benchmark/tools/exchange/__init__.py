"""Cells from one results folder to another: a colleague's numbers beside one's own.

`export` packs cells into one zip, `merge` takes them out again. Nothing in a zip is trusted: each
cell is unpacked to a temporary folder, verified as any stored one, and only then moved to its
place. In the zip it has the same path as below a results folder, and there is nothing else:

    <dataset>/<protocol>/<profile>/x<scale>/<method>/seed<k>/cell.json, scores.csv, ...
"""

from benchmark.tools.exchange.merging import Merged, merge
from benchmark.tools.exchange.packing import Exported, export

__all__ = ["Exported", "Merged", "export", "merge"]
