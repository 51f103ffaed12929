"""The message of a failed check."""

from collections.abc import Iterable

from benchmark.errors import RequestError, counted


def refuse(where: str, problems: Iterable[str], remedy: str) -> None:
    """Report the first problem and the number of the others; return if there is none.

    Raises:
        RequestError: there is a problem.
    """
    first, *others = [*problems] or [""]
    if first:
        more = f" (and {counted(len(others), 'more problem')})" if others else ""
        raise RequestError(f"{where}: {first}{more}; {remedy}")
