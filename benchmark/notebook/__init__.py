"""The suite from Python: `from benchmark import run, results, Custom`."""

from benchmark.notebook.custom import Custom
from benchmark.notebook.reading import results
from benchmark.notebook.running import Run, run

__all__ = ["Custom", "Run", "results", "run"]
