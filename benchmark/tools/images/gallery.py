"""Collect the images for figures: the estimates of all finished methods on a data set."""

import glob
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote

from benchmark.commands import command
from benchmark.data.cache import ProgressCallback, no_progress
from benchmark.engine.machine.device import Device
from benchmark.errors import RequestError, reason_of
from benchmark.execution.computation.reestimation import missing_weights
from benchmark.execution.listeners.progress import Progress
from benchmark.execution.planning.plan import CellPlan, plan_tables
from benchmark.execution.planning.request import Request, resolve
from benchmark.execution.planning.status import status_of
from benchmark.method import METHODS
from benchmark.plugins.parameters import split_list
from benchmark.protocol import PROTOCOLS
from benchmark.store.address import Address, place_name
from benchmark.store.cells import Cell
from benchmark.tools.images.model import View
from benchmark.tools.images.predictions import check_test_scenes, predict


@dataclass(frozen=True)
class Gallery:
    """The cells that figures of one data set, scale and seed are made from.

    Attributes:
        label: of the data set's results.
        scale: the factor.
        seed: of the stochastic methods; the others have seed 0.
        cells: done, in the order of the request.
        scenes: the test scenes chosen, in the order of the split.
        tested: how many test scenes there are in all.
        left_out: methods without a finished cell, and why.
        without_images: methods whose cell is done and whose weights are not stored, and why.
        plans: of the cells that images can be computed from.
    """

    label: str
    scale: int
    seed: int
    cells: tuple[Cell, ...]
    scenes: tuple[str, ...]
    tested: int
    left_out: Mapping[str, str]
    without_images: Mapping[str, str]
    plans: tuple[CellPlan, ...]

    def views(
        self, results: Path, device: Device, on_progress: ProgressCallback = no_progress
    ) -> Iterator[View]:
        """Recompute the estimates of the chosen scenes; one scene is in memory at a time.

        Args:
            results: the results folder.
            device: where the estimates are computed.
            on_progress: called before each method with the scene, how many methods are done and
                how many there are, and the method's label, and once per scene at the end.

        Raises:
            RequestError: no method has an estimate of a scene; the message has every reason.
        """
        for scene in self.scenes:
            views: list[View] = []
            left_out = {**self.left_out, **self.without_images}
            for number, plan in enumerate(self.plans):
                method = plan.address.method
                on_progress(scene, number, len(self.plans), method)
                try:
                    views += predict(plan, results, device, [scene])
                except Exception as error:  # noqa: BLE001 - a plugin raises anything
                    left_out[method] = reason_of(error)
            on_progress(scene, len(self.plans), len(self.plans), "")
            if not views:
                raise RequestError(f"no method has an image of {scene}: {_reasons(left_out)}")
            estimates = {label: image for view in views for label, image in view.estimates.items()}
            yield replace(views[0], estimates=estimates, left_out=left_out)


def galleries(
    request: Request, progress: Progress, scenes: Sequence[str] = ()
) -> Iterator[Gallery]:
    """Find the cells for figures: one gallery per data set, scale and seed.

    Args:
        request: which results; without methods, every method that has a folder there. Its own
            `scenes` are the subset that was run, if any.
        progress: shows which data are prepared first.
        scenes: the test scenes to show; all if empty.

    Raises:
        RequestError: something about the request is wrong, a scene is no test scene, or nothing is
            done.
    """
    unknown: dict[str, str] = {}
    methods = split_list(request.methods)
    if not methods:
        methods, unknown = _stored_methods(request)
    experiment = resolve(replace(request, methods=",".join(methods)))
    for table in plan_tables(experiment, progress):
        label, plans = table.label, table.cells
        for scale in dict.fromkeys(plan.address.scale for plan in plans):
            at_scale = [plan for plan in plans if plan.address.scale == scale]
            for seed in experiment.seeds:
                # By default, only methods with results of this data set are shown.
                chosen = [
                    plan
                    for plan in at_scale
                    if plan.address.seed == _seed_of(plan, at_scale, seed)
                    and (request.methods or _has_folder(plan.address, request.results))
                ]
                gallery = chosen and _gallery(chosen, request.results, seed, scenes, unknown)
                if gallery and gallery.cells:
                    yield gallery
                    continue
                left_out = gallery.left_out if gallery else {}
                raise RequestError(
                    f"nothing is done of {label} x{scale}, profile {request.profile}, seed "
                    f"{seed}{': ' if left_out else ''}{_reasons(left_out)}; run it with: "
                    f"{_run(request, '--scales', scale)}"
                )


def _seed_of(plan: CellPlan, plans: Sequence[CellPlan], seed: int) -> int:
    """Return the seed of a plan's method: the one asked for, or its only one."""
    own = {one.address.seed for one in plans if one.address.method == plan.address.method}
    return seed if seed in own else min(own)


def _has_folder(address: Address, results: Path) -> bool:
    """Return whether a method has a folder in the results, even an empty one."""
    return address.folder(results).parent.exists()


def _stored_methods(request: Request) -> tuple[list[str], dict[str, str]]:
    """List the methods that have folders in the results, and why some of them are unknown here."""
    protocol = PROTOCOLS.label(PROTOCOLS.make(request.protocol))
    table = "/".join(glob.escape(place_name(one)) for one in (protocol, request.profile))
    pattern = f"*/{table}/x*/*"
    names = {unquote(folder.name) for folder in request.results.glob(pattern) if folder.is_dir()}
    known, unknown = [], {}
    for name in sorted(name for name in names if not name.startswith(".")):
        try:
            known.append(METHODS.label(METHODS.make(name)))
        except RequestError as error:
            unknown[name] = str(error)
    if not known:
        raise RequestError(
            f"there are no results of protocol {request.protocol} and profile {request.profile} "
            f"on {request.datasets} in {request.results}; make them with: {_run(request)}"
        )
    return known, unknown


def _run(request: Request, *more: object) -> str:
    """Return the command of the run that makes the results of a request."""
    words = ["--dataset", request.datasets, "--profile", request.profile, *more]
    if request.protocol != Request.protocol:
        words += ["--protocol", request.protocol]
    folders = {"data": request.data, "results": request.results, "cache": request.cache}
    return command(*words, plugins=request.plugins, **folders)


def _gallery(
    plans: Sequence[CellPlan],
    results: Path,
    seed: int,
    scenes: Sequence[str],
    unknown: Mapping[str, str],
) -> Gallery:
    """Sort the cells of one data set and scale by whether they can be shown."""
    cells, left_out, without, usable = [], {}, {}, []
    for plan in plans:
        method = plan.address.method
        status = status_of(plan, results)
        if status.state != "done" or status.cell is None:
            left_out[method] = f"{status.state}: {status.reason}"
            continue
        cells.append(status.cell)
        if reason := missing_weights(plan, status.cell):
            without[method] = reason
        else:
            usable.append(plan)
    first = plans[0]
    check_test_scenes(scenes, first)
    left_out |= {
        name: reason
        for name, reason in unknown.items()
        if _has_folder(replace(first.address, method=name), results)
    }
    tested = first.split.test.names
    return Gallery(
        label=first.address.dataset,
        scale=first.address.scale,
        seed=seed,
        cells=tuple(cells),
        scenes=tuple(name for name in tested if not scenes or name in scenes),
        tested=len(tested),
        left_out=left_out,
        without_images=without,
        plans=tuple(usable),
    )


def _reasons(left_out: Mapping[str, str]) -> str:
    return "; ".join(f"{method} ({reason})" for method, reason in left_out.items())
