"""ESPCN: convolutions on the low-resolution image, then a pixel shuffle, band by band."""

from torch import nn

from benchmark.method import NetworkMethod, Problem, Recipe, register


@register(
    "espcn",
    title="ESPCN",
    paper="Shi et al., Real-time single image and video super-resolution, CVPR 2016",
    published="Shi[18]",
    year="2016",
    bibtex=r"""
    @inproceedings{shi2016espcn,
      author = {Shi, Wenzhe and Caballero, Jose and Husz{\'a}r, Ferenc and Totz, Johannes and
        Aitken, Andrew P. and Bishop, Rob and Rueckert, Daniel and Wang, Zehan},
      title = {Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel
        Convolutional Neural Network},
      booktitle = {IEEE Conference on Computer Vision and Pattern Recognition (CVPR)},
      pages = {1874--1883}, year = {2016}, doi = {10.1109/CVPR.2016.207}
    }
    """,
)
class ESPCN(NetworkMethod):
    """5-3-3 with 64 and 32 maps, tanh (Section 3.1); 21,284 / 22,729 / 24,752 parameters.

    Section 3.2: sub-images of 17 s x 17 s; the learning rate falls from 0.01 to 0.0001 while
    training stagnates; it ends after 100 epochs without improvement. The paper does not state the
    optimiser: at 0.01 Adam's loss rose thirtyfold after 1,500 steps (CAVE x2), SGD was NaN before
    step 25; with gradients clipped to norm 1 SGD was above Bicubic after 800 steps.
    """

    inputs = ("low",)
    bandwise = True
    recipe = Recipe(
        optimiser="sgd",
        lr=1e-2,
        batch_size=16,
        epochs=1000,
        schedule="plateau",
        patience=10,
        min_lr=1e-4,
        early_stopping_patience=100,
        clip_norm=1.0,
        bands_as_samples=True,
        loss_reduction="sum",
        low_patch_size=17,
    )
    recipe_notes = (
        "SGD with momentum 0.9, batch 16, gradients clipped to norm 1 (not printed)",
        "1,000 epochs at most, rate divided by 10 after 10 without improvement (not printed)",
        "improvement is that of the validation PSNR (print: of the cost)",
    )

    def network(self, problem: Problem) -> nn.Module:
        """Build three convolutions; the last computes scale^2 sub-pixels per pixel (Eq. 3, 4)."""
        bands, scale = problem.bands, problem.scale
        return nn.Sequential(
            nn.Conv2d(bands, 64, 5, padding=2),
            nn.Tanh(),
            nn.Conv2d(64, 32, 3, padding=1),
            nn.Tanh(),
            nn.Conv2d(32, bands * scale**2, 3, padding=1),
            nn.PixelShuffle(scale),
        )
