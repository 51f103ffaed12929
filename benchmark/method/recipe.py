"""How a network is trained."""

from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

# Fields of `Recipe` in version 0.1, and their present names.
_RENAMED = {
    "rate": "lr",
    "relative": "lr_by_fan_in",
    "batch": "batch_size",
    "factor": "gamma",
    "every": "step_size' or 'patience",
    "stop_below": "stop_lr",
    "flat_limit": "early_stopping_patience",
    "unit_gradient": "normalise_gradient",
    "clip_theta": "adjustable_clip",
    "last_layer": "last_layer_lr",
    "initial_std": "init_std",
    "single_bands": "bands_as_samples",
    "summed": "loss_reduction",
}


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Raises:
        TypeError: a field does not exist, or was renamed.
        ValueError: a field has a value that it does not take.

    Attributes:
        optimiser: "adam", "sgd", or "muon" (orthogonalised momentum for weights that are matrices;
            Adam for all other parameters).
        lr: the highest learning rate.
        lr_by_fan_in: each layer's learning rate is `lr` times the size of its weights by He's
            rule, sqrt(2 / fan-in), so that a step changes all layers, wide or narrow, by the same
            fraction; biases take a tenth of it.
        momentum: of SGD.
        beta2: of Adam.
        weight_decay: factor of the weights that is added to the gradient (L2 penalty); not with
            "muon".
        batch_size: samples per step: cubic patches, or single bands if `bands_as_samples`.
        epochs: passes over the samples; an upper limit for "plateau".
        schedule: "one-cycle" (linear warm-up over a tenth of the steps, then cosine decay),
            "constant", "step" (times `gamma` every `step_size` epochs) or "plateau" (times
            `gamma` after `patience` validations without improvement, end below `min_lr`).
        gamma: factor of a decay of the learning rate.
        step_size: epochs from one decay to the next, for "step".
        patience: validations without improvement before a decay, for "plateau"; where torch's
            `ReduceLROnPlateau` has a `patience` of p, it is p + 1 here.
        min_lr: the learning rate never falls below this, for "plateau".
        stop_lr: training ends when the learning rate falls below this, for "plateau"; 0 for never.
        early_stopping_patience: training ends after this many validations without improvement; 0
            for never.
        normalise_gradient: scale every step's gradient to norm 1, so that all steps weigh the same
            in Adam's means and no single batch makes the training diverge.
        clip_norm: clip the norm of the gradient to this; 0 for never.
        adjustable_clip: clip each value of the gradient to adjustable_clip / lr (VDSR, section
            3.2); 0 for never.
        last_layer_lr: the last layer's learning rate relative to the others' (SRCNN).
        init_std: initial weights from N(0, init_std^2), biases 0; 0 keeps the method's own.
        bands_as_samples: every band of every patch is a sample of its own (band-wise methods).
        loss_reduction: "mean" over values, or "sum": 1/2 ||x - y||^2 for each sample, as in
            papers that used Caffe.
        patch_size: rows and columns of a training patch; 0 for the profile's.
        low_patch_size: the same of its low-resolution image; `scale` times as many in the truth.
        augment: cut each patch from its scene in one of eight orientations (flips, transposes),
            drawn once for each patch. The scene is turned before it is degraded. Do not flip the
            pairs of a batch instead: that is right only where
            `problem.degradation.commutes_with_flips`, and teaches another geometry elsewhere
            (`wang2017` shifts the interpolated image by (s - 1) / 2 pixels, towards one side).
    """

    optimiser: Literal["adam", "sgd", "muon"] = "adam"
    lr: float = 1e-3
    lr_by_fan_in: bool = False
    momentum: float = 0.9
    beta2: float = 0.999
    weight_decay: float = 0.0
    batch_size: int = 32
    epochs: int = 10
    schedule: Literal["one-cycle", "constant", "step", "plateau"] = "one-cycle"
    gamma: float = 0.1
    step_size: int = 3
    patience: int = 3
    min_lr: float = 0.0
    stop_lr: float = 0.0
    early_stopping_patience: int = 0
    normalise_gradient: bool = False
    clip_norm: float = 0.0
    adjustable_clip: float = 0.0
    last_layer_lr: float = 1.0
    init_std: float = 0.0
    bands_as_samples: bool = False
    loss_reduction: Literal["mean", "sum"] = "mean"
    patch_size: int = 0
    low_patch_size: int = 0
    augment: bool = False

    def __new__(cls, *_: Any, **fields: Any) -> "Recipe":
        """Reject fields of version 0.1, naming their replacements.

        Raises:
            TypeError: a field was renamed.
        """
        if old := next((name for name in fields if name in _RENAMED), None):
            raise TypeError(f"Recipe's field '{old}' is called '{_RENAMED[old]}' now")
        return super().__new__(cls)

    def __post_init__(self) -> None:
        """Reject values that would train something else without notice.

        Raises:
            ValueError: a field has a value that it does not take.
        """
        for name, kind in get_type_hints(type(self)).items():
            if get_origin(kind) is Literal and getattr(self, name) not in get_args(kind):
                choices = ", ".join(map(repr, get_args(kind)))
                raise ValueError(
                    f"Recipe's '{name}': expected one of {choices}, found {getattr(self, name)!r}"
                )
        if self.optimiser == "muon" and self.weight_decay:
            raise ValueError(
                f"Recipe's 'weight_decay': expected 0 with 'muon', found {self.weight_decay}"
            )
