"""The protocol of Wang et al. (ICIG 2017): every stored image has 8 bit.

The paper leaves its degradation and its metrics open. Every variant was run over the seven CAVE
test scenes until the Bicubic row of its Table 1 came out, to 0.03 dB and 0.02 degrees.
"""

from benchmark.protocol import OPENCV, GaussianDecimation, Protocol, register


@register(
    "wang2017",
    title="wang2017",
    paper="Wang et al., Deep Residual Convolutional Neural Network for Hyperspectral Image "
    "Super-Resolution, ICIG 2017",
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
class Wang2017(Protocol):
    """Gaussian blur, decimation from sample 0, and bicubic interpolation back; 8 bit throughout.

    Decimation keeps ceil(N / s) samples of N. The interpolation goes straight back to N samples
    with half-pixel centres (171 to 512 at x3), which shifts the image by (s - 1) / 2 pixels; the
    published numbers contain that shift.
    """

    summary = (
        "Gaussian blur (sigma 3), every s-th sample, bicubic (a = -0.75) back; stored images "
        "and scores in 8 bit; PSNR over the whole cube, SAM in degrees"
    )
    scales = (2, 3, 4)
    down = GaussianDecimation(sigma=3.0, truncate=4.0)
    up = OPENCV
    crops = False
    stored_levels = 255
    scored_levels = 255
    metrics = ("psnr", "sam", "sam_float", "ssim", "ergas", "rmse")
    main_metrics = ("psnr", "sam")
    own_splits = ("cave", "harvard")
    trained_together = ("cave", "harvard")
