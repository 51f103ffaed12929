"""Run methods from Python, as `run_all.py` does."""

import html
import inspect
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from io import StringIO
from numbers import Integral
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.cli.cluster import options_of, without_locks_where_refused
from benchmark.cli.options import CACHE, DATA, RESULTS, STORED
from benchmark.commands import VARIABLES
from benchmark.errors import RequestError, counted
from benchmark.execution.listeners import progress
from benchmark.execution.listeners.progress import Progress
from benchmark.execution.outcome import Outcome
from benchmark.execution.planning.request import Experiment, Request, request_facts, resolve
from benchmark.execution.registries import REGISTRIES
from benchmark.execution.runner import RunOptions, run_experiment
from benchmark.method import METHODS
from benchmark.notebook.custom import Custom, named, register_custom
from benchmark.notebook.reading import headed, means_of, scores_of
from benchmark.plugins import discovery
from benchmark.protocol import PROTOCOLS
from benchmark.store.cells import Cell, cells

# A value of an option whose values are lists: `2`, `"2,3"` or `[2, 3]`.
Values = str | int | Iterable[str | int]


@dataclass(frozen=True)
class Run:
    """What became of a run; a notebook shows it as its table.

    Attributes:
        folder: the results folder.
        done: titles of the cells that were computed now.
        found: those that were stored already.
        failures: failed cells, and the reason of each.
        unfinished: cells that are not there without their fault, and why: a machine was lost, or
            there were no stored weights.
        cells: the finished cells themselves.
    """

    folder: Path
    done: list[str]
    found: list[str]
    failures: dict[str, str]
    unfinished: dict[str, str]
    cells: list[Cell] = field(repr=False)

    @property
    def table(self) -> pd.DataFrame:
        """The main metrics: a row a method, a column a metric and scale; means over scenes."""
        return means_of(self.cells)

    @property
    def scores(self) -> pd.DataFrame:
        """The scores of this run's cells, a row a scene and metric; as `results` returns them."""
        return scores_of(self.cells)

    @property
    def summary(self) -> str:
        """What was done, in one line."""
        text = f"{counted(len(self.done), 'cell')} computed, {len(self.found)} found"
        if self.failures:
            text += f", {len(self.failures)} failed"
        if self.unfinished:
            text += f", {len(self.unfinished)} not finished"
        return f"{text}; in {self.folder}"

    def __str__(self) -> str:
        """Return the table and what failed, as text."""
        table = [self._rounded().to_string()] if self.cells else []
        return "\n".join([*table, *self._problems(), self.summary])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        table = [self._rounded().to_html(border=0)] if self.cells else []
        lines = (html.escape(line) for line in (*self._problems(), self.summary))
        return "\n".join([*table, *(f"<p>{line}</p>" for line in lines)])

    def _problems(self) -> list[str]:
        failed = [f"failed: {title}: {why}" for title, why in self.failures.items()]
        return failed + [f"not finished: {title}: {why}" for title, why in self.unfinished.items()]

    def _rounded(self) -> pd.DataFrame:
        """Return the table as texts, with the digits of each metric."""
        digits = {headed(one): one["digits"] for cell in self.cells
                  for one in cell.facts["metrics"]}  # fmt: skip
        table = self.table
        for column in table.columns:
            table[column] = [
                "" if pd.isna(value) else f"{value:.{digits[column[0]]}f}"
                for value in table[column]
            ]
        return table


def run(
    methods: object = "",
    dataset: Values = "synthetic",
    scales: Values = "",
    *,
    profile: str = "quick",
    protocol: str = "wang2017",
    metrics: Values = "",
    seeds: Values = "0",
    train_on: Values = "",
    scenes: Values = "",
    device: str = "auto",
    data: str | Path | None = None,
    results: str | Path = RESULTS,
    cache: str | Path | None = None,
    plugin: str | Path | Iterable[str | Path] = (),
    retry_failed: bool = False,
    cell_timeout: float = 0,
    checkpoint_every: float = 60,
    jobs: int = 1,
    in_process: bool = False,
    tensorboard: bool = False,
    pretrained: bool = False,
    weights_from: str | Path = STORED,
    on: str = "",
    quiet: bool = False,
    **cluster: Any,
) -> Run:
    """Train and score methods, as `run_all.py` with the options of the same names.

    Cells that are stored already are found and not computed again. A method is named as on the
    command line, or given as a Python object:

    - a `torch.nn.Module`: it is trained from a copy of its weights, by the profile's recipe. It is
      called with the low-resolution images, float32 of shape (batch, bands, rows, columns) with
      values in [0, 1], and returns (batch, bands, scale * rows, scale * columns).
      `Custom(module, inputs="upscaled")` gives it the interpolated images, of the full size,
      `Custom(module, train=False)` scores it with the weights that it has.
    - a class or function that builds such a module, with parameters named among `bands`, `scale`
      and `problem`: it is called for each scale and seed.
    - any other function of one image: it is called with each low-resolution test image, a numpy
      array, float32 of shape (bands, rows, columns) with values in [0, 1], and returns an array or
      tensor of floats of at least (bands, scale * rows, scale * columns), up to a last row or
      column that the truth does not have; values are clipped to [0, 1] before they are scored. A
      parameter `scale` is given the factor. Where the parameter of the image is annotated as
      `torch.Tensor`, it is called with one, on the device of the run.

    An object is named as its function or class, or by a mapping: `{"mine": net}`. Its cells are
    computed in this process, without `cell_timeout`. They are found again only if bytecode,
    constants, closures, the global names that it uses, the content of tensors, and the files that
    its texts name are the same; where a part cannot be compared, they are computed in every run,
    and a line says so. What is not noticed: other versions of installed packages, files with
    computed names, environment variables, values set in a module after its import.

    Args:
        methods: a name, an object, a mapping of names to objects, or a list of these; names may
            have parameters: `"edsr[maps=32]"`. All default methods if empty.
        dataset: data sets, a table each.
        scales: factors; those of the protocol if empty.
        profile: length of training: quick, evening, overnight, standard or paper.
        protocol: split, degradation and metrics.
        metrics: metrics beside the protocol's.
        seeds: seeds of trainings.
        train_on: data sets to train on together; the same one if empty.
        scenes: a subset of scenes; all if empty.
        device: auto, cpu or cuda.
        data: the folder that holds `cave/` and so on; `HSISR_DATA`, or `data`, by default.
        results: the results folder.
        cache: the folder for prepared scenes; `HSISR_CACHE`, or `.cache`, by default.
        plugin: Python files with plugins.
        retry_failed: True runs failed cells again.
        cell_timeout: seconds that a cell may take; 0 for no limit.
        checkpoint_every: seconds from one checkpoint of a training to the next.
        jobs: cells to compute at a time.
        in_process: True runs all cells in this process, for a debugger.
        tensorboard: True writes training curves for TensorBoard.
        pretrained: True scores networks with stored weights.
        weights_from: the results folder whose weights `pretrained` takes.
        on: "ray" or "slurm" runs the cells there.
        quiet: True reports no progress.
        **cluster: options of `on`: `ray_address`, `workers`, `gpus_per_cell`, `scratch`;
            `partition`, `gpus`, `cpus`, `mem`, `time`, `at_most`, `slurm`, `submit`.

    Returns:
        The table, failures, and where the results are.

    Raises:
        RequestError: a name is unknown, values do not fit together, or data are missing.

    Example:
        run(["bicubic", "wiener", {"mine": net}], "cave", [2, 3])
    """
    files = tuple(map(Path, [plugin] if isinstance(plugin, str | Path) else plugin))
    folder = Path(results)
    elsewhere = options_of(on, cluster, inspect.signature(run).parameters)
    with ExitStack() as undo:
        discovery.discover(REGISTRIES)
        for registry in REGISTRIES:
            undo.enter_context(registry.kept())
        for file in files:
            discovery.load(file, *REGISTRIES)
        if on == "slurm":
            undo.enter_context(without_locks_where_refused())
        shown = undo.enter_context(Progress(StringIO()) if quiet else progress.make())
        asked = list(named(methods))
        customs = _registered({name: one for name, one in asked if one is not None}, asked, shown)
        if customs and elsewhere:
            raise RequestError(
                f"{next(iter(customs))} is given as a Python object, which is computed in this "
                f"process; put it into a plugin file for on='{on}'"
            )
        request = Request(
            datasets=_text("dataset", dataset),
            train_on=_text("train_on", train_on),
            scenes=_text("scenes", scenes),
            protocol=protocol,
            profile=profile,
            scales=_text("scales", scales),
            methods=",".join(name for name, _ in asked),
            metrics=_text("metrics", metrics),
            seeds=_text("seeds", seeds),
            device=device,
            data=Path(data or os.environ.get(VARIABLES["data"]) or DATA),
            results=folder,
            cache=Path(cache or os.environ.get(VARIABLES["cache"]) or CACHE),
            plugins=files,
        )
        experiment = resolve(request)
        options = RunOptions(
            retry_failed=retry_failed,
            cell_timeout=cell_timeout,
            checkpoint_every=checkpoint_every,
            isolated=not in_process,
            jobs=jobs,
            cluster=elsewhere,
            tensorboard=tensorboard,
            pretrained=Path(weights_from) if pretrained else None,
            request=request_facts(request, experiment),
            command="benchmark.run",
        )
        outcomes = _run(experiment, options, shown, customs)
        return _result(experiment, outcomes)


def _text(option: str, values: Values) -> str:
    """Return the values of an option as on the command line.

    Raises:
        RequestError: they are neither a text, nor a whole number, nor a list.
    """
    if isinstance(values, str | Integral):  # numpy's, too
        return str(values)
    if not isinstance(values, Iterable):
        raise RequestError(
            f"{option}: expected a text, a whole number, or a list of these, found {values!r}"
        )
    return ",".join(map(str, values))


def _registered(
    customs: Mapping[str, Custom], asked: list[tuple[str, Custom | None]], shown: Progress
) -> set[str]:
    """Register the methods that are given as objects; return their names.

    Raises:
        RequestError: two have one name, or one cannot be registered.
    """
    names = [name for name, one in asked if one is not None]
    for name in names:
        if names.count(name) > 1:
            raise RequestError(
                f"two methods are named '{name}'; name them: methods={{'one': ..., 'other': ...}}"
            )
    for name, custom in customs.items():
        if why := register_custom(name, custom):
            shown.line(f"note: {name} is computed in every run: {why}")
    return set(names)


def _run(
    experiment: Experiment, options: RunOptions, shown: Progress, customs: set[str]
) -> list[Outcome]:
    """Run the cells of named methods in worker processes, and the others in this one."""
    here = tuple(one for one in experiment.methods if one.name in customs)
    others = tuple(one for one in experiment.methods if one.name not in customs)
    outcomes = []
    if others:
        outcomes += run_experiment(replace(experiment, methods=others), options, shown)
    if here:
        inline = replace(options, isolated=False, jobs=1, cell_timeout=0.0)
        outcomes += run_experiment(replace(experiment, methods=here), inline, shown)
    return outcomes


def _result(experiment: Experiment, outcomes: Sequence[Outcome]) -> Run:
    """Return what became of a run, with its cells in the order of scales, methods and seeds."""
    done = [title for one in outcomes for title in one.done]
    found = [title for one in outcomes for title in one.found]
    titles = {*done, *found}
    table = (PROTOCOLS.label(experiment.protocol), experiment.profile.name)
    order = [METHODS.label(method) for method in experiment.methods]
    finished = [
        cell
        for cell in cells(experiment.results)
        if str(cell.address) in titles and (cell.address.protocol, cell.address.profile) == table
    ]
    finished.sort(key=lambda cell: (cell.address.scale, order.index(cell.address.method)))
    left = [one.open | one.left_out for one in outcomes]
    return Run(
        experiment.results,
        done,
        found,
        {title: why for one in outcomes for title, why in one.failed.items()},
        {title: why for one in left for title, why in one.items()},
        finished,
    )
