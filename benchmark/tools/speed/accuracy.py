"""Does fast training reach what plain training reaches? The same patches, in the same order."""

from torch import nn

from benchmark.data.split import Split
from benchmark.engine.device import Device
from benchmark.engine.training.checkpoint import NullCheckpointer
from benchmark.engine.training.profiles import Profile
from benchmark.execution.evaluation import train_network
from benchmark.execution.plan import plan_cells
from benchmark.method import METHODS, NetworkMethod
from benchmark.protocols import catalogue
from benchmark.tools.speed.baseline import PROTOCOL, SCALE
from benchmark.tools.speed.report import Row


class _PlainDevice(Device):
    """A device that computes a network as its method wrote it."""

    def place(self, network: nn.Module) -> nn.Module:
        """Move a network here, leaving its layers and their memory layout alone."""
        return network.to(self.torch)


class _NullListener:
    def stepped(self, step: int, steps: int, loss: float) -> None:
        """Ignore a step."""

    def validated(self, psnr: float) -> None:
        """Ignore a validation."""


def compare(method: NetworkMethod, split: Split, profile: Profile, device: Device) -> Row:
    """Train a network by a profile as the engine does, and plainly: float32, layers untouched.

    The row has the PSNR of the last validation in dB, and the plain training's as its baseline.
    """
    (plan,) = plan_cells(split, catalogue.get(PROTOCOL), profile, [SCALE], [method], [0])
    fast, plain = (
        train_network(plan, where, _NullListener(), NullCheckpointer()).history[-1]["psnr"]
        for where in (device, _PlainDevice(device.torch, bfloat16=False))
    )
    return Row("train", f"{METHODS.label(method)}, {profile.name}", fast, "dB", plain)
