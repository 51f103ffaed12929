"""The embedded data set: eighteen seeded scenes of occluding leaves under a lamp or the sky.

It needs no download, and is designed so that the methods rank on it as they do on CAVE. Under
`wang2017` at x2, x3, x4 (CAVE's in brackets) bicubic has 30.89, 30.58, 29.44 dB (31.75, 31.60,
30.17), the linear filter `wiener` band by band 35.34, 34.92, 34.48 (35.62, 35.37, 34.94), and on
all bands jointly 36.63, 36.24, 35.35 (36.50, 36.35, 35.42).

- Geometry: dead leaves, opaque shapes with power-law radii (Lee, Mumford & Huang, IJCV 2001),
  heaped on a black backdrop, each domed, shaded, casting a soft shadow, with 1/f texture.
- Spectra: smooth pigments from a palette of each scene's own (Maloney, JOSA A 1986; Parkkinen et
  al., JOSA A 1989), under CIE daylight (Judd et al., JOSA 1964), tungsten (Planck) or both.
- Camera: a small blur, exposure, a soft shoulder for highlights, noise of sensor and photons,
  and 16 bits that never saturate.

Its results show how methods compare, not how well they do on photographs.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmark.dataset import DataSet, Scene, Source, register
from benchmark.errors import RequestError, listed
from benchmark.plugins.parameters import parameter
from datasets._synthetic.painting import PEAK, render
from datasets._synthetic.spectra import band_centres

RECIPE = 1  # increase it when any byte of the scenes changes
SCENES = tuple(f"leaves{number:02d}" for number in range(1, 19))
TEST = ("leaves04", "leaves08", "leaves13", "leaves17")
VALIDATION = ("leaves06", "leaves15")


@register(
    "synthetic",
    bibtex="""
    @article{lee2001occlusion,
      author = {Lee, Ann B. and Mumford, David and Huang, Jinggang},
      title = {Occlusion Models for Natural Images: A Statistical Study of a Scale-Invariant Dead
        Leaves Model},
      journal = {International Journal of Computer Vision}, volume = {41}, pages = {35--59},
      year = {2001}, doi = {10.1023/A:1011109015675}
    }
    """,
)
class Synthetic(DataSet):
    """Seeded synthetic scenes; the default data set, as it needs no files."""

    title = "Synthetic (dead leaves)"
    synthetic = True

    rows: int = parameter(default=144, help="rows of every scene", low=16, high=2048)
    columns: int = parameter(default=128, help="columns of every scene", low=16, high=2048)
    bands: int = parameter(default=31, help="bands, evenly from 400 to 700 nm", low=2, high=301)
    seed: int = parameter(default=0, help="another seed is another set of scenes", low=0)

    @property
    def remark(self) -> str:
        """A note that these are not photographs."""
        return "Synthetic scenes, made from a seed: for comparing methods, not for quoting."

    @property
    def scenes(self) -> tuple[str, ...]:
        """Every scene's name."""
        return SCENES

    @property
    def test(self) -> tuple[str, ...]:
        """The four test scenes."""
        return TEST

    @property
    def validation(self) -> tuple[str, ...]:
        """The two training scenes held out for validation."""
        return VALIDATION

    def open(self, root: Path, scenes: Sequence[str]) -> Source:
        """Check the names of the scenes; `root` is not used.

        Raises:
            RequestError: a scene does not exist.
        """
        unknown = [name for name in scenes if name not in SCENES]
        if unknown:
            raise RequestError(
                f"no synthetic scene is called {listed(unknown)}; there are {listed(SCENES, 30)}"
            )
        return _SyntheticSource(self.rows, self.columns, self.bands, self.seed)


class _SyntheticSource(Source):
    """Renders scenes on demand, each in less than a second."""

    def __init__(self, rows: int, columns: int, bands: int, seed: int) -> None:
        self.stamp = f"synthetic recipe {RECIPE}: {rows} x {columns} x {bands}, seed {seed}"
        self._shape = (rows, columns)
        self._bands = bands
        self._seed = seed

    def read(self, scene: str) -> Scene:
        if scene not in SCENES:
            raise RequestError(f"no synthetic scene is called {scene}; see {SCENES[0]} and so on")
        sequence = np.random.SeedSequence(self._seed, spawn_key=(SCENES.index(scene),))
        wavelengths = band_centres(self._bands)
        cube = render(np.random.Generator(np.random.PCG64(sequence)), self._shape, wavelengths)
        return Scene(scene, cube, tuple(float(centre) for centre in wavelengths), float(PEAK))
