"""The deep residual network of Wang et al.: all bands at once, with two supervised outputs."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.method import Inputs, NetworkMethod, Problem, Recipe, parameter, register


class SubNetwork(nn.Module):
    """9-3-5 convolutions with 96 and 64 maps; returns its input plus a residual (Section 3.1)."""

    def __init__(self, bands: int, relu_last: bool) -> None:
        super().__init__()
        self.first = nn.Conv2d(bands, 96, 9, padding=4)
        self.second = nn.Conv2d(96, 64, 3, padding=1)
        self.third = nn.Conv2d(64, bands, 5, padding=2)
        self.relu_last = relu_last
        for layer in (self.first, self.second, self.third):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        # Six full-size residuals in sequence would start far from the image and not converge.
        with torch.no_grad():
            self.third.weight.mul_(0.01)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, bands, rows, columns) to the same size."""
        maps = functional.relu(self.second(functional.relu(self.first(x))))
        residual = self.third(maps)
        return x + (functional.relu(residual) if self.relu_last else residual)


class Cascade(nn.Module):
    """Sub-networks in sequence; in training the middle one's output is returned too (Fig. 1)."""

    def __init__(self, bands: int, count: int, middle: int, relu_last: bool) -> None:
        super().__init__()
        self.stages = nn.ModuleList(SubNetwork(bands, relu_last) for _ in range(count))
        self.middle = middle

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Return the estimate, or (middle output, estimate) while training."""
        middle = x
        for number, stage in enumerate(self.stages, start=1):
            x = stage(x)
            if number == self.middle:
                middle = x
        return (middle, x) if self.training and self.middle else x


@register(
    "proposed",
    title="Proposed",
    paper="Wang et al., Deep residual convolutional neural network for HSI SR, ICIG 2017",
    published="Ours",
    year="2017",
    bibtex="""
    @inproceedings{wang2017residual,
      author = {Wang, Chen and Liu, Yun and Bai, Xiao and Tang, Wenzhong and Lei, Peng and
        Zhou, Jun},
      title = {Deep Residual Convolutional Neural Network for Hyperspectral Image Super-Resolution},
      booktitle = {Image and Graphics (ICIG 2017)}, year = {2017}
    }
    """,
)
class Proposed(NetworkMethod):
    """Six residual sub-networks; L = alpha l1 + (1 - alpha) l2 (Eq. 3); 2,076,858 parameters.

    Left open by the paper, and decided here:

    - Eq. 2 is a mean cosine with a plus sign, whose minimum drives spectra apart. l2 is
      1 - cosine, or the angle itself in radians (`spectral=angle`).
    - Eq. 1 sums over pixels while Eq. 2 averages over them, so the printed alpha = 0.5 weighs
      them 1024 : 1 on a patch of 32 x 32 (`alpha=0.5,reduction=sum`). Here l1 is averaged over
      pixels as l2 is (`reduction=pixel`), and alpha = 0.99 was chosen by validation on CAVE at
      x2 after 4,000 patches: 31.96 dB, SAM 4.21 and 3.46 degrees on the two validation scenes;
      0.5 reached 30.71 dB, 4.01 and 3.38; the printed form 31.80 dB, 4.35 and 3.47. `mean`
      averages l1 over bands too.
    - "ReLU after each convolution" would make every residual non-negative; the third layer is
      linear unless `relu_last`.
    - Both supervised outputs share the loss, the middle one times `middle_weight`.

    Section 4.1: SGD 0.01, momentum 0.9, weight decay 1e-4, batch 128; the learning rate is
    divided by 10 after 3 validations without improvement; training ends below 1e-6. Clipping is
    not printed: without it batches of 2 end in NaN before step 50.
    """

    alpha: float = parameter(default=0.99, help="weight of l1 against l2", low=0.0, high=1.0)
    subnetworks: int = parameter(default=6, help="how many sub-networks", low=1, high=32)
    middle: int = parameter(
        default=3, help="supervise after this sub-network too; 0 for none", low=0, high=32
    )
    middle_weight: float = parameter(
        default=1.0, help="weight of the middle output's loss", low=0.0
    )
    relu_last: bool = parameter(default=False, help="ReLU after the third layer too, as printed")
    spectral: str = parameter(
        default="cosine", help="l2: 1 - cosine or the angle", choices=("cosine", "angle")
    )
    reduction: str = parameter(default="pixel", help="of l1", choices=("pixel", "mean", "sum"))

    recipe = Recipe(
        optimiser="sgd",
        lr=0.01,
        weight_decay=1e-4,
        batch_size=128,
        epochs=200,
        schedule="plateau",
        patience=3,
        stop_lr=1e-6,
        clip_norm=0.1,
    )
    recipe_notes = (
        "gradients clipped to norm 0.1, 200 epochs at most (not printed)",
        "the last layer of each residual starts at 0.01 of He's weights (not printed)",
        "Eq. 1 to 3 as the method's help says (print: mean cosine with a plus sign, alpha 0.5)",
    )

    def network(self, problem: Problem) -> nn.Module:
        """Build the cascade; no middle output where it would be the last one."""
        middle = self.middle if self.middle < self.subnetworks else 0
        return Cascade(problem.bands, self.subnetworks, middle, self.relu_last)

    def loss(
        self,
        output: Tensor | tuple[Tensor, Tensor],
        truth: Tensor,
        inputs: Inputs,
        problem: Problem,
    ) -> Tensor:
        """Compute Eq. 3 for the estimate, and for the middle output where there is one."""
        if isinstance(output, tuple):
            middle, estimate = output
            return self._loss(estimate, truth) + self.middle_weight * self._loss(middle, truth)
        return self._loss(output, truth)

    def _loss(self, estimate: Tensor, truth: Tensor) -> Tensor:
        squares = (estimate - truth).square()
        values = {"pixel": truth.shape[1], "mean": 1, "sum": truth[0].numel()}[self.reduction]
        l1 = 0.5 * squares.mean() * values
        if self.alpha == 1:
            return l1
        return self.alpha * l1 + (1 - self.alpha) * self._spectral(estimate, truth)

    def _spectral(self, estimate: Tensor, truth: Tensor) -> Tensor:
        cosine = functional.cosine_similarity(estimate, truth, dim=1, eps=1e-6)
        # A black pixel has no direction; its gradient would follow the estimate's noise.
        cosine = torch.where(truth.square().sum(dim=1) > 0, cosine, 1)
        if self.spectral == "angle":
            # The derivative of the angle is infinite at 1.
            return torch.acos(cosine.clamp(-1 + 1e-6, 1 - 1e-6)).mean()
        return (1 - cosine).mean()
