"""Options of the backends on other machines, and the choice between them."""

from dataclasses import dataclass, field
from pathlib import Path

from benchmark.execution.backends.base import Backend
from benchmark.execution.listeners.progress import Progress
from benchmark.execution.planning.request import Experiment


@dataclass(frozen=True)
class RayOptions:
    """Options of a run on Ray.

    Attributes:
        address: HOST:PORT of a running cluster; empty starts one on this machine.
        workers: the largest number of cells at a time; 0 for as many as there is room for.
        gpus_per_cell: GPUs of a cell; a fraction lets several cells share one.
        scratch: folder of each node to work in, from which finished cells are sent back; None for
            the results folder, or the system's temporary one where that cannot be reached.
    """

    address: str = ""
    workers: int = 0
    gpus_per_cell: float = 1.0
    scratch: Path | None = None


@dataclass(frozen=True)
class SlurmOptions:
    """Options of a run on SLURM.

    Attributes:
        partition: the partition; empty for the cluster's default.
        gpus: GPUs of a cell that trains; 0 for none.
        cpus: cores of a cell.
        memory: memory of a cell, as `sbatch --mem` takes it; empty for the cluster's default.
        minutes: time limit of a job; 0 for the partition's.
        at_most: the largest number of jobs at a time; 0 for no limit.
        further: further options of sbatch by name, without dashes; True for one without a value.
        submit: True submits and returns.
    """

    partition: str = ""
    gpus: int = 0
    cpus: int = 1
    memory: str = ""
    minutes: int = 0
    at_most: int = 0
    further: dict[str, str | bool] = field(default_factory=dict)
    submit: bool = False


def cluster_backend(
    options: RayOptions | SlurmOptions,
    experiment: Experiment,
    cell_timeout: float,
    progress: Progress,
) -> Backend:
    """Return the backend for the options; its packages are imported here only.

    Raises:
        RequestError: a package or a command of it is missing, or the cluster cannot be reached.
    """
    from benchmark.execution.node import Terms

    terms = Terms.here(experiment.device, cell_timeout)
    if isinstance(options, RayOptions):
        from benchmark.execution.backends.ray.backend import RayBackend

        return RayBackend(options, terms, experiment.results, progress.line)
    from benchmark.execution.backends.slurm.backend import SlurmBackend

    return SlurmBackend(options, terms, experiment.results, progress.line)
