"""One measurement of a machine: limits, then every method, then what happens to images."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from benchmark import environment, protocol
from benchmark.dataset import DataSet
from benchmark.degradation import Degradation
from benchmark.device import Device
from benchmark.method import Method, NetworkMethod, Problem
from benchmark.patches import PatchBank
from benchmark.profile import PROFILES
from benchmark.speed import data, images, limits, training
from benchmark.speed.apart import Apart
from benchmark.speed.rows import Row, Speed

# An image of CAVE's size; what is in it does not matter for time.
SHAPE = (31, 512, 512)
SCALE = 2
_CONDITIONS = """\
Training at x{scale} by the recipe of the profile 'standard': patches of 32 x 32, {singles} single
bands a step for band-wise methods, {cubes} cubes for the others. Plain: a DataLoader over patches
in HDF5, float32, contiguous, no autocast, the same recipe; in a process of its own, as torch comes.
Images: {shape[1]} x {shape[2]}, {shape[0]} bands. Plain: float32, whole, one band at a time ({few}
of them measured and scaled up). Memory: what the engine holds above what it held before.
Figures are medians over {turns} turns, 'faster' is the median of the turns' ratios."""
_BATCH = {"cpu": (64, 32), "cuda": (992, 32)}  # samples a step: single bands, cubic patches


def measure(
    methods: Sequence[Method],
    device: Device,
    *,
    turns: int = 5,
    shape: tuple[int, int, int] = SHAPE,
    dataset: DataSet | None = None,
    root: Path = Path("data"),
    plugins: Sequence[Path] = (),
    say: Callable[[str], None] = lambda _: None,
) -> Speed:
    """Measure how fast the engine is on a device, beside the plain way.

    Args:
        methods: those without a network are left out.
        device: where.
        turns: how often engine and plain way take turns; figures are medians over them.
        shape: (bands, rows, columns) of the image.
        dataset: whose preparation is measured; None measures none.
        root: the folder that holds `cave/` and so on.
        plugins: files with methods, for the process of the plain way.
        say: is told what is being measured.

    Raises:
        RequestError: scenes of the data set are missing or damaged.
    """
    say("the device's limits")
    most = limits.measure(device)
    conditions = _CONDITIONS.format(
        scale=SCALE,
        singles=_BATCH[device.torch.type][0],
        cubes=_BATCH[device.torch.type][1],
        shape=shape,
        few=images.BANDS,
        turns=turns,
    )
    with tempfile.TemporaryDirectory() as folder, Apart(plugins) as apart:
        rows = list(_networks(methods, device, turns, shape, most, Path(folder), apart, say))
        if dataset is not None:
            say(f"preparing {dataset.title}")
            rows += data.prepare(dataset, root, Path(folder) / "data", device, apart)
    return Speed(environment.describe(device), most, tuple(conditions.splitlines()), tuple(rows))


def _networks(
    methods: Sequence[Method],
    device: Device,
    turns: int,
    shape: tuple[int, int, int],
    most: limits.Limits,
    folder: Path,
    apart: Apart,
    say: Callable[[str], None],
) -> Iterator[Row]:
    chosen = protocol.get("wang2017")
    degradation = Degradation(chosen, SCALE)
    truth = _image(shape).to(device.torch)
    problem = Problem(SCALE, shape[0], (shape[1], shape[2]), degradation)
    networks = [one for one in methods if isinstance(one, NetworkMethod)]
    singles, cubes = _BATCH[device.torch.type]
    bank = PatchBank([truth], degradation, count=4096, size=32, seed=0, device=device.torch)
    for method in networks:
        say(f"training {method.name}")
        recipe = replace(
            PROFILES["standard"].recipe(method), batch=singles if method.bandwise else cubes
        )
        yield training.measure(method, bank, problem, recipe, device, most, folder, apart, turns)
    for method in networks:
        say(f"estimating with {method.name}")
        yield images.estimate(method, truth, problem, device, apart, max(1, turns // 2))
    say("degrading and scoring")
    yield images.degrade(chosen, truth, device, apart, turns)
    yield images.scoring(truth, device, apart, turns)


def _image(shape: tuple[int, int, int]) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(shape, generator=generator)
