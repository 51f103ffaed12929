"""Callbacks for the progress of a training and of a cell."""

from collections.abc import Mapping, Sequence


class TrainingListener:
    """Callbacks of a training; each does nothing unless overridden."""

    def positioned(self, before: int, after: int) -> None:
        """Handle the position of the next training among those of its cell.

        Args:
            before: number of steps of the trainings before it.
            after: number of steps of those that follow.
        """

    def started(self, step: int, history: Sequence[Mapping[str, float]]) -> None:
        """Handle the start of a training.

        Args:
            step: number of steps taken before; 0 unless it resumes from a checkpoint.
            history: earlier validations, as in `Trained.history`.
        """

    def stepped(self, step: int, steps: int, loss: float, lr: float) -> None:
        """Handle a number of training steps.

        Args:
            step: number of steps taken.
            steps: the largest number of steps.
            loss: the mean of the batches' losses since the last call.
            lr: the base learning rate of the last step.
        """

    def validated(self, psnr: float) -> None:
        """Handle a validation: its PSNR in dB, NaN without validation scenes."""


class ProgressListener(TrainingListener):
    """Callbacks of a cell: of its training, then of its test scenes."""

    def scene(self, name: str) -> None:
        """Handle the start of a test scene.

        Args:
            name: name of the scene.
        """


class ListenerGroup(ProgressListener):
    """A listener that forwards each call to several listeners, in their order."""

    def __init__(self, *members: ProgressListener) -> None:
        self._members = members

    def positioned(self, before: int, after: int) -> None:
        """Forward the call."""
        for member in self._members:
            member.positioned(before, after)

    def started(self, step: int, history: Sequence[Mapping[str, float]]) -> None:
        """Forward the call."""
        for member in self._members:
            member.started(step, history)

    def stepped(self, step: int, steps: int, loss: float, lr: float) -> None:
        """Forward the call."""
        for member in self._members:
            member.stepped(step, steps, loss, lr)

    def validated(self, psnr: float) -> None:
        """Forward the call."""
        for member in self._members:
            member.validated(psnr)

    def scene(self, name: str) -> None:
        """Forward the call."""
        for member in self._members:
            member.scene(name)


class WholeCell(ListenerGroup):
    """A listener to which all trainings of a cell are one: the steps of earlier ones count on.

    A learning rate is chosen by short trainings before the one that counts. What shows how far a
    cell is, and how long it will take, must not take the end of the first for the end of all.
    """

    _before = _after = 0

    def positioned(self, before: int, after: int) -> None:
        """Keep the numbers of steps before and after the next training."""
        self._before, self._after = before, after

    def stepped(self, step: int, steps: int, loss: float, lr: float) -> None:
        """Forward the call with the steps of all trainings."""
        before = self._before
        super().stepped(before + step, before + steps + self._after, loss, lr)
