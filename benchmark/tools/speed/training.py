"""Training speed: the engine's step against the plain loop's, turn by turn."""

from pathlib import Path

from torch.utils.flop_counter import FlopCounterMode

from benchmark.data.patches import PatchBank
from benchmark.data.sampler import PatchSampler, SamplingPlan
from benchmark.engine import seeding
from benchmark.engine.building import start
from benchmark.engine.device import Device
from benchmark.engine.training.step import Step
from benchmark.method import METHODS, NetworkMethod, Problem, Recipe
from benchmark.tools.speed.baseline_process import Apart
from benchmark.tools.speed.baseline_training import trainer, write_patches
from benchmark.tools.speed.report import Row
from benchmark.tools.speed.roofline import Limits
from benchmark.tools.speed.timing import paired

SECONDS = 1.5  # of each turn, about
_RATE = 1e-4


def measure(
    method: NetworkMethod,
    bank: PatchBank,
    problem: Problem,
    recipe: Recipe,
    device: Device,
    limits: Limits,
    folder: Path,
    apart: Apart,
    turns: int,
) -> Row:
    """Measure one method.

    Args:
        method: whose network and loss.
        bank: training patches on the device.
        problem: the task.
        recipe: `batch` counts samples: cubic patches, or single bands for a band-wise method.
        device: where.
        limits: what the device can do at most.
        folder: for the plain loop's patch file.
        apart: runs the plain loop.
        turns: how often engine and plain loop take turns.
    """
    with seeding.seeded(0, device.torch):
        network = device.place(start(method, problem, recipe))
        counted = start(method, problem, recipe).to(device.torch)
    step = Step(method, network, bank, recipe, device)
    plan = SamplingPlan(len(bank), bank.bands, recipe.batch, 10**9, 0, method.bandwise)
    batches = iter(PatchSampler(plan, 0))
    # As the method wrote it, not as the device computes it.
    with FlopCounterMode(display=False) as counter:
        Step(method, counted, bank, recipe, device).take(*next(batches), _RATE)
    label = METHODS.label(method)
    file = folder / f"{method.name}.h5"
    write_patches(file, bank, method, 4 * recipe.batch)
    other = apart.prepare(trainer, label, problem, file, recipe, device.torch, _RATE)
    found = paired(lambda: step.take(*next(batches), _RATE), other, device, turns, SECONDS)
    rate = recipe.batch / found.ours
    flops = counter.get_total_flops() / recipe.batch
    return Row(
        "train",
        label,
        rate,
        "patches/s" if not method.bandwise else "bands/s",
        recipe.batch / found.plain,
        found.ratio,
        rate * flops / 1e9 / limits.product,
        flops=flops,
    )
