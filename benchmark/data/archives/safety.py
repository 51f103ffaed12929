"""What zips and tars share: how an archive is opened, and why it is refused.

An archive from the network, or from a colleague, may name places outside its folder, hold links,
or swell beyond any disk; each of these ends in an `ArchiveError` and leaves nothing behind.
"""

import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NoReturn

from benchmark.data import search
from benchmark.data.search import MOST_FILES
from benchmark.errors import RequestError

LIMIT = 64 << 30  # bytes an archive may unpack to; Harvard as float64 would be 28 GB
RATIO = 100  # times its own size
RATIO_FLOOR = 64 << 20  # below this many bytes the ratio does not matter
DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, RuntimeError, OSError)
AGAIN = "it is not the published archive, delete it and download it again"


class ArchiveError(RequestError):
    """The fault is the archive's own: damaged, unsafe or too large. Another copy may be fine."""


def refuse_place(name: str, archive: Path) -> None:
    """Refuse a name that leads out of the folder."""
    parts = name.replace("\\", "/").split("/")
    if not name or name.startswith(("/", "\\")) or ":" in parts[0] or ".." in parts:
        raise ArchiveError(f"{archive} holds '{name}', which leads out of its folder; {AGAIN}")


def refuse_kind(name: str, archive: Path) -> NoReturn:
    """Refuse what is neither a file nor a folder."""
    raise ArchiveError(
        f"{archive} holds '{name}', which is neither a file nor a folder (a link or a device); "
        f"{AGAIN}"
    )


def refuse_size(total: int, archive: Path, limit: int) -> None:
    """Refuse what would unpack to more bytes than any data set has, or to far more than it has."""
    if total > limit or total > max(RATIO_FLOOR, RATIO * archive.stat().st_size):
        raise ArchiveError(
            f"{archive} unpacks to {total:,} bytes or more, beyond the limit (of {limit:,} bytes, "
            f"or {RATIO} times its own size); it is not the published archive, delete it"
        )


def refuse_number(count: int, archive: Path) -> None:
    """Refuse more members than any search would look through."""
    if count > MOST_FILES:
        raise ArchiveError(f"{archive} holds more than {MOST_FILES:,} files; {AGAIN}")


def refuse_name(name: str, archive: Path) -> NoReturn:
    """Refuse a name that is there already, is a folder's too, or that no file can have."""
    raise ArchiveError(
        f"{archive} holds '{name}' twice, or as a file and a folder, or by a name that cannot be "
        f"written here; {AGAIN}"
    )


def opened(archive: Path) -> IO[bytes]:
    """Open a file; one that is only unreadable is no reason to fetch gigabytes again.

    Raises:
        RequestError: it is not there, or there is no right to read it.
    """
    with search.readable(archive):
        return archive.open("rb")


@contextmanager
def readable(archive: Path, kind: str) -> Iterator[None]:
    """Turn whatever goes wrong with an archive's content into one line for the user.

    Raises:
        ArchiveError: it is damaged.
    """
    try:
        yield
    except (*DAMAGE, ValueError) as error:  # the last of a name that is no text
        reason = str(error) or type(error).__name__
        raise ArchiveError(
            f"{archive} is not a whole {kind} archive ({reason}); delete it and download it again"
        ) from error
