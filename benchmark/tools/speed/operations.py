"""Count the operations of networks whose tensors have shapes but no values."""

import json
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from benchmark.engine.inference.building import problem_of_network
from benchmark.method import METHODS, NetworkMethod, Problem
from benchmark.plugins.fingerprint import source_of
from benchmark.protocol import PROTOCOLS
from benchmark.store.address import key_of
from benchmark.store.files import locked, write_file, writing
from benchmark.tools.speed.baseline import PROTOCOL

LOW = 32  # rows and columns of the low-resolution image that operations are counted for


class Counts:
    """Operations of networks, kept in the cache folder, as counting some takes seconds.

    Args:
        cache: the cache folder.
        report: called with a line before a network is counted.
    """

    def __init__(self, cache: Path, report: Callable[[str], None] = lambda _: None) -> None:
        self._file, self._report = cache / "operations.json", report
        self._known = _read(self._file)
        self._new: dict[str, float] = {}

    def of(self, label: str, scale: int, bands: int) -> float | None:
        """Count the operations of one estimate by a method as it is now.

        Args:
            label: the method with its changed parameters.
            scale: the scale factor.
            bands: of the images.

        Returns:
            Floating-point operations of one forward pass for a low-resolution image of bands x 32 x
            32, two for each multiplication, of band-wise networks for all bands; None for a method
            that is unknown here, has no network, or refuses these images.
        """
        try:
            method = METHODS.make(label)
            if not isinstance(method, NetworkMethod):
                return None
            inputs = {"label": label, "scale": scale, "bands": bands, "torch": torch.__version__}
            key = key_of({**inputs, "source": source_of(type(method))})
            if key not in self._known:
                self._report(f"operations of {label} x{scale}")
                network = without_values(method, problem_of(scale, bands))
                if network is None:
                    return None
                counted = forward_operations(method, network, scale, bands)
                self._known[key] = self._new[key] = counted
            return self._known[key]
        except Exception:  # noqa: BLE001 - a plugin raises anything
            return None

    def save(self) -> None:
        """Write what was counted.

        Raises:
            RequestError: the cache cannot be written to.
        """
        if not self._new:
            return
        lock = self._file.with_name(f".{self._file.name}.lock")
        with writing(self._file, "--cache"), locked(lock):
            # Another process may have written others meanwhile.
            known = {**_read(self._file), **self._new}
            write_file(self._file, json.dumps(known, indent=1).encode(), "--cache")


def _read(file: Path) -> dict[str, float]:
    """Read the counts of a file; none where it is missing or damaged."""
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
        return {key: float(value) for key, value in stored.items()}
    except Exception:  # noqa: BLE001 - whatever is wrong with it, they are counted again
        return {}


def problem_of(scale: int, bands: int) -> Problem:
    """Return the problem of an image of `LOW` rows and columns."""
    side, degradation = LOW * scale, PROTOCOLS.make(PROTOCOL).degradation(scale)
    return Problem(scale, bands, (side, side), degradation)


def without_values(method: NetworkMethod, problem: Problem) -> nn.Module | None:
    """Build a network whose tensors have shapes but no values; None if the method refuses."""
    if method.refusal(problem):
        return None
    with torch.device("meta"):
        network = method.network(problem_of_network(method, problem))
    return network.to("meta").eval()


def forward_operations(method: NetworkMethod, network: nn.Module, scale: int, bands: int) -> float:
    """Count as `Counts.of`, of a network without values."""
    channels, repeated = (1, bands) if method.bandwise else (bands, 1)
    sides = [LOW if name == "low" else LOW * scale for name in method.inputs]
    images = [torch.empty(1, channels, side, side, device="meta") for side in sides]
    with FlopCounterMode(display=False) as counter:
        network(*images)
    return float(counter.get_total_flops() * repeated)
