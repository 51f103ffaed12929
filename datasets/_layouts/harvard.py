"""Layouts of Harvard's files: the two published archives, unpacked or not.

Names compare without case. The archives may be compressed or, as some browsers leave them, not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.data.archives.tars import unpack_tar
from benchmark.data.search import Found, log, search

_DAYLIGHT = """
img1 img2 imga1 imga2 imga5 imga6 imga7 imgb0 imgb1 imgb2 imgb3 imgb4 imgb5 imgb6 imgb7 imgb8 imgb9
imgc1 imgc2 imgc4 imgc5 imgc7 imgc8 imgc9 imgd2 imgd3 imgd4 imgd7 imgd8 imgd9 imge0 imge1 imge2
imge3 imge4 imge5 imge6 imge7 imgf1 imgf2 imgf3 imgf4 imgf5 imgf6 imgf7 imgf8 imgh0 imgh1 imgh2
imgh3
"""
_ARTIFICIAL_OR_MIXED = """
img3 img4 img5 img6 imga3 imga4 imga8 imgc3 imgc6 imgd0 imgd1 imgd5 imgd6 imgg0 imgg1 imgg2 imgg3
imgg4 imgg5 imgg6 imgg7 imgg8 imgg9 imgh4 imgh5 imgh6 imgh7
"""
_PACKED = (".tgz", ".tar.gz", ".tar")
SUBSETS = {"CZ_hsdb": tuple(_DAYLIGHT.split()), "CZ_hsdbi": tuple(_ARTIFICIAL_OR_MIXED.split())}


def _opens(folder: str) -> bool:
    return folder.lower() in ("harvard", *(name.lower() for name in SUBSETS))


def missing_scenes(files: Mapping[str, object], scenes: Sequence[str]) -> dict[str, list[str]]:
    """Return the scenes without a file, by subset (each has its own archive)."""
    missing = {
        subset: [scene for scene in scenes if scene in names and scene not in files]
        for subset, names in SUBSETS.items()
    }
    return {subset: names for subset, names in missing.items() if names}


@dataclass(frozen=True)
class Files:
    """The files that a search found.

    Attributes:
        of: every file of a scene, one or more.
        archives: that have not been unpacked, of the other scenes.
        found: all files and folders.
    """

    of: dict[str, list[Path]]
    archives: list[Path]
    found: Found


def find(root: Path, scenes: Sequence[str]) -> Files:
    """Find `<scene>.mat` files, and the archives to unpack for the other scenes.

    Args:
        root: the folder that contains `harvard/`, or the files themselves.
        scenes: names of the scenes.

    Raises:
        RequestError: a folder cannot be read.
    """
    found = search(root, _opens)
    files: dict[str, list[Path]] = {}
    for file in found.files:
        if file.suffix.lower() == ".mat" and file.stem.lower() in scenes:
            files.setdefault(file.stem.lower(), []).append(file)
    subsets = missing_scenes(files, scenes)
    names = {f"{subset}{ending}".lower() for subset in subsets for ending in _PACKED}
    archives = [file for file in found.files if file.name.lower() in names]
    return Files(files, [file for file in archives if not _target(file).exists()], found)


def _target(archive: Path) -> Path:
    """Return the folder that an archive is unpacked into, named as published."""
    names = {subset.lower(): subset for subset in SUBSETS}
    return archive.with_name(names[archive.name.partition(".")[0].lower()])


def unpack(archive: Path) -> None:
    """Unpack an archive beside itself, into the folder of its name, unless that is there.

    Another archive of the same subset, or another process, may have filled it meanwhile.

    Raises:
        ArchiveError: it is damaged, unsafe or too large.
        RequestError: the disk is full or cannot be written to.
    """
    target = _target(archive)
    if not target.exists():
        log(f"unpacking {archive}")
        unpack_tar(archive, target)
