"""Callbacks of a training, and of the cell that it belongs to."""

from collections.abc import Mapping, Sequence


class TrainingListener:
    """Callbacks of a training; each does nothing unless overridden."""

    def started(self, step: int, history: Sequence[Mapping[str, float]]) -> None:
        """Receive the state that the training starts from.

        Args:
            step: how many steps were taken before; 0 unless it resumes from a checkpoint.
            history: the validations before, as in `Trained.history`.
        """

    def stepped(self, step: int, steps: int, loss: float, lr: float) -> None:
        """Receive the mean loss since the last call, and the last step's learning rate.

        Args:
            step: how many steps were taken.
            steps: how many there are at most.
            loss: the mean of the batches' losses since the last call.
            lr: the base learning rate of the last step.
        """

    def validated(self, psnr: float) -> None:
        """Receive a validation's PSNR in dB; NaN without validation scenes."""


class ProgressListener(TrainingListener):
    """Callbacks of a cell: its training, then its test scenes."""

    def scene(self, name: str) -> None:
        """Receive the name of the test scene that is estimated next."""


class ListenerGroup(ProgressListener):
    """Several listeners as one: each call goes to all of them, in their order."""

    def __init__(self, *members: ProgressListener) -> None:
        self._members = members

    def started(self, step: int, history: Sequence[Mapping[str, float]]) -> None:
        """Pass it on."""
        for member in self._members:
            member.started(step, history)

    def stepped(self, step: int, steps: int, loss: float, lr: float) -> None:
        """Pass it on."""
        for member in self._members:
            member.stepped(step, steps, loss, lr)

    def validated(self, psnr: float) -> None:
        """Pass it on."""
        for member in self._members:
            member.validated(psnr)

    def scene(self, name: str) -> None:
        """Pass it on."""
        for member in self._members:
            member.scene(name)
