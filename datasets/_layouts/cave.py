"""Layouts of CAVE's files: folders, a zip per scene, or one zip; names compare without case."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from benchmark.data.archives.zips import open_zip
from benchmark.data.search import Found, is_data, read_file, search
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

_BAND = re.compile(r"(?P<scene>\w+)_ms_(?P<band>[0-9]{2})\.png", re.ASCII | re.IGNORECASE)


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

    def __str__(self) -> str:
        return f"{self.archive}:{self.folder.as_posix()}" if self.archive else str(self.folder)

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


@dataclass(frozen=True)
class Places:
    """The places of the scenes that a search found.

    Attributes:
        of: every complete place of a scene, or else the one with most bands; folders come first,
            then zips of a scene, then the complete zip.
        found: all files and folders.
        damaged: why a zip could not be opened, for every such zip.
    """

    of: dict[str, list[Place]]
    found: Found
    damaged: list[RequestError]


def find(root: Path, scenes: Sequence[str]) -> Places:
    """Search folders, `<scene>_ms.zip`, and the complete zip, for all copies of these scenes.

    Args:
        root: the folder that contains `cave/`, or the files themselves.
        scenes: names of the scenes.

    Raises:
        RequestError: a folder cannot be read, or a zip is damaged or unsafe and a scene is not
            complete elsewhere.
    """
    found = search(root, _opens)
    places = _by_scene(_places((str(file) for file in found.files), None), scenes)
    damaged = []
    for name in (*(f"{scene}_ms.zip" for scene in scenes), WHOLE):
        for archive in (file for file in found.files if file.name.lower() == name):
            try:
                inside = find_in_zip(archive, scenes)
            except RequestError as error:
                damaged.append(error)
                continue
            for scene, copies in inside.items():
                places.setdefault(scene, []).extend(copies)
    best = {scene: _best(copies) for scene, copies in places.items()}
    if damaged and not all(scene in best and best[scene][0].complete for scene in scenes):
        raise damaged[0]
    return Places(best, found, damaged)


def find_in_zip(archive: Path, scenes: Sequence[str]) -> dict[str, list[Place]]:
    """Find every copy of these scenes within a zip, without unpacking it.

    Raises:
        RequestError: the zip is damaged or unsafe.
    """
    with open_zip(archive) as content:
        # Without what macOS adds: `__MACOSX/` and files that start with a dot.
        names = [name for name in content.sizes if all(map(is_data, _parts(name)))]
    return _by_scene(_places(names, archive), scenes)


def _parts(name: str) -> tuple[str, ...]:
    """Split a name within a zip; some programs of Windows write backslashes."""
    return PurePosixPath(name.replace("\\", "/")).parts


def _opens(folder: str) -> bool:
    lower = folder.lower()
    return lower in ("cave", "complete_ms_data") or (
        lower.endswith("_ms") and lower.removesuffix("_ms") in SCENES
    )


def _places(paths: Iterable[str], archive: Path | None) -> dict[tuple[str, Path], Place]:
    """Return every copy, complete or not, by scene and folder."""
    copies: dict[tuple[str, Path], Place] = {}
    for path in paths:
        file = Path(*_parts(path)) if archive else Path(path)
        match = _BAND.fullmatch(file.name)
        if not match or match["scene"].lower() not in SCENES or int(match["band"]) not in BANDS:
            continue
        scene, band = match["scene"].lower(), int(match["band"])
        copy = copies.setdefault((scene, file.parent), Place(file.parent, archive))
        # Of two names that differ in case only, the published one.
        if band not in copy.bands or file.name == f"{scene}_ms_{band:02}.png":
            copy.bands[band] = path
    return copies


def _by_scene(
    copies: dict[tuple[str, Path], Place], scenes: Sequence[str]
) -> dict[str, list[Place]]:
    grouped: dict[str, list[Place]] = {}
    for (scene, _), copy in copies.items():
        if scene in scenes:
            grouped.setdefault(scene, []).append(copy)
    return grouped


def _best(copies: list[Place]) -> list[Place]:
    """Return the complete copies, or else the first of those with the most bands."""
    complete = [copy for copy in copies if copy.complete]
    return complete or [max(copies, key=lambda copy: len(copy.bands))]
