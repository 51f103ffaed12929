"""The protocol of Li et al. (Remote Sensing 2020), and of SFCSR, ERCSR and DualSR after it.

The papers say "80 %, at random" and print no list of scenes. It was recovered twice: from the band
means of the training scenes that the public networks carry, and from the Bicubic row alone.
"""

from typing import ClassVar

from benchmark.protocol import MATLAB, Division, Protocol, register

TEST = (
    "balloons", "cloth", "face", "fake_and_real_lemons", "flowers", "hairs", "oil_painting",
)  # fmt: skip


@register(
    "li2020",
    title="li2020",
    paper="Li et al., Mixed 2D/3D Convolutional Network for Hyperspectral Image "
    "Super-Resolution, Remote Sensing 12(10):1660, 2020",
    year="2020",
    url="https://github.com/qianngli/MCNet",
    bibtex="""
    @article{li2020mcnet,
      author = {Li, Q. and Wang, Q. and Li, X.},
      title = {Mixed {2D/3D} Convolutional Network for Hyperspectral Image Super-Resolution},
      journal = {Remote Sensing}, volume = {12}, number = {10}, pages = {1660}, year = {2020},
      doi = {10.3390/rs12101660}
    }
    """,
)
class Li2020(Protocol):
    """MATLAB's `imresize` down and up, on 31 scenes of CAVE; nothing is rounded.

    The ground truth is cut to a multiple of the scale (510 pixels at x3). Networks' estimates are
    clipped in the papers, the Bicubic row is not. The x8 row agrees with print in every digit, x2
    to x4 to 0.003 dB, 0.0003 and 0.005 degrees.
    """

    summary = (
        "MATLAB's bicubic with antialiasing down, bicubic (a = -0.5) back; nothing is rounded; "
        "PSNR over the whole cube, SSIM by Gaussian windows within the image, SAM in degrees"
    )
    scales = (2, 3, 4, 8)
    down = up = MATLAB
    metrics = ("psnr", "ssim", "sam", "mpsnr", "rmse", "ergas", "cc")
    main_metrics = ("psnr", "ssim", "sam")
    splits: ClassVar = {
        "cave": Division(TEST, validation=("feathers", "thread_spools"), left_out=("watercolors",))
    }
