"""The copies of one of CAVE's scenes: decoded, checked, and compared with the published data."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from benchmark.data.formats.png import decode
from benchmark.errors import RequestError, counted, listed
from datasets._layouts.cave import BANDS, Place
from datasets._remedies import fetch_again

COLOUR = {"watercolors"}  # published in 8-bit RGBA, all others in 16-bit grey


@dataclass(frozen=True)
class Published:
    """The SHA-256 of the published data, in hexadecimal digits.

    Attributes:
        files: by the name of a file.
        pixels: by the name of a scene: of its decoded values row by row, band after band, each
            uint16 as two bytes, the lower one first, or uint8 as one.
    """

    files: Mapping[str, str]
    pixels: Mapping[str, str]

    @classmethod
    def read(cls, files: Path, pixels: Path) -> "Published":
        """Read both lists, in the format of `sha256sum`."""
        return cls(_listed_sums(files), _listed_sums(pixels))


def _listed_sums(file: Path) -> dict[str, str]:
    pairs = (line.split() for line in file.read_text(encoding="ascii").splitlines())
    return {name: digest for digest, name in pairs}


class Copy:
    """One complete copy of a scene, read and compared with the published data.

    Args:
        scene: the scene's name.
        place: where its bands are.
        published: hashes of the published data.
        root: the folder that was searched, for messages.

    Raises:
        RequestError: a file cannot be read, or has the content of another published file.
    """

    def __init__(self, scene: str, place: Place, published: Published, root: Path) -> None:
        self.scene, self.place = scene, place
        self._published, self._root = published, root
        self._contents = place.contents()
        owners = {digest: name for name, digest in published.files.items()}
        self.other_files: list[str] = []  # that are not the published ones, byte by byte
        for name, content in self._contents:
            digest = hashlib.sha256(content).hexdigest()
            if (owner := owners.get(digest)) is None:
                self.other_files.append(bare(name))
            elif owner != bare(name):
                raise RequestError(
                    f"{name} has the content of the published {owner}: files were swapped; "
                    f"{fetch_again('cave', root)}"
                )

    @cached_property
    def bands(self) -> list[np.ndarray]:
        """The decoded bands: (rows, columns) uint16, or uint8 (`watercolors`).

        Raises:
            RequestError: a file is damaged or of another kind, or the bands differ in size.
        """
        with ThreadPoolExecutor() as pool:  # PIL decodes without the GIL
            bands = list(pool.map(self._decoded, self._contents))
        for (name, _), band in zip(self._contents, bands, strict=True):
            if band.shape != bands[0].shape:
                raise RequestError(
                    f"{name} has {_size(band)} pixels but {self._contents[0][0]} has "
                    f"{_size(bands[0])}; the bands of a scene have one size; "
                    f"{fetch_again('cave', self._root)}"
                )
        return bands

    def _decoded(self, item: tuple[str, bytes]) -> np.ndarray:
        name, content = item
        try:
            return decode(content, self.scene in COLOUR)
        except ValueError as error:
            raise RequestError(
                f"{name} cannot be used: {error}; {fetch_again('cave', self._root)}"
            ) from error

    @cached_property
    def is_published(self) -> bool:
        """True if its pixels are the published ones, even if its files were encoded again."""
        return not self.other_files or pixels_digest(self.bands) == self._published.pixels.get(
            self.scene
        )

    @property
    def difference(self) -> str:
        """What distinguishes it from the published data; empty if nothing."""
        if self.is_published:
            return ""
        names, total = self.other_files, len(BANDS)
        return f"{_size(self.bands[0])} pixels, {len(names)} of {counted(total, 'file')} differ" + (
            f": {listed(names, 4)}" if len(names) < total else ""
        )

    @property
    def rank(self) -> tuple[bool, int, int]:
        """Larger for the better of two copies: published, more published files, more pixels."""
        if self.is_published:
            return True, 0, 0
        return False, -len(self.other_files), self.bands[0].size


@dataclass(frozen=True)
class Choice:
    """The best copy of a scene, and the others.

    Attributes:
        copy: the one to use.
        left: place of each other copy whose pixels may differ, and why it is left.
    """

    copy: Copy
    left: Mapping[str, str]

    @property
    def remark(self) -> str:
        """What tables say about the scene; empty if it is the published data."""
        return "" if self.copy.is_published else "not the published data"

    @property
    def sentence(self) -> str:
        """Which copy is used and why, and which are left; empty for the published data alone."""
        scene, parts = self.copy.scene, []
        if not self.copy.is_published:
            parts.append(
                f"{scene} in {self.copy.place} is not the published data, by SHA-256 "
                f"({self.copy.difference})"
            )
        elif self.left:
            parts.append(f"{scene} is taken from {self.copy.place}, the published data")
        parts += [f"{place} is left ({why})" for place, why in self.left.items()]
        return "; ".join(parts)


def choose(scene: str, places: Sequence[Place], published: Published, root: Path) -> Choice:
    """Choose among complete copies of a scene: the published one, or else the most similar.

    Raises:
        RequestError: no copy can be used; the message is about the first.
    """
    copies: list[Copy] = []
    failed: dict[str, RequestError] = {}
    for place in places:
        try:
            copy = Copy(scene, place, published, root)
            if not copy.is_published:
                _ = copy.bands
        except RequestError as error:
            failed[str(place)] = error
        else:
            copies.append(copy)
    if not copies:
        raise next(iter(failed.values()))
    best = max(copies, key=lambda copy: copy.rank)  # the first of equals
    left = {place: str(error).split(";")[0] for place, error in failed.items()}
    for copy in copies:
        if copy is not best and not (copy.is_published and best.is_published):
            left[str(copy.place)] = copy.difference
    return Choice(best, left)


def pixels_digest(bands: Sequence[np.ndarray]) -> str:
    """Compute the SHA-256 of decoded bands as `Published.pixels` describes it."""
    hasher = hashlib.sha256()
    for band in bands:
        hasher.update(np.ascontiguousarray(band, band.dtype.newbyteorder("<")).data)
    return hasher.hexdigest()


def bare(name: str) -> str:
    """Return the name of a file, without folders and in lower case as it was published."""
    return re.split(r"[/:\\]", name)[-1].lower()


def _size(band: np.ndarray) -> str:
    return f"{band.shape[0]} x {band.shape[1]}"
