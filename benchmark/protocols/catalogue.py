"""All protocols by name."""

from benchmark.errors import unknown
from benchmark.protocols.protocol import Protocol
from benchmark.protocols.wang2017 import WANG2017, WANG2017_FLOAT

PROTOCOLS = {protocol.name: protocol for protocol in (WANG2017, WANG2017_FLOAT)}


def get(name: str) -> Protocol:
    """Return the protocol of a name.

    Raises:
        RequestError: the name is unknown.
    """
    if name not in PROTOCOLS:
        raise unknown("protocol", name, PROTOCOLS)
    return PROTOCOLS[name]
