"""Does fast training reach what plain training reaches? The same patches, in the same order."""

from dataclasses import dataclass

from torch import nn

from benchmark.data.split import Split
from benchmark.engine.device import Device
from benchmark.engine.training.checkpoint import NullCheckpointer
from benchmark.engine.training.listener import TrainingListener
from benchmark.engine.training.profiles import Profile
from benchmark.execution.evaluation import train_network
from benchmark.execution.plan import plan_cells
from benchmark.execution.request import Experiment
from benchmark.method import METHODS, NetworkMethod
from benchmark.protocols import catalogue
from benchmark.tools.speed.report import Row


class _Plain(Device):
    """A device that computes a network as it was written, in float32."""

    def place(self, network: nn.Module) -> nn.Module:
        """Move a network here and leave it as it is."""
        return network.to(self.torch)


@dataclass
class _Last(TrainingListener):
    """Remembers the last validation's PSNR in dB."""

    psnr: float = float("nan")

    def validated(self, psnr: float) -> None:
        """Take a validation's PSNR in dB."""
        self.psnr = psnr


def trained(
    method: NetworkMethod, split: Split, profile: Profile, scale: int, device: Device
) -> Row:
    """Train a network twice, the engine's way and plainly; the row has the last validations.

    Args:
        method: whose network.
        split: what is trained and validated on.
        profile: how long.
        scale: the factor.
        device: where; plainly means float32 there, every layer as the method wrote it.
    """
    asked = Experiment(catalogue.get("wang2017"), profile, (scale,), (method,))
    (task,) = plan_cells(split, asked)
    reached = []
    for where in (device, _Plain(device.torch, bfloat16=False)):
        last = _Last()
        train_network(task, where, last, NullCheckpointer())
        reached.append(last.psnr)
    return Row("train", f"{METHODS.label(method)}, {profile.name}", reached[0], "dB", reached[1])
