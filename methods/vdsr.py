"""VDSR: twenty convolutions that learn the residual of the interpolated image, band by band."""

from torch import Tensor, nn

from benchmark.method import NetworkMethod, Problem, Recipe, register


class ResidualStack(nn.Module):
    """Twenty 3x3 convolutions with 64 maps; the input is added to the output."""

    def __init__(self, bands: int, maps: int = 64, depth: int = 20) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for i in range(depth):
            before = bands if i == 0 else maps
            after = bands if i == depth - 1 else maps
            convolution = nn.Conv2d(before, after, 3, padding=1)
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
            nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]
            layers += [convolution, nn.ReLU(inplace=True)]
        self.residual = nn.Sequential(*layers[:-1])

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, bands, rows, columns) to the same size."""
        out: Tensor = x + self.residual(x)
        return out


@register(
    "vdsr",
    title="VDSR",
    paper="Kim et al., Accurate image super-resolution using very deep networks, CVPR 2016",
    published="Kim[11], VDSR",
    year="2016",
    bibtex="""
    @inproceedings{kim2016vdsr,
      author = {Kim, Jiwon and Lee, Jung Kwon and Lee, Kyoung Mu},
      title = {Accurate Image Super-Resolution Using Very Deep Convolutional Networks},
      booktitle = {IEEE Conference on Computer Vision and Pattern Recognition (CVPR)},
      pages = {1646--1654}, year = {2016}, doi = {10.1109/CVPR.2016.182}
    }
    """,
)
class VDSR(NetworkMethod):
    """Twenty layers with 665,921 parameters.

    Section 4.2: 41-pixel patches, rotated and flipped, batch 64, 80 epochs, He initialisation,
    momentum 0.9, weight decay 1e-4. The learning rate starts at 0.1 and is divided by 10 every 20
    epochs; each value of the gradient is clipped to theta / lr. The paper does not state theta.
    After 2,000 steps on CAVE at x2, 1e-4 was 5 dB above Bicubic; 1e-3, and a norm of 0.4 as in
    public code, diverged and then returned their input.
    """

    bandwise = True
    recipe = Recipe(
        optimiser="sgd",
        lr=0.1,
        weight_decay=1e-4,
        batch_size=64,
        epochs=80,
        schedule="step",
        step_size=20,
        adjustable_clip=1e-4,
        bands_as_samples=True,
        loss_reduction="sum",
        patch_size=41,
        augment=True,
    )
    recipe_notes = (
        "gradients clipped to 1e-4 / rate (theta is not printed)",
        "one network a scale (print: one for all scales)",
    )

    def network(self, problem: Problem) -> nn.Module:
        """Build the twenty layers (Fig. 2)."""
        return ResidualStack(problem.bands)
