"""Figures of stored cells: drawing functions of arrays and cells, one file per kind."""

from importlib.util import find_spec

from benchmark.errors import RequestError

NEEDED = "matplotlib>=3.11"


def require() -> None:
    """Check that matplotlib, an optional dependency, is installed.

    Raises:
        RequestError: it is not installed.
    """
    if find_spec("matplotlib") is None:
        raise RequestError(f'figures need matplotlib; install it with: pip install "{NEEDED}"')
