"""What the files of a zip are: of cells, written by other systems or by the suite, or foreign."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from benchmark.errors import RequestError
from benchmark.store.lock import WORK
from benchmark.store.origins import ORIGINS
from benchmark.store.replacing import SUPERSEDED

# Left by macOS, Windows, KDE and Synology in folders and in the zips made of them.
_LITTER = re.compile(
    r"__macosx|\._.*|\.ds_store|\.localized|\.spotlight-v100|\.trashes|\.fseventsd|icon\r"
    r"|thumbs\.db|ehthumbs\.db|desktop\.ini|\$recycle\.bin|\.directory|@eadir",
    re.IGNORECASE,
)
# Beside the data sets in a results folder; all of it is made from cells, or older than they are.
_OWN = frozenset(
    {"tables", "figures", "report", "tensorboard", SUPERSEDED, WORK, ORIGINS, ".importing"}
)
# Folders from a data set's to a cell's: see `benchmark.store.address`.
_DEPTH = 6


@dataclass
class Contents:
    """The files of a zip.

    Attributes:
        folders: folder in the zip -> file name -> path, of all that may be cells.
        ignored: what is no part of a cell, by its folder or kind -> number of files.
    """

    folders: dict[str, dict[str, str]] = field(default_factory=dict)
    ignored: Counter[str] = field(default_factory=Counter)


def sort_files(sizes: Mapping[str, int]) -> Contents:
    r"""Sort the files of a zip that an export wrote, whoever has packed it again since.

    Args:
        sizes: path in the zip -> bytes. Some programs write `\` for `/`.

    Raises:
        RequestError: two paths are the same file.
    """
    contents = Contents()
    for path, size in sizes.items():
        place, _, name = path.replace("\\", "/").rpartition("/")
        if not name and not size:  # a folder
            continue
        if litter := next(filter(_LITTER.fullmatch, [*place.split("/"), name]), None):
            contents.ignored["._*" if litter.startswith("._") else litter] += 1
            continue
        folder = contents.folders.setdefault(place, {})
        if name in folder:
            raise RequestError(f"the zip holds '{place}/{name}' twice; zip the results again")
        folder[name] = path
    tops = _tops(contents.folders)
    for place in list(contents.folders):
        if own := _own_folder(place, tops):
            contents.ignored[own] += len(contents.folders.pop(place))
    return contents


def _tops(folders: Mapping[str, Mapping[str, str]]) -> list[str]:
    """List the folders of the zip that are results folders, as cells are in their places below."""
    found = {""}
    for place, files in folders.items():
        parts = place.split("/")
        if "cell.json" in files and len(parts) >= _DEPTH:
            above = parts[:-_DEPTH]
            found.add("/".join(above[:-1] if above[-1:] == [SUPERSEDED] else above))
    return sorted(found, key=len, reverse=True)


def _own_folder(place: str, tops: Iterable[str]) -> str:
    """Return the folder of the suite that a place belongs to; "" for a data set's or a foreign."""
    for top in tops:
        start = f"{top}/" if top else ""
        if f"{place}/".startswith(start):
            own = place[len(start) :].partition("/")[0]
            if own in _OWN:
                return start + own
    return ""
