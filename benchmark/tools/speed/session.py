"""Measure a machine: the roofline, then engine and baseline in interleaved turns."""

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmark import CHECKOUT
from benchmark.data.split import DataRequest, load_split
from benchmark.engine.inference.building import problem_of_network
from benchmark.engine.machine import environment, seeding
from benchmark.engine.machine.algorithms import describe
from benchmark.engine.machine.device import Device
from benchmark.engine.training.profiles import Profile
from benchmark.errors import RequestError, counted
from benchmark.method import METHODS, Method, NetworkMethod, Problem
from benchmark.protocol import PROTOCOLS
from benchmark.tools.speed import baseline, items
from benchmark.tools.speed.baseline import PATCH, PROTOCOL, SCALE
from benchmark.tools.speed.items import Item
from benchmark.tools.speed.report import Report
from benchmark.tools.speed.resources import roofline, seconds

# The size of CAVE's images; their content does not affect the time.
SHAPE = (31, 512, 512)
SECONDS = 1.0  # minimum per figure and turn


@dataclass(frozen=True)
class Session:
    """What to measure.

    Attributes:
        methods: those without a network are skipped.
        device: where the engine and the baseline compute.
        turns: the number of measurements of each.
        shape: (bands, rows, columns) of the image that is estimated.
        data: the data set whose preparation is measured; None for none.
        profile: for training on `data` with the engine and with the baseline; None for none.
        plugins: files with methods, for the baseline process.
    """

    methods: Sequence[Method]
    device: Device
    turns: int = 3
    shape: tuple[int, int, int] = SHAPE
    data: DataRequest | None = None
    profile: Profile | None = None
    plugins: Sequence[Path] = ()


def measure(session: Session, progress: Callable[[str], None] = lambda _: None) -> Report:
    """Measure how fast the engine is on a device, against the baseline and the roofline.

    Args:
        session: what to measure.
        progress: called with the name of each measurement.

    Raises:
        RequestError: scenes of the data set are missing or damaged, or the baseline failed.
    """
    device, turns = session.device, session.turns
    split = (
        load_split(session.data, PROTOCOLS.make(PROTOCOL)) if session.data else None
    )  # may fail: first of all
    networks, refused = _networks(session)
    progress("the roofline")
    peak = roofline(device)
    progress("operations and memory")
    with tempfile.TemporaryDirectory() as folder:
        truth = torch.rand(tuple(map(min, SHAPE, session.shape))).to(device.torch)
        few = max(1, turns // 2)
        measured = [
            *(items.training(one, truth, device, turns) for one in networks),
            *(items.inference(one, session.shape, device, few) for one in networks),
            *items.image(truth, turns),
            *(items.data(split, Path(folder)) if split else ()),
        ]
        for turn in range(turns):
            due = [item for item in measured if turn < item.turns]
            # The order alternates, so that neither side is always first.
            for side in ("engine", "baseline") if turn % 2 == 0 else ("baseline", "engine"):
                progress(f"{side}, turn {turn + 1} of {turns}")
                if side == "baseline":
                    _time_baseline(due, session, folder)
                    continue
                for item in due:
                    if len(item.seconds) == turn:
                        item.seconds.append(seconds(item.engine, device.torch, SECONDS))
    rows = [item.row(peak.product) for item in measured]
    if split and session.profile:
        for method in networks:
            progress(f"training {method.name} with engine and baseline")
            rows.append(items.accuracy(method, split, session.profile, device))
    conditions = [*_conditions(session), *refused]
    algorithms = [line for one in networks for line in _algorithms(one, session)]
    return Report(environment.describe(device), peak, conditions, rows, algorithms)


def _algorithms(method: NetworkMethod, session: Session) -> list[str]:
    """Describe by which algorithm each layer of a network is computed, equal layers in one line."""
    device = session.device
    bands, rows, columns = session.shape
    degradation = PROTOCOLS.make(PROTOCOL).degradation(SCALE)
    problem = problem_of_network(method, Problem(SCALE, bands, (rows, columns), degradation))
    with seeding.seeded(0, device.torch):
        network = device.place(method.network(problem))
    lines = []
    side, single = PATCH // SCALE if method.inputs == ("low",) else PATCH, method.bandwise
    batch = items.BATCH[device.torch.type][not single]
    told = {
        "training": describe(network, bfloat16=device.bfloat16, images=(batch, side, side)),
        "images": describe(network, images=(1, rows, columns)),
    }
    for what, layers in told.items():
        alike = Counter((layer.shape, layer.name, layer.reason) for layer in layers)
        lines += [
            f"{METHODS.label(method)}, {what}: {counted(count, 'layer')} of {shape}: "
            f"{name}; {reason}"
            for (shape, name, reason), count in alike.items()
        ]
    return lines


def _networks(session: Session) -> tuple[list[NetworkMethod], list[str]]:
    """Return the networks to measure, and a line for each that refuses the problem."""
    bands, rows, columns = session.shape
    degradation = PROTOCOLS.make(PROTOCOL).degradation(SCALE)
    problem = Problem(SCALE, bands, (rows, columns), degradation)
    networks = [one for one in session.methods if isinstance(one, NetworkMethod)]
    refused = {one: why for one in networks if (why := one.refusal(problem))}
    lines = [f"Left out: {METHODS.label(one)} {why}." for one, why in refused.items()]
    return [one for one in networks if one not in refused], lines


def _conditions(session: Session) -> list[str]:
    """Describe what was measured, in lines for the report."""
    (bands, rows, columns), (single, cubes) = session.shape, items.BATCH[session.device.torch.type]
    turns = counted(session.turns, "turn")
    return f"""\
Training at x{SCALE} by the recipe of the profile 'standard': patches of {PATCH} x {PATCH},
{single} single bands a step for band-wise methods, {cubes} cubes for the others; on a CPU fewer
where a step would take more than {items.OPERATIONS / 1e9:.0f} GFLOP.
Baseline: a DataLoader over patches in HDF5, float32, contiguous, no autocast, the same recipe; in a
separate process. In dB: both trained on the same patches in the same order, validated alike.
Images: {rows} x {columns}, {counted(bands, "band")}. Baseline: float32, whole, one band at a time
({items.BANDS} of them, at most {items.CORNER} x {items.CORNER}, by large networks a smaller corner;
measured and scaled up). Memory: the engine's peak above the memory in use before, of a step or of
an image with its estimate.
Interleaved timing: medians over {turns}; 'faster' is the median of the turns' ratios.
'Of peak': operations a second, over those of the roofline's matrix product.""".splitlines()


def _time_baseline(measured: Sequence[Item], session: Session, folder: str) -> None:
    """Time these items once in a new process of the same Python."""
    asked = [item for item in measured if item.request]
    request = {
        "requests": [item.request for item in asked],
        "at_least": SECONDS,
        "device": str(session.device.torch),
        "threads": torch.get_num_threads(),
        "plugins": [str(plugin.absolute()) for plugin in session.plugins],
        "folder": folder,
    }
    session.device.empty_cache()  # the other process needs the memory
    done = subprocess.run(  # noqa: S603 - this Python, this checkout
        [sys.executable, "-m", baseline.__name__],
        cwd=CHECKOUT,
        input=json.dumps(request),
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        said = (done.stderr.strip() or "nothing").splitlines()[-1]
        raise RequestError(
            f"the baseline's process ended with exit code {done.returncode}: {said}; leave the "
            "method out with --methods, or choose a smaller image with --size"
        )
    # A plugin may have printed before.
    for item, taken in zip(asked, json.loads(done.stdout.splitlines()[-1]), strict=True):
        item.baseline.append(taken)
