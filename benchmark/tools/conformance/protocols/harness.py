"""What the checks of protocols are given: a protocol, and its operators at all scales."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from benchmark.dataset import DATASETS
from benchmark.degradation.degradation import Degradation
from benchmark.metric import METRICS
from benchmark.plugins import discovery
from benchmark.plugins.registry import Registry
from benchmark.protocol import PROTOCOLS, Protocol
from benchmark.tools.conformance.harness import Harness

# Short and long axes, even and odd, multiples of the scales and others.
SIZES = (16, 17, 24, 31, 45, 48, 64, 101, 128, 510, 512)
LARGEST = 16  # the largest scale that is asked for


@dataclass(frozen=True)
class ProtocolHarness(Harness[Protocol]):
    """A protocol under test."""

    @property
    def registry(self) -> Registry[Protocol]:
        """The protocols."""
        return PROTOCOLS

    @cached_property
    def scales(self) -> list[int]:
        """The published scales, and the others that the protocol accepts."""
        accepted = (scale for scale in range(2, LARGEST + 1) if not self.plugin.refusal(scale))
        return sorted({*self.plugin.scales, *accepted})

    def degradations(self) -> Iterator[tuple[int, Degradation]]:
        """Yield every scale with its degradation."""
        return ((scale, self.plugin.degradation(scale)) for scale in self.scales)

    def sizes(self, degradation: Degradation) -> list[int]:
        """Return lengths of an axis that can occur: multiples of the scale where it crops."""
        cut = (degradation.crop_shape((size, size))[0] for size in SIZES)
        return sorted({size for size in cut if size})

    def discover(self) -> None:
        """Import the data sets and metrics of the checkout, which the protocol may name."""
        discovery.discover([DATASETS, METRICS])


def image(rows: int, columns: int) -> Tensor:
    """Make an image of two bands, (2, rows, columns) float32 in [0, 1], from a seed."""
    return torch.rand(2, rows, columns, generator=torch.Generator().manual_seed(0))
