"""Training speed: the engine's step against the plain loop's, turn by turn."""

from pathlib import Path

from torch.utils.flop_counter import FlopCounterMode

from benchmark import randomness
from benchmark.device import Device
from benchmark.method import METHODS, NetworkMethod, Problem, Recipe
from benchmark.order import Order, Shares
from benchmark.patches import PatchBank
from benchmark.speed.limits import Limits
from benchmark.speed.paired import paired
from benchmark.speed.plain import PatchFile, PlainLoop, write_patches
from benchmark.speed.rows import Row
from benchmark.step import Step
from benchmark.training import start

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
        turns: how often engine and plain loop take turns.
    """
    with randomness.seeded(0, device.torch):
        ours = device.place(start(method, problem, recipe))
        plain = start(method, problem, recipe)
    step = Step(method, ours, bank, recipe, device)
    file = folder / f"{method.name}.h5"
    write_patches(file, bank, method, 4 * recipe.batch)
    patches = PatchFile(file)
    loop = PlainLoop(method, plain, patches, recipe, device.torch)
    shares = Shares(len(bank), bank.bands, recipe.batch, 10**9, 0, method.bandwise)
    batches = iter(Order(shares, 0))

    def one() -> None:
        step.take(*next(batches), _RATE)

    def other() -> None:
        loop.step(_RATE)

    with FlopCounterMode(display=False) as counter:
        one()
    found = paired(one, other, device, turns, SECONDS)
    patches.close()
    file.unlink()
    rate = recipe.batch / found.ours
    flops = counter.get_total_flops() / recipe.batch
    return Row(
        "train",
        METHODS.label(method),
        rate,
        "patches/s" if not method.bandwise else "bands/s",
        recipe.batch / found.plain,
        found.ratio,
        rate * flops / 1e9 / limits.product,
    )
