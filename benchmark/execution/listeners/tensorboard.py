"""Training curves as event files for TensorBoard: on request, and by an optional package.

One folder a cell below `results/tensorboard/`, by the same path as the cell's own, with the scalars
`training/loss`, `training/learning_rate` and `validation/psnr` against the step.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmark.engine.training.checkpoint import NullCheckpointer
from benchmark.engine.training.loop import ProgressListener
from benchmark.engine.training.schedule import Schedule
from benchmark.errors import RequestError
from benchmark.execution.plan import CellPlan
from benchmark.method import NetworkMethod, Recipe

FOLDER = "tensorboard"
LOSS, RATE, PSNR = "training/loss", "training/learning_rate", "validation/psnr"
_FILES = "events.out.tfevents.*"
# Whoever looks on need not see more than this often, in seconds.
_PAUSE = 1.0


def require() -> None:
    """See that the package is there, before anything starts.

    Raises:
        RequestError: it is not, or it does not work.
    """
    try:
        import_module("tensorboardX")
    except Exception as error:  # protobuf raises a TypeError where versions do not fit
        raise RequestError(
            f"--tensorboard needs the package tensorboardX, which cannot be imported ({error}); "
            'install it with: pip install "tensorboardX>=2.6.4", or leave the option out'
        ) from error


@contextmanager
def followed(
    task: CellPlan,
    results: Path,
    listener: ProgressListener,
    checkpointer: NullCheckpointer,
    say: Callable[[str], None],
    *,
    wanted: bool,
) -> Iterator[tuple[ProgressListener, NullCheckpointer]]:
    """Give an listener and a checkpointer that also write the training's curves, if wanted.

    Args:
        task: the cell, whose claim is held.
        results: the results folder.
        listener: is told of everything as before.
        checkpointer: is asked as before; what it loads says where the curves go on.
        say: takes a line for the user.
        wanted: False gives both back as they are.
    """
    if not wanted or not isinstance(task.method, NetworkMethod):
        yield listener, checkpointer
        return
    folder = task.address.folder(results / FOLDER)
    recipe = task.profile.recipe(task.method)
    known = bool(task.split.validation.entries)
    curves = Curves(folder, recipe, listener, checkpointer, say, validated=known)
    try:
        yield curves, curves
    finally:
        curves.close()


class Curves(NullCheckpointer):
    """Stands between a training and its listener and checkpointer, and writes down what passes.

    A training that starts anew begins a new file and removes those of the one before. One that goes
    on from a checkpoint adds a file, which takes back what stands in the others beyond that step.

    Args:
        folder: where the files go.
        recipe: by which is trained; the learning rate follows from it.
        listener: is told of everything.
        checkpointer: is asked.
        say: takes a line for the user.
        validated: whether there are validation scenes.
    """

    def __init__(
        self,
        folder: Path,
        recipe: Recipe,
        listener: ProgressListener,
        checkpointer: NullCheckpointer,
        say: Callable[[str], None],
        *,
        validated: bool,
    ) -> None:
        self._folder, self._recipe, self._by_psnr = folder, recipe, validated
        self._audience, self._keeper, self._say = listener, checkpointer, say
        self._saved: dict[str, Any] | None = None
        self._schedule: Schedule | None = None
        self._file: _EventFile | None = None
        self._best = -math.inf
        self._step = 0
        self._loss = math.nan

    def stepped(self, step: int, steps: int, loss: float) -> None:
        """Take the mean loss of the last training steps."""
        self._audience.stepped(step, steps, loss)
        self._step, self._loss = step, loss
        if self._schedule is None:
            self._schedule = self._begin(steps)
        self._write(step, {LOSS: loss, RATE: self._schedule.rate(step - 1)})

    def validated(self, psnr: float) -> None:
        """Take a validation's PSNR in dB."""
        self._audience.validated(psnr)
        self._write(self._step, {PSNR: psnr})
        if self._schedule is not None:  # as the training does, so that the rate is the same
            figure = psnr if self._by_psnr else -self._loss
            self._schedule.validated(figure > self._best)
            self._best = max(self._best, figure)

    def scene(self, name: str) -> None:
        """Take the test scene that is being estimated."""
        self._audience.scene(name)

    def load(self) -> dict[str, Any] | None:
        """Give the state to go on from, or None."""
        self._saved = self._keeper.load()
        return self._saved

    def reject(self, error: Exception) -> None:
        """Take note that nothing can be made of what `load` gave."""
        self._keeper.reject(error)

    def due(self) -> bool:
        """Say whether it is time to save."""
        return self._keeper.due()

    @property
    def stopping(self) -> bool:
        """Say whether the training is to end now."""
        return self._keeper.stopping

    def save(self, state: dict[str, Any]) -> None:
        """Keep a state; what led to it is on the disk before."""
        if self._file is not None:
            try:
                self._file.flush()
            except OSError as error:
                self._give_up(error)
        self._keeper.save(state)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            try:
                self._file.close()
            except OSError as error:
                self._give_up(error)
            self._file = None

    def _begin(self, steps: int) -> Schedule:
        """Start a file, now that the training has taken steps: what it went on from was sound."""
        schedule = Schedule(self._recipe, steps, steps // self._recipe.epochs)
        saved = self._saved
        if saved is not None:
            schedule.restore(saved["schedule"])
            self._best = saved["loop"]["best"]
        try:
            before = sorted(self._folder.glob(_FILES))
            if saved is None:
                for file in before:
                    file.unlink()
                before = []
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file = _EventFile(self._folder, len(before))
            if saved is not None and before:
                self._file.take_back(saved["loop"]["seen"] + 1)
        except OSError as error:
            self._give_up(error)
        if saved is not None and not before:  # nobody asked for curves until now
            for row in saved["trained"]["history"]:
                values = {LOSS: row["loss"], RATE: row["rate"], PSNR: row["psnr"]}
                self._write(int(row["step"]), values)
        return schedule

    def _write(self, step: int, values: dict[str, float]) -> None:
        if self._file is None:
            return
        try:
            self._file.write(step, {tag: x for tag, x in values.items() if not math.isnan(x)})
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None
        why = error.strerror or error
        self._say(f"no curves in {self._folder}: {why}; the training goes on without")


class _EventFile:
    """One event file, written at once.

    The package's `SummaryWriter` has a thread and a queue, whose `flush` does not wait for what is
    in them: a training that goes on from a checkpoint after a kill would have a gap before it.
    """

    def __init__(self, folder: Path, number: int) -> None:
        self._event = import_module("tensorboardX.proto.event_pb2")
        self._summary = import_module("tensorboardX.proto.summary_pb2").Summary
        # TensorBoard reads a folder's files in the order of their names.
        file = folder / f"events.out.tfevents.{int(time.time()):010}.{number:04}"
        self._writer = import_module("tensorboardX").RecordWriter(str(file))
        self._flushed = -math.inf
        try:
            self._add(0, file_version="brain.Event:2")
        except OSError:
            with suppress(OSError):
                self.close()
            raise

    def write(self, step: int, values: dict[str, float]) -> None:
        """Write scalars of one step."""
        if values:
            found = [self._summary.Value(tag=tag, simple_value=x) for tag, x in values.items()]
            self._add(step, summary=self._summary(value=found))

    def take_back(self, step: int) -> None:
        """Say that whatever earlier files have from this step on does not hold."""
        start = self._event.SessionLog(status=self._event.SessionLog.START)
        self._add(step, session_log=start)

    def flush(self) -> None:
        """Wait until it is on the disk itself."""
        self._writer.flush()
        self._flushed = time.monotonic()

    def close(self) -> None:
        """Close it."""
        self._writer.close()

    def _add(self, step: int, **what: Any) -> None:
        event = self._event.Event(wall_time=time.time(), step=step, **what)
        self._writer.write(event.SerializeToString())
        if time.monotonic() - self._flushed > _PAUSE:
            self.flush()
