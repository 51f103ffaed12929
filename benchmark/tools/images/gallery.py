"""The images behind figures: for one data set, scale and seed, what every done method estimates."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote

from benchmark.engine.device import Device
from benchmark.errors import RequestError, listed
from benchmark.execution.listeners.progress import Progress
from benchmark.execution.plan import CellPlan, plan_tables
from benchmark.execution.request import Request, numbers, resolve
from benchmark.execution.status import status_of
from benchmark.method import METHODS
from benchmark.plugins.parameters import split_list
from benchmark.store.address import Address
from benchmark.store.cells import WEIGHTS, Cell
from benchmark.tools.images.model import View
from benchmark.tools.images.predictions import Recalled, recall

Told = Callable[[str], None]


@dataclass(frozen=True)
class Gallery:
    """The cells that figures of one data set, scale and seed are made from.

    Attributes:
        label: of the data set's results.
        scale: the factor.
        seed: of the methods that draw something at random; the others have seed 0.
        cells: done, in the order of the request.
        scenes: the test scenes chosen, in the order of the split.
        tested: how many test scenes there are in all.
        left_out: methods without a finished cell, and why.
        without_images: methods whose cell is done and whose weights are not stored, and why.
        tasks: those that images can be made of.
    """

    label: str
    scale: int
    seed: int
    cells: tuple[Cell, ...]
    scenes: tuple[str, ...]
    tested: int
    left_out: Mapping[str, str]
    without_images: Mapping[str, str]
    tasks: tuple[CellPlan, ...]

    def views(self, results: Path, device: Device, told: Told = lambda _: None) -> Iterator[View]:
        """Estimate the chosen scenes again, one at a time; one scene's images are held at once.

        Args:
            results: the results folder.
            device: where.
            told: is told what is estimated now.

        Raises:
            RequestError: no method has an estimate of a scene; why is said for each.
        """
        for scene in self.scenes:
            shown: dict[str, Recalled] = {}
            missed = {**self.left_out, **self.without_images}
            for task in self.tasks:
                method = task.address.method
                told(f"{scene}: {method}")
                try:
                    shown[method] = next(recall(task, results, device, [scene]))
                except RequestError as error:
                    missed[method] = str(error)
                except Exception as error:  # noqa: BLE001 - a method's own exception
                    missed[method] = f"{type(error).__name__}: {error}"
            if not shown:
                raise RequestError(f"no method has an image of {scene}: {_reasons(missed)}")
            first = next(iter(shown.values()))
            estimates = {label: one.estimate for label, one in shown.items()}
            yield View(scene, first.wavelengths, first.truth, first.low, estimates, missed)


def galleries(
    request: Request, progress: Progress, scenes: Sequence[str] = ()
) -> Iterator[Gallery]:
    """Look up what figures can be made from; one gallery a data set, scale and seed.

    Args:
        request: which results; without methods, every method that has a folder there. Its own
            `scenes` are the subset that was run, if any.
        progress: is told of data that have to be prepared first.
        scenes: the test scenes to show; all where empty.

    Raises:
        RequestError: something about the request is wrong, a scene is no test scene, or nothing is
            done.
    """
    strangers: dict[str, str] = {}
    asked = split_list(request.methods)
    if not asked:
        asked, strangers = _stored(request)
    for table in plan_tables(resolve(replace(request, methods=",".join(asked))), progress):
        label, tasks = table.label, table.cells
        for scale in dict.fromkeys(task.address.scale for task in tasks):
            here = [task for task in tasks if task.address.scale == scale]
            for seed in numbers(request.seeds, "--seeds") or (0,):
                # What only another data set has been run with was not asked for here.
                mine = [
                    task
                    for task in here
                    if task.address.seed == _seed_of(task, here, seed)
                    and (request.methods or _run(task.address, request.results))
                ]
                yield _gallery(request, label, scale, seed, mine, strangers, scenes)


def _seed_of(task: CellPlan, tasks: Sequence[CellPlan], seed: int) -> int:
    """Give the seed of a task's method: the one asked for, or its only one."""
    own = {one.address.seed for one in tasks if one.address.method == task.address.method}
    return seed if seed in own else min(own)


def _run(address: Address, results: Path) -> bool:
    """Tell whether a method has a folder in the results, whatever lies in it."""
    return address.folder(results).parent.exists()


def _stored(request: Request) -> tuple[list[str], dict[str, str]]:
    """List the methods that have folders in the results, and those that nobody knows here."""
    pattern = f"*/{request.protocol}/{request.profile}/x*/*"
    names = {unquote(folder.name) for folder in request.results.glob(pattern) if folder.is_dir()}
    known, strangers = [], {}
    for name in sorted(name for name in names if not name.startswith(".")):
        try:
            known.append(METHODS.label(METHODS.make(name)))
        except RequestError as error:
            strangers[name] = str(error)
    if not known:
        raise RequestError(
            f"there are no results of protocol {request.protocol} and profile {request.profile} "
            f"in {request.results}; make them with: python run_all.py --dataset "
            f"{request.datasets} --profile {request.profile}"
        )
    return known, strangers


def _gallery(
    request: Request,
    label: str,
    scale: int,
    seed: int,
    tasks: Sequence[CellPlan],
    strangers: Mapping[str, str],
    scenes: Sequence[str],
) -> Gallery:
    cells, left_out, without, usable = [], {}, {}, []
    for task in tasks:
        method = task.address.method
        status = status_of(task, request.results)
        if status.state != "done" or status.cell is None:
            left_out[method] = f"{status.state}: {status.reason}"
            continue
        cells.append(status.cell)
        if WEIGHTS in status.cell.facts["sums"] and not (status.cell.folder / WEIGHTS).exists():
            without[method] = "it came without weights; run the cell again"
            continue
        usable.append(task)
    tests = tasks[0].split.test.names if tasks else []
    if unknown := [name for name in scenes if name not in tests and tests]:
        raise RequestError(
            f"--scenes: {listed(unknown)} is no test scene of {label}; they are {listed(tests, 30)}"
        )
    left_out |= {
        name: reason
        for name, reason in strangers.items()
        if tasks and _run(replace(tasks[0].address, method=name), request.results)
    }
    if not cells:
        raise RequestError(
            f"nothing is done of {label} x{scale}, profile {request.profile}, seed {seed}"
            f"{': ' if left_out else ''}{_reasons(left_out)}; make it with: python run_all.py "
            f"--dataset {request.datasets} --profile {request.profile} --scales {scale}"
        )
    chosen = tuple(name for name in tests if not scenes or name in scenes)
    return Gallery(
        label, scale, seed, tuple(cells), chosen, len(tests), left_out, without, tuple(usable)
    )


def _reasons(left_out: Mapping[str, str]) -> str:
    return "; ".join(f"{method} ({reason})" for method, reason in left_out.items())
