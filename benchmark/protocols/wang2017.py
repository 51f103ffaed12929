"""The protocol of Wang et al. (ICIG 2017), with and without rounding to 8 bit."""

from benchmark.errors import RequestError
from benchmark.protocols.protocol import Protocol

PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        Protocol(
            "wang2017",
            "Gaussian blur (sigma 3), every s-th sample, bicubic (a = -0.75) back; stored images "
            "and scores in 8 bit; PSNR over the whole cube, SAM in degrees",
            eight_bit=True,
        ),
        Protocol(
            "wang2017-float",
            "wang2017 without rounding before scoring: a low-pass filter alone, which a linear "
            "filter can undo",
            eight_bit=False,
        ),
    )
}


def get(name: str) -> Protocol:
    """Look a protocol up.

    Raises:
        RequestError: there is none of that name.
    """
    if name not in PROTOCOLS:
        raise RequestError(f"unknown protocol '{name}'; known: {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]
