"""The protocol of Liu et al. (Remote Sensing 2023), the F3DUN paper.

It was determined by its Bicubic row on CAVE: all twelve figures agree if their digits are cut off
instead of rounded, else to one unit of the last digit. The whole difference from `jiang2020` is
that it does not antialias.
"""

from typing import ClassVar

from benchmark.protocol import OPENCV, Division, Protocol, register

TEST = (
    "balloons", "beads", "cd", "chart_and_stuffed_toy", "clay", "cloth", "egyptian_statue",
    "face", "fake_and_real_beers", "fake_and_real_food", "fake_and_real_lemon_slices",
    "fake_and_real_lemons",
)  # fmt: skip


@register(
    "liu2023",
    title="liu2023",
    paper="Liu et al., Rethinking 3D-CNN in Hyperspectral Image Super-Resolution, "
    "Remote Sensing 15(10):2574, 2023",
    year="2023",
    bibtex="""
    @article{liu2023f3dun,
      author = {Liu, Z. and Wang, W. and Ma, Q. and Liu, X. and Jiang, J.},
      title = {Rethinking {3D-CNN} in Hyperspectral Image Super-Resolution},
      journal = {Remote Sensing}, volume = {15}, number = {10}, pages = {2574}, year = {2023},
      doi = {10.3390/rs15102574}
    }
    """,
)
class Liu2023(Protocol):
    """OpenCV's `INTER_CUBIC` down, without antialiasing, and up; x2 and x3 are an extension.

    SSIM is scikit-image's default. The paper prints ERGAS with the ratio 4 at x8 too, where it is
    twice the right value; both are computed.
    """

    summary = (
        "OpenCV's bicubic without antialiasing down and up; nothing is rounded; "
        "PSNR is the mean over bands, SSIM by uniform windows of 7 x 7, SAM in degrees"
    )
    scales = (4, 8)
    down = up = OPENCV
    metrics = ("mpsnr", "ssim_uniform", "sam", "rmse", "ergas[ratio=4]", "ergas", "cc", "psnr")
    main_metrics = ("mpsnr", "ssim_uniform", "sam")
    splits: ClassVar = {"cave": Division(TEST, validation=("feathers", "thread_spools"))}
