"""The engine of the suite: data, training, scoring and storage, the same for every method.

This package imports nothing; import from its modules (a method needs `benchmark.method`, a data
set `benchmark.dataset`). In a notebook, `from benchmark import run, results, Custom` imports what
it needs when it is asked for.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmark.notebook import Custom, Run, results, run

__all__ = ["CHECKOUT", "Custom", "Run", "results", "run"]

# The folder that holds this package: the repository's root in a checkout.
CHECKOUT = Path(__file__).resolve().parent.parent


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    from benchmark import notebook

    return getattr(notebook, name)
