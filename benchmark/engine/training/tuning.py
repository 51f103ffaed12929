"""The learning rate of each network, chosen by validation with the same small budget for all.

No rate of the common recipe suits every network: SRCNN gains from twice what suits VDSR
(`docs/findings/recipe.md`). A profile may therefore try some, each in a short training on the same
few patches, before the training that counts.
"""

import math
import time
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from benchmark.engine.machine.device import Device
from benchmark.engine.training.checkpoint import NullCheckpointer
from benchmark.engine.training.listener import TrainingListener
from benchmark.engine.training.loop import Trained, TrainingError, TrainingTask, train

# Learning rates that are tried, in units of the profile's.
FACTORS = (0.5, 1.0, 2.0)
# PSNR in dB by which a rate must be ahead of the next lower one. The best rate falls with the
# length of a training, and trials are short (`docs/findings/recipe.md`).
MARGIN = 0.3
_KEY = "tuning"  # in a checkpoint


@dataclass
class _Trials:
    """The trainings with a rate each, as far as they have come.

    Attributes:
        psnr: final PSNR in dB on the validation scenes, by factor; None after a divergence.
        seconds: duration of all of them.
        resumed: number of times that they resumed from a checkpoint.
    """

    psnr: dict[float, float | None] = field(default_factory=dict)
    seconds: float = 0.0
    resumed: int = 0

    @property
    def choice(self) -> float:
        """The factor with the highest PSNR, or the next lower one if that is within `MARGIN`."""
        psnr = {factor: value for factor, value in self.psnr.items() if value is not None}
        if not psnr:
            return 1.0
        best = max(sorted(psnr), key=lambda factor: psnr[factor])
        below = max((factor for factor in psnr if factor < best), default=best)
        return below if psnr[best] - psnr[below] < MARGIN else best


def train_at_best_rate(
    task: TrainingTask,
    device: Device,
    listener: TrainingListener | None = None,
    checkpointer: NullCheckpointer | None = None,
) -> Trained:
    """Train a network, if the profile says so at a learning rate that is chosen by validation.

    For each of `FACTORS` the network is trained on the first `tuning_patches` of the patches, from
    the same initial weights and over a whole cycle of the recipe. The factor after which PSNR on
    the validation scenes is highest, or the next lower one if that is less than `MARGIN` behind, is
    that of the training itself, which starts anew. Without validation scenes, or where every trial
    diverges, nothing can be chosen, and the profile's rate is taken.

    Args:
        task: the network to train, and its data.
        device: where to train.
        listener: receives the progress of each training.
        checkpointer: as in `train`; an interrupted trial is resumed, a finished one not repeated.

    Returns:
        As of `train`; `tuning` has the PSNR of each trial, `seconds` includes them.

    Raises:
        MemoryError, Stopped, TrainingError: as `train`; a trial that diverges is no error.
    """
    profile = task.profile
    if not (profile.chooses_rate and task.validation):
        return train(task, device, listener, checkpointer)
    checkpointer = checkpointer or NullCheckpointer()
    listener = listener or TrainingListener()
    trials = _restored(checkpointer)
    tried, whole = (_steps(task, patches) for patches in (profile.tuning_patches, profile.patches))
    for number, factor in enumerate(FACTORS):
        if factor in trials.psnr:
            continue
        listener.positioned(number * tried, (len(FACTORS) - 1 - number) * tried + whole)
        short = replace(
            profile, patches=profile.tuning_patches, lr=profile.lr * factor, validations=1
        )
        stage, began = _Stage(checkpointer, trials, factor), time.perf_counter()
        try:
            trial = train(replace(task, profile=short), device, listener, stage)
        except TrainingError:
            trials.psnr[factor] = None
            trials.seconds += time.perf_counter() - began
        else:
            psnr = trial.history[-1]["psnr"]
            # The last step may have diverged, whose loss was computed before it.
            trials.psnr[factor] = psnr if math.isfinite(psnr) else None
            trials.seconds += trial.seconds
            trials.resumed += trial.resumed
    factor = trials.choice
    chosen = replace(profile, lr=profile.lr * factor)
    stage = _Stage(checkpointer, trials, None)
    listener.positioned(len(FACTORS) * tried, 0)
    trained = train(replace(task, profile=chosen), device, listener, stage)
    trained.seconds += trials.seconds
    trained.resumed += trials.resumed
    trained.tuning = {str(factor): psnr for factor, psnr in trials.psnr.items()}
    trained.rate = factor
    return trained


def _steps(task: TrainingTask, patches: int) -> int:
    """Return the number of steps of a training on some of the patches."""
    # It does not depend on how many bands of a patch a band-wise network is shown.
    patches = min(patches, len(task.bank))
    plan = task.profile.sampling(task.method, patches, task.bank.bands, lambda: 0.0)
    return plan.steps_per_epoch * plan.epochs


def _restored(checkpointer: NullCheckpointer) -> _Trials:
    """Return the trials that a checkpoint contains; reject one of another version."""
    saved = checkpointer.load()
    try:
        return _Trials(**saved[_KEY]["trials"]) if saved and _KEY in saved else _Trials()
    except (KeyError, TypeError) as error:
        checkpointer.reject(error)
        return _Trials()


class _Stage(NullCheckpointer):
    """Saves and loads checkpoints of one of the trainings, with the trials before it.

    Args:
        inner: the cell's.
        trials: those that have ended.
        factor: of the trial that is saved; None for the training that counts.
    """

    def __init__(self, inner: NullCheckpointer, trials: _Trials, factor: float | None) -> None:
        self._inner = inner
        self._record = {"trials": asdict(trials), "factor": factor}

    def load(self) -> dict[str, Any] | None:
        """Return the state to resume from if it is of this training, or None."""
        saved = self._inner.load()
        return saved if saved and saved.get(_KEY) == self._record else None

    def reject(self, error: Exception) -> None:
        """Discard the checkpoint that `load` returned."""
        self._inner.reject(error)

    def due(self) -> bool:
        """Return True if it is time to save."""
        return self._inner.due()

    @property
    def stopping(self) -> bool:
        """True if the training is to stop now."""
        return self._inner.stopping

    def save(self, state: dict[str, Any]) -> None:
        """Save a state with the trials that have ended."""
        self._inner.save({**state, _KEY: self._record})
