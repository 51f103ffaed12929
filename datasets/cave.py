"""CAVE: 32 indoor scenes of Columbia University, 31 bands from 400 to 700 nm.

Published as one zip of PNGs: 16-bit grey, except `watercolors`, which is 8-bit RGBA. The files are
read in place, unpacked or not (`_layouts/cave.py`), and compared with the published ones
(`_layouts/cave_copies.py`): of several copies of a scene the published one is used.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from benchmark.data.download import download
from benchmark.data.search import log, stamp
from benchmark.dataset import DataSet, Scene, Source, register
from benchmark.errors import RequestError, counted, listed
from datasets._layouts.cave import BANDS, SCENES, WHOLE, Place, Places, find, find_in_zip
from datasets._layouts.cave_copies import COLOUR, Choice, Published, bare, choose
from datasets._remedies import fetch_again, get_missing

HASHES = Path(__file__).with_name("cave_sha256.txt")  # of a complete copy, as by `sha256sum`
PIXELS = Path(__file__).with_name("cave_pixels_sha256.txt")  # of its scenes, see `Published`


class _CaveSource(Source):
    def __init__(self, root: Path, places: dict[str, list[Place]]) -> None:
        self.root, self.places = root, places
        copies = (place for several in places.values() for place in several)
        self.stamp = stamp((file for place in copies for file in place.files), root)

    def read(self, scene: str) -> Scene:
        """Return one scene: uint16 with peak 65535, or uint8 with peak 255 (`watercolors`)."""
        choice = self.choose(scene)
        if choice.left:  # a single copy is described by its remark, and by `doctor`
            log(f"cave: {choice.sentence}")
        cube = np.stack(choice.copy.bands, axis=-1)
        wavelengths = tuple(float(400 + 10 * index) for index in range(len(BANDS)))
        peak = 255.0 if scene in COLOUR else 65535.0
        return Scene(scene, cube, wavelengths, peak, choice.remark)

    def choose(self, scene: str) -> Choice:
        """Choose among the copies of a scene."""
        return choose(scene, self.places[scene], _published(), self.root)


def _published() -> Published:
    return Published.read(HASHES, PIXELS)


@register(
    "cave",
    bibtex="""
    @article{yasuma2010cave,
      author = {Yasuma, Fumihito and Mitsunaga, Tomoo and Iso, Daisuke and Nayar, Shree K.},
      title = {Generalized Assorted Pixel Camera: Postcapture Control of Resolution, Dynamic Range,
        and Spectrum},
      journal = {IEEE Transactions on Image Processing}, volume = {19}, number = {9},
      pages = {2241--2253}, year = {2010}, doi = {10.1109/TIP.2010.2046811}
    }
    """,
)
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
        return self._open(root, scenes)

    def _open(self, root: Path, scenes: Sequence[str]) -> _CaveSource:
        places = find(root, scenes)
        self._check_complete(root, scenes, places)
        return _CaveSource(root, {scene: places.of[scene] for scene in scenes})

    def unpublished(self, root: Path, scenes: Sequence[str]) -> Sequence[str]:
        """Compare every copy of these scenes with the published data; none is stored.

        Returns:
            A sentence for every scene with a copy that differs, and for every damaged zip.

        Raises:
            RequestError: scenes or bands are missing.
        """
        damaged = [str(error) for error in find(root, scenes).damaged]
        return [*self._differences(self._open(root, scenes), scenes), *damaged]

    def _differences(self, source: _CaveSource, scenes: Sequence[str]) -> Iterator[str]:
        for scene in scenes:
            try:
                if sentence := source.choose(scene).sentence:
                    yield sentence
            except RequestError as error:
                yield str(error)

    def _check_complete(self, root: Path, scenes: Sequence[str], places: Places) -> None:
        empty = {folder.name.lower() for folder in places.found.folders}
        absent, incomplete = [], []
        for scene in scenes:
            best = places.of.get(scene, [])
            if not best and f"{scene}_ms" not in empty:
                absent.append(scene)
            elif not best:
                incomplete.append(f"the folder of {scene} contains no {scene}_ms_NN.png")
            elif not best[0].complete:
                bands = listed(f"{band:02}" for band in BANDS if band not in best[0].bands)
                incomplete.append(f"{scene} lacks band {bands} (in {best[0]})")
        if absent or incomplete:
            missing = [f"no files of {listed(absent, 32)}"] if absent else []
            number = len(absent) + len(incomplete)
            raise RequestError(
                f"cave: expected {counted(len(scenes), 'scene')} of {len(BANDS)} bands, but "
                f"{number} of them {'is' if number == 1 else 'are'} missing: "
                f"{'; '.join(missing + incomplete[:8])}"
                f"{f'; and {len(incomplete) - 8} more' if len(incomplete) > 8 else ''}. "
                + get_missing(
                    self,
                    root,
                    "cave/, CAVE/ and complete_ms_data/, for folders and zips",
                    WHOLE,
                    places.found,
                )
            )

    def verify(self, root: Path, scenes: Sequence[str] | None = None) -> None:
        """Compare every PNG that would be used with the known SHA-256 of a complete copy.

        Args:
            root: the folder that contains `cave/`.
            scenes: names of the scenes; None for all.

        Raises:
            RequestError: files differ or are missing; the message lists them.
        """
        source = self._open(root, self.scenes if scenes is None else scenes)
        _verify((source.choose(scene).copy.place for scene in source.places), root)

    def fetch(self, root: Path) -> Path:
        """Download the zip to `root/cave/`, where it is read in place, unless all data are there.

        Files that are not the published ones stay; the zip is preferred to them. An existing zip is
        replaced only by a complete one, and only if it is incomplete itself: otherwise something
        else is wrong, which a download would not fix.

        Raises:
            RequestError: no mirror delivered the published file, or another file or folder has
                its name.
        """
        folder = root / "cave"
        if self._is_there(root):
            log(f"cave: all {len(self.scenes)} scenes are there, below {root}")
        elif self._is_complete(folder / WHOLE):
            self.open(root, self.scenes)  # raises what is wrong
        else:
            download(self.urls, folder / WHOLE, self.size, check=self._verify_zip)
            self.open(root, self.scenes)
            log(f"cave: {folder / WHOLE} is complete and verified")
        return folder if folder.is_dir() else root

    def _is_there(self, root: Path) -> bool:
        """Return whether the published data of every scene are there."""
        try:
            source = self._open(root, self.scenes)
            return all(source.choose(scene).copy.is_published for scene in self.scenes)
        except RequestError:
            return False

    def _is_complete(self, archive: Path) -> bool:
        try:
            self._verify_zip(archive)
        except RequestError:
            return False
        return True

    def _verify_zip(self, archive: Path) -> None:
        places = find_in_zip(archive, self.scenes)
        short = [
            name
            for name in self.scenes
            if not any(place.complete for place in places.get(name, []))
        ]
        if short:
            raise RequestError(f"the zip lacks bands of {listed(short)}")
        complete = [place for copies in places.values() for place in copies if place.complete]
        _verify(complete, archive.parent.parent)


def _verify(places: Iterable[Place], root: Path) -> None:
    known = _published().files
    differ = [
        name
        for place in places
        for name, content in place.contents()
        if hashlib.sha256(content).hexdigest() != known[bare(name)]
    ]
    if differ:
        verb, them = ("differs", "it") if len(differ) == 1 else ("differ", "them")
        raise RequestError(
            f"cave: {counted(len(differ), 'file')} {verb} from the published data (by SHA-256): "
            f"{listed(differ)}; {fetch_again('cave', root, them)}"
        )
