"""CAVE: 32 indoor scenes of Columbia University, 31 bands from 400 to 700 nm.

Published as one zip of PNGs: 16-bit grey, except `watercolors`, which is 8-bit RGBA. The files are
read where they are, unpacked or not (`_layouts/cave.py`), and checked as they are decoded.
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
from benchmark.data.search import Found, say, stamp
from benchmark.dataset import DataSet, Scene, Source, register
from benchmark.errors import RequestError, listed
from datasets._layouts.cave import BANDS, SCENES, WHOLE, Place, find, find_in_zip
from datasets._remedies import fetch_again, get_missing

COLOUR = {"watercolors"}
HASHES = Path(__file__).with_name("cave_sha256.txt")  # of a complete copy, as by `sha256sum`


class _Cave(Source):
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
                    f"{name} holds what was published as {known}: files have been exchanged; "
                    f"{fetch_again('cave', self.root)}"
                )
            return _decoded(name, content, colour, self.root)

        with ThreadPoolExecutor() as pool:  # PIL decodes outside the interpreter's lock
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
    """CAVE as distributed: 31 PNGs a scene, in folders or still in their zip."""

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
        """Find 31 bands of each scene: in folders first, then in `<scene>_ms.zip`, then the zip.

        Raises:
            RequestError: scenes or bands are missing, or a zip is damaged or unsafe.
        """
        return _Cave(root, self._places(root, scenes))

    def _places(self, root: Path, scenes: Sequence[str]) -> dict[str, Place]:
        places, found = find(root, scenes)
        self._check_complete(root, scenes, places, found)
        return {scene: places[scene] for scene in scenes}

    def _check_complete(
        self, root: Path, scenes: Sequence[str], places: dict[str, Place], found: Found
    ) -> None:
        empty = {folder.name for folder in found.folders}
        gone, wrong = [], []
        for scene in scenes:
            place = places.get(scene)
            if place is None and f"{scene}_ms" not in empty:
                gone.append(scene)
            elif place is None:
                wrong.append(f"the folder of {scene} holds no {scene}_ms_NN.png")
            elif not place.complete:
                bands = listed(f"{band:02}" for band in BANDS if band not in place.bands)
                wrong.append(f"{scene} lacks band {bands} (in {place.archive or place.folder})")
        if gone or wrong:
            missing = [f"no files of {listed(gone, 32)}"] if gone else []
            raise RequestError(
                f"cave: expected {len(scenes)} scenes of {len(BANDS)} bands, but "
                f"{len(gone) + len(wrong)} of them are missing: "
                f"{'; '.join(missing + wrong[:8])}"
                f"{f'; and {len(wrong) - 8} more' if len(wrong) > 8 else ''}. "
                + get_missing(
                    self, root, "cave/, CAVE/ and complete_ms_data/, for folders and zips", WHOLE
                )
            )

    def verify(self, root: Path, scenes: Sequence[str] | None = None) -> None:
        """Compare every PNG with the known SHA-256 of a complete copy.

        Args:
            root: the folder that holds `cave/`.
            scenes: which; all where not given.

        Raises:
            RequestError: files differ, or are missing; which.
        """
        _verify(self._places(root, self.scenes if scenes is None else scenes).values(), root)

    def fetch(self, root: Path) -> Path:
        """Download the zip to `root/cave/`, where it is read in place, unless all is there.

        A zip that is there is replaced only by a whole one, and not if it is whole itself: then
        something else is wrong, which no download would fix.

        Raises:
            RequestError: no mirror delivered what was published, or another file or folder is in
                the way.
        """
        folder = root / "cave"
        try:
            self.open(root, self.scenes)
            say(f"cave: all {len(self.scenes)} scenes are there, below {root}")
        except RequestError:
            if self._is_whole(folder / WHOLE):
                raise
            download(self.urls, folder / WHOLE, self.size, check=self._verify_zip)
            self.open(root, self.scenes)
            say(f"cave: {folder / WHOLE} is complete and verified")
        return folder if folder.is_dir() else root

    def _is_whole(self, archive: Path) -> bool:
        try:
            self._verify_zip(archive)
        except RequestError:
            return False
        return True

    def _verify_zip(self, archive: Path) -> None:
        places = find_in_zip(archive, self.scenes)
        short = [one for one in self.scenes if one not in places or not places[one].complete]
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
            f"cave: {len(differ)} files are not what was published (their SHA-256 differs): "
            f"{listed(differ)}; {fetch_again('cave', root).replace('it', 'them', 1)}"
        )
