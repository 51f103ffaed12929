"""SRCNN: three convolutions, band by band, on the interpolated image."""

from torch import nn

from benchmark.method import NetworkMethod, Problem, Recipe, parameter, register


@register(
    "srcnn",
    title="SRCNN",
    paper="Dong et al., Image super-resolution using deep convolutional networks, TPAMI 2016",
    published="Dong[4]",
    year="2014",
    bibtex="""
    @article{dong2016srcnn,
      author = {Dong, Chao and Loy, Chen Change and He, Kaiming and Tang, Xiaoou},
      title = {Image Super-Resolution Using Deep Convolutional Networks},
      journal = {IEEE Transactions on Pattern Analysis and Machine Intelligence}, volume = {38},
      number = {2}, pages = {295--307}, year = {2016}, doi = {10.1109/TPAMI.2015.2439281}
    }
    """,
)
class SRCNN(NetworkMethod):
    """9-1-5 with 64 and 32 maps (8,129 parameters); 9-5-5 (57,281) is the paper's stronger one.

    Section 4.1: SGD, 1e-4 and 1e-5 for the last layer, momentum 0.9, weights from N(0, 0.001),
    patches of 33 x 33.
    """

    bandwise = True
    middle: int = parameter(default=1, help="side of the second kernel", choices=(1, 3, 5))
    recipe = Recipe(
        optimiser="sgd",
        lr=1e-4,
        last_layer_lr=0.1,
        init_std=1e-3,
        batch_size=16,
        epochs=100,
        schedule="constant",
        bands_as_samples=True,
        loss_reduction="sum",
        patch_size=33,
    )
    recipe_notes = (
        "batch 16 and 100 epochs (not printed)",
        "convolutions are padded with zeros (print: not padded)",
    )

    def network(self, problem: Problem) -> nn.Module:
        """Build patch extraction, non-linear mapping and reconstruction (Eq. 1 to 3)."""
        bands = problem.bands
        return nn.Sequential(
            nn.Conv2d(bands, 64, 9, padding=4),
            nn.ReLU(inplace=True),
            nn.Conv2d(64, 32, self.middle, padding=self.middle // 2),
            nn.ReLU(inplace=True),
            nn.Conv2d(32, bands, 5, padding=2),
        )
