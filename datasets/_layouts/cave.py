"""Where CAVE's files are: the layouts that people have, as folders, zips a scene, or one zip."""

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
    """Where one scene's bands are: files of a folder, or of a folder within a zip.

    Attributes:
        folder: the folder, in the zip if there is one.
        archive: the zip.
        bands: the path of each band found, by its number.
    """

    folder: Path
    archive: Path | None = None
    bands: dict[int, str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every band is there."""
        return len(self.bands) == len(BANDS)

    @property
    def files(self) -> list[Path]:
        """The files on the disk that the bands come from."""
        return [self.archive] if self.archive else [Path(path) for path in self.bands.values()]

    def contents(self) -> list[tuple[str, bytes]]:
        """Read each band: its path, for messages, and its bytes.

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
    """Search in folders first, then in `<scene>_ms.zip`, then in the whole zip.

    Args:
        root: the folder that holds `cave/`, or the files themselves.
        scenes: the scenes that zips are opened for.

    Returns:
        The best place of each scene found, which may lack bands; and all that was found.

    Raises:
        RequestError: a folder cannot be read, or a zip is damaged or unsafe.
    """
    found = search(root, _opens)
    places = _places(str(file) for file in found.files)
    for name in (*(f"{scene}_ms.zip" for scene in scenes), WHOLE):
        for archive in (file for file in found.files if file.name == name):
            lacking = [one for one in scenes if one not in places or not places[one].complete]
            if lacking if name == WHOLE else name.removesuffix("_ms.zip") in lacking:
                for scene, place in find_in_zip(archive, lacking).items():
                    _keep_better(places, scene, place)
    return places, found


def find_in_zip(archive: Path, scenes: Sequence[str]) -> dict[str, Place]:
    """Find the best place of each of these scenes within one zip, which is not unpacked.

    Raises:
        RequestError: the zip is damaged or unsafe.
    """
    with open_zip(archive) as content:
        places = _places(content.sizes, archive)
    return {scene: place for scene, place in places.items() if scene in scenes}


def _opens(folder: str) -> bool:
    return folder.lower() in ("cave", "complete_ms_data") or (
        folder.endswith("_ms") and folder.removesuffix("_ms") in SCENES
    )


def _places(paths: Iterable[str], archive: Path | None = None) -> dict[str, Place]:
    """Return each scene's first complete copy, or else the first that lacks the fewest bands."""
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
