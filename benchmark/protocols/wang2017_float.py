"""The protocol `wang2017` without rounding before scoring."""

from benchmark.protocol import OPENCV, GaussianDecimation, Protocol, register


@register(
    "wang2017-float",
    title="wang2017-float",
    paper="Wang et al., ICIG 2017, as far as its Bicubic row can tell",
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
class Wang2017Float(Protocol):
    """The same operators, but only the scored images have 8 bit.

    Without rounding a linear filter undoes most of the blur: 41 dB at x2, above every published
    network. The Bicubic row cannot tell the two protocols apart, the other rows can.
    """

    summary = (
        "wang2017 without rounding before scoring: a low-pass filter alone, which a linear "
        "filter can undo"
    )
    scales = (2, 3, 4)
    down = GaussianDecimation(sigma=3.0, truncate=4.0)
    up = OPENCV
    crops = False
    scored_levels = 255
    metrics = ("psnr", "sam", "sam_float", "ssim", "ergas", "rmse")
    main_metrics = ("psnr", "sam")
    own_splits = ("cave", "harvard")
