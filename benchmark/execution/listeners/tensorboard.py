"""Training curves for TensorBoard, an optional package.

Every cell has a folder below `results/tensorboard/`, by the same path as in the results folder,
with the scalars `training/loss`, `training/learning_rate` and `validation/psnr` by step.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmark.engine.training.listener import ListenerGroup, ProgressListener
from benchmark.errors import RequestError
from benchmark.execution.planning.plan import CellPlan
from benchmark.method import NetworkMethod

FOLDER = "tensorboard"
LOSS, LR, PSNR = "training/loss", "training/learning_rate", "validation/psnr"
_MODULE = "torch.utils.tensorboard"


def require() -> None:
    """Check that the package can be imported; called before anything starts.

    Raises:
        RequestError: it is missing or broken.
    """
    try:
        import_module(_MODULE)
    except Exception as error:  # protobuf raises a TypeError for mismatched versions
        raise RequestError(
            f"--tensorboard needs the package tensorboard, which cannot be imported ({error}); "
            'install it with: pip install "tensorboard>=2.18", or leave the option out'
        ) from error


@contextmanager
def with_curves(
    plan: CellPlan,
    results: Path,
    listener: ProgressListener,
    report: Callable[[str], None],
    *,
    wanted: bool,
) -> Iterator[ProgressListener]:
    """Yield a listener that also writes the training's curves, if wanted.

    Args:
        plan: the cell; the caller holds its lock.
        results: the results folder.
        listener: receives every call too.
        report: called with each message for the user.
        wanted: False yields `listener` itself.
    """
    if not wanted or not isinstance(plan.method, NetworkMethod):
        yield listener
        return
    curves = Curves(plan.address.folder(results / FOLDER), report)
    try:
        yield ListenerGroup(listener, curves)
    finally:
        curves.close()


class Curves(ProgressListener):
    """Writes the curves of one training: of several in one cell, those of the last.

    A training that starts from the beginning deletes earlier files. One that resumes adds a file,
    which makes TensorBoard discard values beyond the checkpoint. Every value is flushed before the
    callback returns, so that no checkpoint is ahead of the curves.

    Args:
        folder: where to write the files.
        report: called with each message for the user.
    """

    def __init__(self, folder: Path, report: Callable[[str], None]) -> None:
        self._folder, self._report = folder, report
        self._writer: Any = None
        self._failed = False
        self._step = 0
        self._history: Sequence[Mapping[str, float]] = ()

    def started(self, step: int, history: Sequence[Mapping[str, float]]) -> None:
        """Keep the first step; files are opened when the first value is written."""
        self.close()  # of the training before, such as a trial of a learning rate
        self._step, self._history = step, list(history)

    def stepped(self, step: int, steps: int, loss: float, lr: float) -> None:
        """Write the loss and the learning rate."""
        self._write(step, {LOSS: loss, LR: lr})

    def validated(self, psnr: float) -> None:
        """Write the PSNR of the last step."""
        self._write(self._step, {PSNR: psnr})

    def close(self) -> None:
        """Close the file."""
        if self._writer is not None:
            self._attempt(self._writer.close)
            self._writer = None

    def _write(self, step: int, values: Mapping[str, float]) -> None:
        self._attempt(lambda: self._add(step, values))

    def _add(self, step: int, values: Mapping[str, float]) -> None:
        if self._writer is None:
            self._open()
        self._step = step
        for tag, value in values.items():
            if not math.isnan(value):
                self._writer.add_scalar(tag, value, step)
        self._writer.flush()

    def _open(self) -> None:
        earlier = list(self._folder.glob("events.out.tfevents.*"))
        resumed = self._step > 0
        if not resumed:
            for file in earlier:
                file.unlink()
        writer = import_module(_MODULE).SummaryWriter
        self._writer = writer(str(self._folder), purge_step=self._step + 1 if resumed else None)
        if not earlier:  # first start, or curves were not wanted before the checkpoint
            for row in self._history:
                values = {LOSS: row["loss"], LR: row["rate"], PSNR: row["psnr"]}
                self._add(int(row["step"]), values)

    def _attempt(self, action: Callable[[], None]) -> None:
        """Run an action; if it fails, report it and stop writing."""
        if self._failed:
            return
        try:
            action()
        except Exception as error:  # noqa: BLE001 - tensorflow's file layer has errors of its own
            self._failed = True
            if self._writer is not None:
                with suppress(Exception):
                    self._writer.close()
                self._writer = None
            why = getattr(error, "strerror", None) or error
            self._report(f"no curves in {self._folder}: {why}; the training continues without")
