"""The protocol of Jiang et al. (IEEE TCI 2020), and of MSDformer, CST and ESSAformer after it.

The paper does not say which scenes of CAVE it tests on. Of all subsets of 12 scenes exactly one,
the last 12 in alphabetical order, gives its printed Bicubic row, all twelve figures to every digit.
"""

from typing import ClassVar

from benchmark.protocol import MATLAB, Division, Protocol, register

TEST = (
    "jelly_beans", "oil_painting", "paints", "photo_and_face", "pompoms", "real_and_fake_apples",
    "real_and_fake_peppers", "sponges", "stuffed_toys", "superballs", "thread_spools",
    "watercolors",
)  # fmt: skip


@register(
    "jiang2020",
    title="jiang2020",
    paper="Jiang et al., Learning Spatial-Spectral Prior for Super-Resolution of Hyperspectral "
    "Imagery, IEEE TCI 6:1082-1096, 2020",
    year="2020",
    url="https://github.com/junjun-jiang/SSPSR",
    bibtex="""
    @article{jiang2020sspsr,
      author = {Jiang, J. and Sun, H. and Liu, X. and Ma, J.},
      title = {Learning Spatial-Spectral Prior for Super-Resolution of Hyperspectral Imagery},
      journal = {IEEE Transactions on Computational Imaging}, volume = {6}, pages = {1082--1096},
      year = {2020}, eprint = {2005.08752}, archiveprefix = {arXiv}
    }
    """,
)
class Jiang2020(Protocol):
    """MATLAB's `imresize` down and up; nothing is rounded; x2 and x3 are an extension.

    SSIM is MATLAB's, as printed; the public script calls scikit-image's, which gives other digits.
    The Bicubic row is not clipped in the paper.
    """

    summary = (
        "MATLAB's bicubic with antialiasing down, bicubic (a = -0.5) back; nothing is rounded; "
        "PSNR is the mean over bands, SSIM is MATLAB's, SAM in degrees"
    )
    scales = (4, 8)
    down = up = MATLAB
    metrics = ("mpsnr", "ssim_matlab", "sam", "cc", "rmse", "ergas", "psnr")
    main_metrics = ("mpsnr", "ssim_matlab", "sam")
    own_splits = ("chikusei",)
    splits: ClassVar = {"cave": Division(TEST, validation=("feathers", "glass_tiles"))}
