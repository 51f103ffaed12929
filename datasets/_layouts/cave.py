"""Layouts of CAVE's files: folders, a zip per scene, or one zip."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.data.archives.zips import open_zip
from benchmark.data.search import Found, read_file, search
from benchmark.errors import RequestError, listed

_NAMES = """
balloons beads cd chart_and_stuffed_toy clay cloth egyptian_statue face fake_and_real_beers
fake_and_real_food fake_and_real_lemon_slices fake_and_real_lemons fake_and_real_peppers
fake_and_real_strawberries fake_and_real_sushi fake_and_real_tomatoes feathers flowers glass_tiles
hairs jelly_beans oil_painting paints photo_and_face pompoms real_and_fake_apples
real_and_fake_peppers sponges stuffed_toys superballs thread_spools watercolors
"""
SCENES = tuple(_NAMES.split())
BANDS = range(1, 32)
WHOLE = "complete_ms_data.zip"

_BAND = re.compile(r"(?P<scene>\w+)_ms_(?P<band>[0-9]{2})\.png")


@dataclass
class Place:
    """Location of a scene's bands: files in a folder, or in a folder within a zip.

    Attributes:
        folder: the folder, within the zip if there is one.
        archive: the zip; None for files on disk.
        bands: band number to path, for every band that was found.
    """

    folder: Path
    archive: Path | None = None
    bands: dict[int, str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """True if every band was found."""
        return len(self.bands) == len(BANDS)

    @property
    def files(self) -> list[Path]:
        """The files on disk that contain the bands."""
        return [self.archive] if self.archive else [Path(path) for path in self.bands.values()]

    def contents(self) -> list[tuple[str, bytes]]:
        """Read the path (for messages) and the bytes of every band.

        Raises:
            RequestError: a file cannot be read, or the zip is damaged or unsafe.
        """
        paths = [self.bands[band] for band in BANDS]
        if not self.archive:
            return [(path, read_file(Path(path))) for path in paths]
        with open_zip(self.archive) as content:
            if missing := sorted(set(paths).difference(content.sizes)):
                raise RequestError(
                    f"{self.archive} has changed since the start: it lacks {listed(missing)}; "
                    "run the same command again"
                )
            return [(f"{self.archive}:{path}", content.read(path)) for path in paths]


def find(root: Path, scenes: Sequence[str]) -> tuple[dict[str, Place], Found]:
    """Search folders first, then `<scene>_ms.zip`, then the complete zip.

    Args:
        root: the folder that contains `cave/`, or the files themselves.
        scenes: zips are opened only for these scenes.

    Returns:
        The most complete place of each scene found, which may lack bands; and all files and
        folders found.

    Raises:
        RequestError: a folder cannot be read, or a zip is damaged or unsafe.
    """
    found = search(root, _opens)
    places = _places(str(file) for file in found.files)
    for name in (*(f"{scene}_ms.zip" for scene in scenes), WHOLE):
        for archive in (file for file in found.files if file.name == name):
            missing = [scene for scene in scenes if not _is_complete(places, scene)]
            if missing if name == WHOLE else name.removesuffix("_ms.zip") in missing:
                for scene, place in find_in_zip(archive, missing).items():
                    _keep_better(places, scene, place)
    return places, found


def find_in_zip(archive: Path, scenes: Sequence[str]) -> dict[str, Place]:
    """Find the most complete place of each of these scenes within a zip, without unpacking it.

    Raises:
        RequestError: the zip is damaged or unsafe.
    """
    with open_zip(archive) as content:
        places = _places(content.sizes, archive)
    return {scene: place for scene, place in places.items() if scene in scenes}


def _is_complete(places: dict[str, Place], scene: str) -> bool:
    return scene in places and places[scene].complete


def _opens(folder: str) -> bool:
    return folder.lower() in ("cave", "complete_ms_data") or (
        folder.endswith("_ms") and folder.removesuffix("_ms") in SCENES
    )


def _places(paths: Iterable[str], archive: Path | None = None) -> dict[str, Place]:
    """Return the first complete copy of each scene, or else the first with the most bands."""
    copies: dict[tuple[str, Path], Place] = {}
    for path in paths:
        folder, match = Path(path).parent, _BAND.fullmatch(Path(path).name)
        if match and match["scene"] in SCENES and int(match["band"]) in BANDS:
            copy = copies.setdefault((match["scene"], folder), Place(folder, archive))
            copy.bands[int(match["band"])] = path
    places: dict[str, Place] = {}
    for (scene, _), copy in copies.items():
        _keep_better(places, scene, copy)
    return places


def _keep_better(places: dict[str, Place], scene: str, place: Place) -> None:
    if scene not in places or len(place.bands) > len(places[scene].bands):
        places[scene] = place
