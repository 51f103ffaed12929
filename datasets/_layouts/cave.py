"""Where CAVE's files are: the layouts that people have, as folders, zips a scene, or one zip."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.data.archives.zips import open_zip, read_member
from benchmark.data.search import Found, search, whole
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
    """Where one scene's bands are: files of a folder, or members of a zip."""

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
        if self.archive:
            return [self.archive]
        return [self.folder / name for name in self.bands.values()]

    def contents(self) -> list[tuple[str, bytes]]:
        """Give each band's name, for messages, and its bytes.

        Raises:
            RequestError: a file cannot be read, or the zip is damaged or unsafe.
        """
        names = [self.bands[band] for band in BANDS]
        if not self.archive:
            return [(str(self.folder / name), whole(self.folder / name)) for name in names]
        with open_zip(self.archive) as (opened, members):
            gone = set(names).difference(member.filename for member in members)
            if gone:
                raise RequestError(
                    f"{self.archive} has changed since the start: it lacks {listed(sorted(gone))}; "
                    "run the same command again"
                )
            return [(f"{self.archive}:{name}", read_member(opened, name)) for name in names]


def find(root: Path, scenes: Sequence[str]) -> tuple[dict[str, Place], Found]:
    """Look in folders first, then in `<scene>_ms.zip`, then in the whole zip.

    Args:
        root: the folder that holds `cave/`, or the files themselves.
        scenes: what zips are opened for.

    Returns:
        The best place of each scene found, which may lack bands; and all that was seen.

    Raises:
        RequestError: a folder cannot be read, or a zip is damaged or unsafe.
    """
    found = search(root, _opens)
    there: dict[tuple[str, Path], Place] = {}
    for file in found.files:
        _note(there, file.name, file.name, Place(file.parent))
    places = _best(there)
    for name in (*(f"{scene}_ms.zip" for scene in scenes), WHOLE):
        lacking = [one for one in scenes if one not in places or not places[one].complete]
        alone = name.removesuffix("_ms.zip")
        for archive in (file for file in found.files if file.name == name):
            if lacking and (name == WHOLE or alone in lacking):
                _better(places, find_in_zip(archive, lacking))
    return places, found


def find_in_zip(archive: Path, scenes: Sequence[str]) -> dict[str, Place]:
    """Find the best place of each of these scenes within one zip, which is not unpacked.

    Raises:
        RequestError: the zip is damaged or unsafe.
    """
    there: dict[tuple[str, Path], Place] = {}
    with open_zip(archive) as (_, members):
        for member in members:
            folder, _, name = member.filename.rpartition("/")
            _note(there, name, member.filename, Place(Path(folder), archive))
    return {scene: place for scene, place in _best(there).items() if scene in scenes}


def _opens(folder: str) -> bool:
    return folder.lower() in ("cave", "complete_ms_data") or (
        folder.endswith("_ms") and folder.removesuffix("_ms") in SCENES
    )


def _note(there: dict[tuple[str, Path], Place], name: str, full: str, place: Place) -> None:
    match = _BAND.fullmatch(name)
    if match and match["scene"] in SCENES and int(match["band"]) in BANDS:
        kept = there.setdefault((match["scene"], place.folder), place)
        kept.bands[int(match["band"])] = full


def _best(there: dict[tuple[str, Path], Place]) -> dict[str, Place]:
    """Of each scene's copies take the first complete one, or the one that lacks least."""
    places: dict[str, Place] = {}
    for (scene, _), place in there.items():
        _better(places, {scene: place})
    return places


def _better(places: dict[str, Place], others: dict[str, Place]) -> None:
    for scene, place in others.items():
        if scene not in places or len(place.bands) > len(places[scene].bands):
            places[scene] = place
