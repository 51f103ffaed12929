"""Files of reports: which formats, and how they are written."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmark.console import print_line
from benchmark.errors import RequestError, listed, meant
from benchmark.store.files import locked, write_file, writing


def check_formats(names: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Return the requested file formats, each once; all known ones if none is requested.

    Raises:
        RequestError: one is unknown.
    """
    if unknown := [name for name in names if name not in known]:
        raise RequestError(
            f"--format: expected some of {listed(known)}, found '{unknown[0]}'; "
            f"{meant(unknown[0], known)}"
            f"name them like this: --format {','.join(known[:2])}"
        )
    return tuple(dict.fromkeys(names)) or tuple(known)


def write_files(folder: Path, files: Mapping[Path, bytes], what: str) -> None:
    """Write files below a folder, each atomically, under the folder's lock.

    Args:
        folder: created if it does not exist.
        files: their contents.
        what: what they are, for the message.

    Raises:
        RequestError: they cannot be written.
    """
    with writing(folder, what=what), locked(folder / ".lock"):
        for file, content in files.items():
            write_file(file, content)


def check_suffix(file: Path | None, known: Sequence[str]) -> None:
    """Check that a page is written to a file of a known kind.

    Raises:
        RequestError: its name ends in something else.
    """
    if file is not None and file.suffix.lower() not in known:
        raise RequestError(f"--output {file}: expected a name that ends in {' or '.join(known)}")


def write_page(file: Path, text: str) -> None:
    """Write a page atomically, and say where it is.

    Raises:
        RequestError: it cannot be written.
    """
    write_file(file, (text.rstrip("\n") + "\n").encode(), "--output")
    print_line(f"written: {file}")
