"""CAVE: 32 indoor scenes of Columbia University, 31 bands from 400 to 700 nm."""

import hashlib
import io
import re
import zlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np

from benchmark.dataset import DataSet, Scene, Source, register
from benchmark.errors import RequestError, listed
from datasets._archives import Found, download, open_zip, say, search, stamp

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
COLOUR = {"watercolors"}  # published as 8-bit RGBA, the others as 16-bit greyscale
HASHES = Path(__file__).with_name("cave_sha256.txt")  # of a complete copy, as `sha256sum` writes

_PNG = b"\x89PNG\r\n\x1a\n"
_BAND = re.compile(r"(?P<scene>\w+)_ms_(?P<band>[0-9]{2})\.png")
_KINDS = {0: "grey", 2: "RGB", 3: "palette", 4: "grey with alpha", 6: "RGBA"}
_MOST_PIXELS = 1 << 26  # CAVE has 2**18; a header may claim anything


@dataclass
class _Place:
    """Where one scene's bands are: files of a folder, or members of a zip."""

    folder: Path
    archive: Path | None = None
    bands: dict[int, str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        return len(self.bands) == len(BANDS)

    def contents(self) -> list[tuple[str, bytes]]:
        """Give each band's name, for messages, and its bytes."""
        names = [self.bands[band] for band in BANDS]
        if self.archive:
            with open_zip(self.archive) as (opened, _):
                return [(f"{self.archive}:{name}", opened.read(name)) for name in names]
        files = [self.folder / name for name in names]
        try:
            return [(str(file), file.read_bytes()) for file in files]
        except OSError as error:
            raise RequestError(
                f"cannot read {error.filename}: {error.strerror}; has it moved since the start?"
            ) from error


class _Cave(Source):
    def __init__(self, root: Path, places: dict[str, _Place]) -> None:
        self.root, self.places = root, places
        self.stamp = stamp(
            (
                file
                for place in places.values()
                for file in (
                    [place.archive]
                    if place.archive
                    else [place.folder / name for name in place.bands.values()]
                )
            ),
            root,
        )

    def read(self, scene: str) -> Scene:
        """Read one scene: uint16 with peak 65535, or uint8 with peak 255 (`watercolors`)."""
        colour = scene in COLOUR
        contents = self.places[scene].contents()
        with ThreadPoolExecutor() as pool:  # PIL decodes outside the interpreter's lock
            made = pool.map(lambda item: _decode(item[0], item[1], colour, self.root), contents)
            bands = list(made)
        for (name, _), band in zip(contents, bands, strict=True):
            if band.shape != bands[0].shape:
                raise RequestError(
                    f"{name} has {_size(band)} pixels but {contents[0][0]} has {_size(bands[0])}; "
                    f"the bands of a scene have one size; {_again(self.root)}"
                )
        wavelengths = tuple(float(400 + 10 * index) for index in range(len(BANDS)))
        return Scene(scene, np.stack(bands, axis=-1), wavelengths, 255.0 if colour else 65535.0)


def _opens(folder: str) -> bool:
    return folder.lower() in ("cave", "complete_ms_data") or (
        folder.endswith("_ms") and folder.removesuffix("_ms") in SCENES
    )


def _in_folders(found: Found) -> dict[str, _Place]:
    there: dict[tuple[str, Path], _Place] = {}
    for file in found.files:
        _note(there, file.name, file.name, _Place(file.parent))
    return _best(there)


def _in_zip(archive: Path, scenes: Sequence[str]) -> dict[str, _Place]:
    there: dict[tuple[str, Path], _Place] = {}
    with open_zip(archive) as (_, members):
        for member in members:
            folder, _, name = member.filename.rpartition("/")
            _note(there, name, member.filename, _Place(Path(folder), archive))
    return {scene: place for scene, place in _best(there).items() if scene in scenes}


def _note(there: dict[tuple[str, Path], _Place], name: str, full: str, place: _Place) -> None:
    match = _BAND.fullmatch(name)
    if match and match["scene"] in SCENES and int(match["band"]) in BANDS:
        kept = there.setdefault((match["scene"], place.folder), place)
        kept.bands[int(match["band"])] = full


def _best(there: dict[tuple[str, Path], _Place]) -> dict[str, _Place]:
    """Of each scene's copies take the first complete one, or the one that lacks least."""
    places: dict[str, _Place] = {}
    for (scene, _), place in there.items():
        _better(places, {scene: place})
    return places


def _better(places: dict[str, _Place], others: dict[str, _Place]) -> None:
    for scene, place in others.items():
        if scene not in places or len(place.bands) > len(places[scene].bands):
            places[scene] = place


def _verify(places: Iterable[_Place], root: Path) -> None:
    pairs = (line.split() for line in HASHES.read_text(encoding="ascii").splitlines())
    known = {name: digest for digest, name in pairs}
    differ = [
        name
        for place in places
        for name, content in place.contents()
        if hashlib.sha256(content).hexdigest() != known[re.split(r"[/:\\]", name)[-1]]
    ]
    if differ:
        raise RequestError(
            f"cave: {len(differ)} files are not what was published (their SHA-256 differs): "
            f"{listed(differ)}; {_again(root).replace('it', 'them', 1)}"
        )


def _size(band: np.ndarray) -> str:
    return f"{band.shape[0]} x {band.shape[1]}"


def _again(root: Path) -> str:
    return f"delete it and run 'python run_all.py fetch cave --data {root}'"


def _header(content: bytes) -> tuple[int, int, int, int]:
    """Walk a PNG's chunks and checksums; PIL passes over both of a damaged file's.

    Returns:
        Rows, columns, bit depth and colour type.

    Raises:
        ValueError: what is wrong.
    """
    if not content.startswith(_PNG):
        raise ValueError("not a PNG file" if content else "an empty file")
    place, kind = len(_PNG), b""
    while kind != b"IEND":
        length = int.from_bytes(content[place : place + 4], "big")
        end = place + 12 + length
        if len(content) < end:
            raise ValueError("the file is cut short")
        kind = content[place + 4 : place + 8]
        stated = int.from_bytes(content[end - 4 : end], "big")
        if zlib.crc32(content[place + 4 : end - 4]) != stated:
            raise ValueError("a checksum does not agree")
        place = end
    columns, rows = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
    return rows, columns, content[24], content[25]


def _decode(name: str, content: bytes, colour: bool, root: Path) -> np.ndarray:
    """Decode one band to (rows, columns), uint8 where it is in colour, else uint16."""
    from PIL import Image

    try:
        rows, columns, depth, kind = _header(content)
        if (depth, kind) != ((8, 6) if colour else (16, 0)):
            raise ValueError(
                f"expected a {'8-bit RGBA' if colour else '16-bit grey'} PNG, "
                f"found {depth}-bit {_KINDS.get(kind, kind)}"
            )
        if not 0 < rows * columns <= _MOST_PIXELS:
            raise ValueError(f"it claims {rows} x {columns} pixels")
        with Image.open(io.BytesIO(content)) as image:
            band = np.asarray(image)
        if not colour:
            return band.astype(np.uint16, copy=False)
        if (band[..., :3] != band[..., :1]).any() or (band[..., 3] != 255).any():
            raise ValueError("expected R = G = B and alpha 255 in every pixel, found others")
        return band[..., 0]
    except (ValueError, OSError, SyntaxError) as error:  # PIL's for damage are the last two
        raise RequestError(f"{name} cannot be used: {error}; {_again(root)}") from error


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
        found = search(root, _opens)
        places = _in_folders(found)
        for name in (*(f"{scene}_ms.zip" for scene in scenes), WHOLE):
            lacking = [one for one in scenes if one not in places or not places[one].complete]
            alone = name.removesuffix("_ms.zip")
            for archive in (file for file in found.files if file.name == name):
                if lacking and (name == WHOLE or alone in lacking):
                    _better(places, _in_zip(archive, lacking))
        self._complain(root, scenes, places, found)
        return _Cave(root, {scene: places[scene] for scene in scenes})

    def _complain(
        self, root: Path, scenes: Sequence[str], places: dict[str, _Place], found: Found
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
            where = root if root.is_dir() else f"{root}, which is no folder"
            raise RequestError(
                f"cave: expected {len(scenes)} scenes of {len(BANDS)} bands, but "
                f"{len(gone) + len(wrong)} of them cannot be had: "
                f"{'; '.join(missing + wrong[:8])}"
                f"{f'; and {len(wrong) - 8} more' if len(wrong) > 8 else ''}. "
                f"Looked in {where} and its cave/, CAVE/ and complete_ms_data/, for folders and "
                f"zips. Run 'python run_all.py fetch cave --data {root}', get {WHOLE} from "
                f"{self.home}, or name the scenes that you have with --scenes"
            )

    def verify(self, root: Path, scenes: Sequence[str] | None = None) -> None:
        """Compare every PNG with the known SHA-256 of a complete copy.

        Args:
            root: the folder that holds `cave/`.
            scenes: which; all where not given.

        Raises:
            RequestError: files differ, or are missing; which.
        """
        source = self.open(root, self.scenes if scenes is None else scenes)
        _verify(source.places.values(), root)  # type: ignore[attr-defined]

    def fetch(self, root: Path) -> Path:
        """Download the zip to `root/cave/`, where it is read in place, unless all is there.

        Raises:
            RequestError: no mirror delivered what was published.
        """
        folder = root / "cave"
        try:
            self.open(root, self.scenes)
            say(f"cave: all {len(self.scenes)} scenes are there, below {root}")
        except RequestError:
            download(self.urls, folder / WHOLE, self.size, check=self._verify_zip)
            self.open(root, self.scenes)
            say(f"cave: {folder / WHOLE} is complete and verified")
        return folder if folder.is_dir() else root

    def _verify_zip(self, archive: Path) -> None:
        places = _in_zip(archive, self.scenes)
        short = [one for one in self.scenes if one not in places or not places[one].complete]
        if short:
            raise RequestError(f"the zip lacks bands of {listed(short)}")
        _verify(places.values(), archive.parent.parent)
