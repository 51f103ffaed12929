"""Messages about what a data set delivers."""

import inspect
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

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


@contextmanager
def failing(plugin: object, where: str) -> Iterator[None]:
    """Turn any exception of a data set's own code, SystemExit too, into one line with its place.

    Args:
        plugin: the data set or source whose code runs.
        where: the data set, and the scene if there is one.

    Raises:
        RequestError: the code raised an exception.
    """
    try:
        yield
    except RequestError:
        raise
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)
        file = inspect.getsourcefile(type(plugin))
        own = [frame for frame in frames if frame.filename == file] or frames
        place = f"{Path(own[-1].filename).name}, line {own[-1].lineno}"
        what = f"{type(error).__name__}: {error}".removesuffix(": ")
        raise RequestError(f"{where}: {what} ({place}); correct the data set") from error
