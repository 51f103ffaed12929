"""One measurement of a machine: limits, then every method, then what happens to images."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from benchmark.data.patches import PatchBank
from benchmark.data.split import DataRequest, load_split
from benchmark.engine import environment
from benchmark.engine.device import Device
from benchmark.engine.training.profiles import PROFILES, Profile
from benchmark.method import Method, NetworkMethod, Problem
from benchmark.protocols import catalogue
from benchmark.protocols.degradation import Degradation
from benchmark.tools.speed import accuracy, data, images, roofline, training
from benchmark.tools.speed.baseline_process import Apart
from benchmark.tools.speed.report import Row, Speed

# An image of CAVE's size; what is in it does not matter for time.
SHAPE = (31, 512, 512)
SCALE = 2
_CONDITIONS = """\
Training at x{scale} by the recipe of the profile 'standard': patches of 32 x 32, {singles} single
bands a step for band-wise methods, {cubes} cubes for the others. Plain: a DataLoader over patches
in HDF5, float32, contiguous, no autocast, the same recipe; in a process of its own, as torch comes.
In dB: both trained on the same patches in the same order, validated alike.
Images: {shape[1]} x {shape[2]}, {shape[0]} bands. Plain: float32, whole, one band at a time ({few}
of them, {corner} x {corner} at most, measured and scaled up). Memory: what the engine holds above
what it held before, the estimate counted, the image not.
Figures are medians over {turns} turns, 'faster' is the median of the turns' ratios."""
_BATCH = {"cpu": (64, 32), "cuda": (992, 32)}  # samples a step: single bands, cubic patches


@dataclass(frozen=True)
class Session:
    """What is to be measured.

    Attributes:
        methods: those without a network are left out.
        device: where.
        turns: how often engine and plain way take turns; figures are medians over them.
        shape: (bands, rows, columns) of the image that is estimated.
        data: whose preparation is measured; None measures none.
        profile: by which networks are trained to the end on `data`, fast and plainly.
        plugins: files with methods, for the process of the plain way.
    """

    methods: Sequence[Method]
    device: Device
    turns: int = 5
    shape: tuple[int, int, int] = SHAPE
    data: DataRequest | None = None
    profile: Profile | None = None
    plugins: Sequence[Path] = ()


def measure(session: Session, say: Callable[[str], None] = lambda _: None) -> Speed:
    """Measure how fast the engine is on a device, beside the plain way.

    Args:
        session: what is to be measured.
        say: is told what is being measured.

    Raises:
        RequestError: scenes of the data set are missing or damaged.
    """
    device = session.device
    split = load_split(session.data) if session.data else None  # whatever is wrong with it, at once
    say("the device's limits")
    most = roofline.measure(device)
    conditions = _CONDITIONS.format(
        scale=SCALE,
        singles=_BATCH[device.torch.type][0],
        cubes=_BATCH[device.torch.type][1],
        shape=session.shape,
        few=images.BANDS,
        corner=images.CORNER,
        turns=session.turns,
    )
    networks = [one for one in session.methods if isinstance(one, NetworkMethod)]
    with tempfile.TemporaryDirectory() as folder, Apart(session.plugins) as apart:
        rows = list(_speeds(session, networks, most, Path(folder), apart, say))
        if split is not None:
            say(f"preparing {split.dataset.title}")
            rows += data.prepare(split, Path(folder) / "data", device, apart)
    if split is not None and session.profile is not None:
        for method in networks:
            say(f"training {method.name} to the end, fast and plainly")
            rows.append(accuracy.trained(method, split, session.profile, SCALE, device))
    return Speed(environment.describe(device), most, tuple(conditions.splitlines()), tuple(rows))


def _speeds(
    session: Session,
    networks: Sequence[NetworkMethod],
    most: roofline.Limits,
    folder: Path,
    apart: Apart,
    say: Callable[[str], None],
) -> Iterator[Row]:
    device, turns = session.device, session.turns
    chosen = catalogue.get("wang2017")
    degradation = Degradation(chosen, SCALE)
    generator = torch.Generator().manual_seed(0)
    small = tuple(map(min, SHAPE, session.shape))
    truth = torch.rand(small, generator=generator).to(device.torch)
    bands, *shape = session.shape
    problem = Problem(SCALE, bands, (shape[0], shape[1]), degradation)
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
        yield images.estimate(method, problem, device, most, apart, max(1, turns // 2))
    say("degrading and scoring")
    yield images.degrade(chosen, truth, device, apart, turns)
    yield images.scoring(truth, device, apart, turns)
