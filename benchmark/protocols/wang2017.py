"""The protocol of Wang et al. (ICIG 2017), with and without rounding to 8 bit.

What the paper leaves open was determined by reproducing the Bicubic row of its Table 1; see the
README.
"""

from benchmark.protocols.protocol import Protocol

WANG2017 = Protocol(
    "wang2017",
    "Gaussian blur (sigma 3), every s-th sample, bicubic (a = -0.75) back; stored images "
    "and scores in 8 bit; PSNR over the whole cube, SAM in degrees",
    eight_bit=True,
)
WANG2017_FLOAT = Protocol(
    "wang2017-float",
    "wang2017 without rounding before scoring: a low-pass filter alone, which a linear "
    "filter can undo",
    eight_bit=False,
)
