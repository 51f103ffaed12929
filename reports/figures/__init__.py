"""Figures of what is stored: drawing functions of plain arrays and cells, one file a kind."""

from importlib.util import find_spec

from benchmark.errors import RequestError

NEEDED = "matplotlib>=3.11"


def require() -> None:
    """Check that matplotlib, which nothing else needs, is installed.

    Raises:
        RequestError: it is not.
    """
    if find_spec("matplotlib") is None:
        raise RequestError(f'figures need matplotlib; install it with: pip install "{NEEDED}"')
