"""CAVE: 32 indoor scenes of Columbia University, 31 bands from 400 to 700 nm.

Published as one zip of PNGs: 16-bit grey, except `watercolors`, which is 8-bit RGBA. The files are
read in place, unpacked or not (`_layouts/cave.py`), and checked while they are decoded.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

import numpy as np

from benchmark.data.download import download
from benchmark.data.formats.png import decode
from benchmark.data.search import Found, log, stamp
from benchmark.dataset import DataSet, Scene, Source, register
from benchmark.errors import RequestError, listed
from datasets._layouts.cave import BANDS, SCENES, WHOLE, Place, find, find_in_zip
from datasets._remedies import fetch_again, get_missing

COLOUR = {"watercolors"}
HASHES = Path(__file__).with_name("cave_sha256.txt")  # of a complete copy, as by `sha256sum`


class _CaveSource(Source):
    def __init__(self, root: Path, places: dict[str, Place]) -> None:
        self.root, self.places = root, places
        self.stamp = stamp((file for place in places.values() for file in place.files), root)

    def read(self, scene: str) -> Scene:
        """Return one scene: uint16 with peak 65535, or uint8 with peak 255 (`watercolors`)."""
        colour = scene in COLOUR
        contents = self.places[scene].contents()
        published = {digest: name for name, digest in _hashes().items()}

        def decoded(item: tuple[str, bytes]) -> np.ndarray:
            name, content = item
            known = published.get(_sha256(content))
            if known not in (None, _bare(name)):
                raise RequestError(
                    f"{name} has the content of the published {known}: files were swapped; "
                    f"{fetch_again('cave', self.root)}"
                )
            return _decoded(name, content, colour, self.root)

        with ThreadPoolExecutor() as pool:  # PIL decodes without the GIL
            bands = list(pool.map(decoded, contents))
        for (name, _), band in zip(contents, bands, strict=True):
            if band.shape != bands[0].shape:
                raise RequestError(
                    f"{name} has {_size(band)} pixels but {contents[0][0]} has {_size(bands[0])}; "
                    f"the bands of a scene have one size; {fetch_again('cave', self.root)}"
                )
        wavelengths = tuple(float(400 + 10 * index) for index in range(len(BANDS)))
        return Scene(scene, np.stack(bands, axis=-1), wavelengths, 255.0 if colour else 65535.0)


def _decoded(name: str, content: bytes, colour: bool, root: Path) -> np.ndarray:
    try:
        return decode(content, colour)
    except ValueError as error:
        raise RequestError(
            f"{name} cannot be used: {error}; {fetch_again('cave', root)}"
        ) from error


def _hashes() -> dict[str, str]:
    """Return the SHA-256 of every published file by its name."""
    pairs = (line.split() for line in HASHES.read_text(encoding="ascii").splitlines())
    return {name: digest for digest, name in pairs}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _bare(name: str) -> str:
    return re.split(r"[/:\\]", name)[-1]


def _size(band: np.ndarray) -> str:
    return f"{band.shape[0]} x {band.shape[1]}"


@register("cave")
class Cave(DataSet):
    """CAVE as distributed: 31 PNGs per scene, in folders or in zips."""

    title: ClassVar[str] = "CAVE"
    home: ClassVar[str] = "http://www.cs.columbia.edu/CAVE/databases/multispectral/"
    urls: ClassVar[tuple[str, ...]] = (
        f"https://www.cs.columbia.edu/CAVE/databases/multispectral/zip/{WHOLE}",
        f"https://cave.cs.columbia.edu/old/databases/multispectral/zip/{WHOLE}",
    )
    size: ClassVar[int] = 405_988_465

    @property
    def scenes(self) -> tuple[str, ...]:
        """Every scene's name, without `_ms`."""
        return SCENES

    @property
    def test(self) -> tuple[str, ...]:
        """The paper's seven test scenes."""
        return (
            "balloons",
            "chart_and_stuffed_toy",
            "face",
            "flowers",
            "jelly_beans",
            "real_and_fake_apples",
            "oil_painting",
        )

    @property
    def validation(self) -> tuple[str, ...]:
        """Two of the training scenes."""
        return ("feathers", "thread_spools")

    def open(self, root: Path, scenes: Sequence[str]) -> Source:
        """Find all bands of each scene: in folders, `<scene>_ms.zip`, or the complete zip.

        Raises:
            RequestError: scenes or bands are missing, or a zip is damaged or unsafe.
        """
        return _CaveSource(root, self._places(root, scenes))

    def _places(self, root: Path, scenes: Sequence[str]) -> dict[str, Place]:
        places, found = find(root, scenes)
        self._check_complete(root, scenes, places, found)
        return {scene: places[scene] for scene in scenes}

    def _check_complete(
        self, root: Path, scenes: Sequence[str], places: dict[str, Place], found: Found
    ) -> None:
        empty = {folder.name for folder in found.folders}
        absent, incomplete = [], []
        for scene in scenes:
            place = places.get(scene)
            if place is None and f"{scene}_ms" not in empty:
                absent.append(scene)
            elif place is None:
                incomplete.append(f"the folder of {scene} contains no {scene}_ms_NN.png")
            elif not place.complete:
                bands = listed(f"{band:02}" for band in BANDS if band not in place.bands)
                incomplete.append(
                    f"{scene} lacks band {bands} (in {place.archive or place.folder})"
                )
        if absent or incomplete:
            missing = [f"no files of {listed(absent, 32)}"] if absent else []
            raise RequestError(
                f"cave: expected {len(scenes)} scenes of {len(BANDS)} bands, but "
                f"{len(absent) + len(incomplete)} of them are missing: "
                f"{'; '.join(missing + incomplete[:8])}"
                f"{f'; and {len(incomplete) - 8} more' if len(incomplete) > 8 else ''}. "
                + get_missing(
                    self, root, "cave/, CAVE/ and complete_ms_data/, for folders and zips", WHOLE
                )
            )

    def verify(self, root: Path, scenes: Sequence[str] | None = None) -> None:
        """Compare every PNG with the known SHA-256 of a complete copy.

        Args:
            root: the folder that contains `cave/`.
            scenes: names of the scenes; None for all.

        Raises:
            RequestError: files differ or are missing; the message lists them.
        """
        _verify(self._places(root, self.scenes if scenes is None else scenes).values(), root)

    def fetch(self, root: Path) -> Path:
        """Download the zip to `root/cave/`, where it is read in place, unless all files are there.

        An existing zip is replaced only by a complete one, and only if it is incomplete itself:
        otherwise something else is wrong, which a download would not fix.

        Raises:
            RequestError: no mirror delivered the published file, or another file or folder has
                its name.
        """
        folder = root / "cave"
        try:
            self.open(root, self.scenes)
            log(f"cave: all {len(self.scenes)} scenes are there, below {root}")
        except RequestError:
            if self._is_complete(folder / WHOLE):
                raise
            download(self.urls, folder / WHOLE, self.size, check=self._verify_zip)
            self.open(root, self.scenes)
            log(f"cave: {folder / WHOLE} is complete and verified")
        return folder if folder.is_dir() else root

    def _is_complete(self, archive: Path) -> bool:
        try:
            self._verify_zip(archive)
        except RequestError:
            return False
        return True

    def _verify_zip(self, archive: Path) -> None:
        places = find_in_zip(archive, self.scenes)
        short = [name for name in self.scenes if name not in places or not places[name].complete]
        if short:
            raise RequestError(f"the zip lacks bands of {listed(short)}")
        _verify(places.values(), archive.parent.parent)


def _verify(places: Iterable[Place], root: Path) -> None:
    known = _hashes()
    differ = [
        name
        for place in places
        for name, content in place.contents()
        if _sha256(content) != known[_bare(name)]
    ]
    if differ:
        raise RequestError(
            f"cave: {len(differ)} files differ from the published ones (by their SHA-256): "
            f"{listed(differ)}; {fetch_again('cave', root, 'them')}"
        )
