"""Checks of estimates: each detects its faults, and its reason describes them."""

import math
import re
from collections.abc import Callable, Iterable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.engine.machine.device import Device
from benchmark.method import METHODS, Method, Problem, State
from benchmark.tools.conformance.methods import inference
from tests.benchmark.support import CPU
from tests.benchmark.tools.conformance.methods.support import (
    Layers,
    Sound,
    SoundNetwork,
    checks_of,
    faulty,
    network_of,
    reason_of,
    upscaling,
)


def test_a_wrong_size_at_one_scale_only() -> None:
    cls = upscaling(lambda low, problem: low[:, int(problem.scale == 3) :])
    expected = "the estimate has shape (8, 22, 25), expected (8, 23, 25)"
    assert reason_of(cls, "shape-x3") == expected
    assert reason_of(cls, "bands-31").startswith("x3: the estimate has shape (31, 22, 25)")
    for other in ("shape-x2", "shape-x4"):
        assert checks_of(cls).check(other).outcome == "passed"


@pytest.mark.parametrize(
    ("estimate", "shape"),
    [
        (lambda low, _: low[0], "(23, 25)"),
        (lambda low, _: low[:1], "(1, 23, 25)"),
        (lambda low, _: torch.cat([low, low], dim=1), "(8, 46, 25)"),
    ],
)
def test_another_wrong_size(estimate: Callable[[Tensor, Problem], Tensor], shape: str) -> None:
    reason = reason_of(upscaling(estimate), "shape-x2")
    assert reason == f"the estimate has shape {shape}, expected (8, 23, 25)"


@pytest.mark.parametrize(
    ("rows", "outcome"), [(48, "failed"), (49, "passed"), (51, "passed"), (52, "failed")]
)
def test_a_decimated_image_may_become_larger_by_less_than_the_scale(
    rows: int, outcome: str
) -> None:
    """The input has 17 rows, and 49 are expected."""

    def upscale(_self: Method, low: Tensor, problem: Problem, _state: State) -> Tensor:
        return torch.zeros(len(low), rows, problem.shape[1])

    cls = faulty(inputs=("low",), upscale=upscale)
    assert checks_of(cls).check("shape-x3").outcome == outcome


@pytest.mark.parametrize("bands", [1, 8, 31, 102])
def test_a_number_of_bands_that_it_cannot_take(bands: int) -> None:
    def network(_self: Method, problem: Problem) -> nn.Module:
        if problem.bands == bands:
            raise ValueError("wrong number")
        return Layers(problem.bands)

    cls = faulty(SoundNetwork, network=network)
    assert reason_of(cls, f"bands-{bands}") == "x2: ValueError: wrong number"


def test_what_a_method_refuses_is_not_applicable() -> None:
    def refusal(_self: Method, problem: Problem) -> str:
        few = "needs three bands" if problem.bands < 3 else ""
        return "needs a power of two" if problem.scale == 3 else few

    def upscale(_self: Method, low: Tensor, problem: Problem, _state: State) -> Tensor:
        assert refusal(_self, problem) == ""
        return low

    checks = checks_of(faulty(refusal=refusal, upscale=upscale))
    found = {result.name: str(result) for result in checks if result.outcome == "skipped"}
    assert found["shape-x3"].endswith(": skipped: the method refuses x3: needs a power of two")
    assert found["bands-1"].endswith(": skipped: the method refuses 1 band: needs three bands")
    assert not {"shape-x2", "shape-x4", "shape-x8", "bands-3", "bands-31", "finite"} & set(found)


@pytest.mark.parametrize(("scale", "bands"), [(4, 31), (8, 3), (3, 102)])
def test_the_other_checks_avoid_what_is_refused(scale: int, bands: int) -> None:
    asked = set()

    def upscale(_self: Method, low: Tensor, problem: Problem, _state: State) -> Tensor:
        asked.add((problem.scale, problem.bands))
        return low

    def refusal(_self: Method, problem: Problem) -> str:
        return "" if (problem.scale, problem.bands) == (scale, bands) else "not this"

    cls = faulty(refusal=refusal, upscale=upscale)
    assert checks_of(cls).check("order-independent").outcome == "passed"
    assert asked == {(scale, bands)}


@pytest.mark.parametrize(
    ("made", "shape"),
    [
        (lambda x: x.repeat(1, 1, 2, 1), (1, 8, 46, 25)),  # the engine would crop it silently
        (lambda x: x[:, :1], (1, 1, 23, 25)),  # and broadcast this to all bands
    ],
)
def test_a_network_of_another_size(
    made: Callable[[Tensor], Tensor], shape: tuple[int, ...]
) -> None:
    cls = network_of(lambda layers, x: made(Layers.forward(layers, x)))
    reason = reason_of(cls, "shape-x4")
    assert reason == f"the network maps (1, 8, 23, 25) to {shape}, expected (1, 8, 23, 25)"


def steepest(image: Tensor) -> float:
    """Return the largest difference between neighbours: almost 1 in noise, small in scenes."""
    return float(image.diff().abs().max())


@pytest.mark.parametrize(
    ("bad", "name"),
    [
        (lambda low: low.max() == 0, "a black image"),
        (lambda low: low.min() == 1, "a white image"),
        (lambda low: steepest(low) > 0.9, "noise"),
        (lambda low: 0 < steepest(low) < 0.9, "a scene"),
    ],
)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_an_estimate_that_is_not_finite(
    bad: Callable[[Tensor], bool], name: str, value: float
) -> None:
    def estimate(low: Tensor, problem: Problem) -> Tensor:
        made = low.clone()
        made[2, 3, 4] = value if bad(low) else 0
        return made

    reason = reason_of(upscaling(estimate), "finite")
    assert reason == f"1 value not finite in the estimate of {name}"


def test_an_estimate_that_is_not_finite_in_bfloat16() -> None:
    def overflowing(layers: Layers, x: Tensor) -> Tensor:
        change: Tensor = layers.layer(x)
        return x + change * (math.inf if change.dtype == torch.bfloat16 else 1)

    reason = reason_of(network_of(overflowing), "finite")
    assert reason.endswith("values not finite in the output for a black image, in bfloat16")


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda low: 255 * low, r"100% .* expected 0 to 1, found 3\d\.\d+ to 1\d\d\.\d+"),
        (lambda low: 2 * low - 1, r"6\d% .* expected 0 to 1, found -0.7\d+ to 0.5\d+"),
        (lambda low: low + (torch.rand(low.shape) < 0.02), "2% "),
    ],
)
def test_an_estimate_that_is_clipped(change: Callable[[Tensor], Tensor], found: str) -> None:
    reason = reason_of(upscaling(lambda low, _: change(low)), "in-range")
    assert re.match(found, reason), reason
    assert "of the values of the estimate of a scene are clipped" in reason


def test_an_estimate_of_grey_levels_as_integers() -> None:
    cls = upscaling(lambda low, _: (255 * low).to(torch.uint8))
    assert re.search(r"torch\.uint8, expected .*float", reason_of(cls, "in-range"))


@pytest.mark.parametrize("scaled", [lambda truth: 255 * truth, lambda truth: 2 * truth - 1])
def test_a_network_that_learns_another_range(scaled: Callable[[Tensor], Tensor]) -> None:
    cls = faulty(
        SoundNetwork,
        loss=lambda _self, output, truth, _inputs, _problem: (
            (output - scaled(truth)).square().mean()
        ),
    )
    assert "expected 0 to 1, found " in reason_of(cls, "in-range")


def test_an_estimate_that_overshoots_a_little_is_in_range() -> None:
    cls = upscaling(lambda low, _: 1.3 * low - 0.15)
    assert checks_of(cls).check("in-range").outcome == "passed"


def centre(_self: Method, scenes: Iterable[Tensor], _problem: Problem) -> State:
    """Subtract the mean from all scenes but the first."""
    for scene in list(scenes)[1:]:
        scene.sub_(scene.mean())
    return {}


MODIFIED: dict[str, type[Method]] = {
    "its input 'upscaled'": upscaling(lambda low, _: low.mul_(0.5)),
    "the degradation, by columns": upscaling(
        lambda low, problem: low * problem.degradation.axis(25).mul_(0.5).sum()
    ),
    "'count' of its state": faulty(
        fit=lambda *_: {"count": torch.zeros(1)},
        upscale=lambda _self, low, _problem, state: low * state["count"].add_(1),
    ),
    "training scene 1": faulty(fit=centre),
    "the ground truth in its loss": faulty(
        SoundNetwork,
        loss=lambda _self, output, truth, _inputs, _problem: (
            (output - truth.add_(0.1)).square().mean()
        ),
    ),
}


@pytest.mark.parametrize("what", MODIFIED)
def test_a_method_that_modifies_an_argument(what: str) -> None:
    assert reason_of(MODIFIED[what], "input-not-modified") == f"it changes {what}"


@pytest.mark.parametrize("training", [True, False])
def test_a_network_that_modifies_its_input(training: bool) -> None:
    def forward(layers: Layers, x: Tensor) -> Tensor:
        if layers.training is training:
            x.mul_(0.5)
        return Layers.forward(layers, x)

    reason = reason_of(network_of(forward), "input-not-modified")
    # The engine hands the image itself over where its layout in memory fits already.
    assert reason in (
        "it changes the network's input 'upscaled'",
        "it changes its input 'upscaled'",
    )


def test_a_network_that_mixes_the_images_of_a_batch() -> None:
    cls = network_of(lambda layers, x: Layers.forward(layers, x - 0.1 * x.mean()))
    reason = reason_of(cls, "batch-of-one-equals-many")
    assert reason.startswith("images alone and in one batch: they differ by ")


def test_a_network_whose_windows_take_what_another_image_asks_for() -> None:
    """Windows are in the order of images, but what is pooled of the images in that of windows."""

    def forward(layers: Layers, x: Tensor) -> Tensor:
        count, _, rows, columns = x.shape
        padded = functional.pad(x, (0, -columns % 8, 0, -rows % 8), mode="replicate")
        windows = padded.unfold(2, 8, 8).unfold(3, 8, 8)
        asked = x.mean(dim=(1, 2, 3)).repeat(windows.shape[2] * windows.shape[3])
        gains = asked.view(count, 1, *windows.shape[2:4], 1, 1)
        mixed = (windows * gains).permute(0, 1, 2, 4, 3, 5).reshape(padded.shape)
        return Layers.forward(layers, x + 0.1 * mixed[..., :rows, :columns])

    reason = reason_of(network_of(forward), "batch-of-one-equals-many")
    assert reason.startswith("images alone and in one batch: they differ by ")


def test_a_network_that_drops_images_of_a_batch() -> None:
    def forward(layers: Layers, x: Tensor) -> Tensor:
        return Layers.forward(layers, x if layers.training else x[:1])

    reason = reason_of(network_of(forward), "batch-of-one-equals-many")
    assert reason == "images alone and in one batch: (3, 8, 23, 25) and (1, 8, 23, 25)"


@pytest.mark.parametrize(
    "forward",
    [
        lambda layers, x: Layers.forward(layers, Layers.forward(layers, x)),  # a layer in a loop
        lambda layers, x: layers.layer(x) + x.mean(dim=(2, 3), keepdim=True),
    ],
)
@pytest.mark.parametrize("image", ["upscaled", "low"])
def test_a_network_whose_receptive_field_exceeds_its_halo(
    forward: Callable[[Layers, Tensor], Tensor], image: str
) -> None:
    def enlarged(layers: Layers, x: Tensor) -> Tensor:
        y = forward(layers, x)
        return y.repeat_interleave(2, 2).repeat_interleave(2, 3) if image == "low" else y

    cls = faulty(network_of(enlarged), inputs=(image,))
    reason = reason_of(cls, "tiles-equal-whole")
    assert reason.startswith("tiles (halo 2) and the whole image: they differ by ")


@pytest.mark.parametrize("name", ["vdsr", "proposed"])
def test_the_check_of_tiles_detects_a_missing_halo(name: str) -> None:
    """Also where the last layers are still almost zero after their short training."""
    cls = faulty(METHODS.entry(name).cls, halo=lambda _self, _network: 0)
    reason = reason_of(cls, "tiles-equal-whole")
    assert reason.startswith("tiles (halo 0) and the whole image: they differ by ")


def test_an_estimate_that_depends_on_the_scenes_before_it() -> None:
    kept: list[Tensor] = []

    def estimate(low: Tensor, problem: Problem) -> Tensor:
        kept.append(low.mean())
        return low + 0.1 * kept[max(0, len(kept) - 2)]

    reason = reason_of(upscaling(estimate), "order-independent")
    assert reason == "a scene's estimate depends on the scenes before it"


def test_a_gpu_that_gives_other_estimates(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that adds to every output stands in for the GPU."""

    class Other(Device):
        def place(self, network: nn.Module) -> nn.Module:
            """Make the network add to its output."""
            network.register_forward_hook(lambda _layer, _inputs, output: output + 0.1)
            return super().place(network)

    monkeypatch.setattr(inference, "other_device", lambda: Other(CPU.torch, bfloat16=False))
    reason = reason_of(SoundNetwork, "cpu-equals-cuda")
    assert reason.startswith("GPU and CPU: they differ by 0.1")


@pytest.mark.parametrize("cls", [Sound, SoundNetwork])
def test_a_gpu_that_gives_the_same(cls: type[Method], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "other_device", lambda: CPU)
    assert checks_of(cls).check("cpu-equals-cuda").outcome == "passed"
