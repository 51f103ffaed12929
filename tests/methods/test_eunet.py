"""EUNet: its iterations in plain matrices, with the operators of the protocol."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from benchmark.method import Problem
from methods._blocks.resampling import Resampling
from tests.benchmark.support import network_method, problem, random
from tests.methods.support import size_of


def task(scale: int, bands: int) -> Problem:
    """Describe a task whose low-resolution images are not rounded."""
    return problem(scale, bands, eight_bit=False)


def enlarged_only(reference: str, of: Problem) -> Any:
    """Build a network whose prior returns the enlarged image, to which it adds nothing."""
    torch.manual_seed(0)
    network: Any = network_method(reference).network(of).double().eval()
    for parameter in network.prior.tail.parameters():
        nn.init.zeros_(parameter)
    return network


def constants(network: Any) -> tuple[list[float], list[float]]:
    """Return alpha and delta of every stage, from the last layer's order: alpha, delta, beta."""
    values = network.weights(torch.tensor([[0.0, 2.0]]).double().view(1, 2, 1, 1)) + 1e-6
    count = values.shape[1] // 3
    return values[0, :count, 0, 0].tolist(), values[0, count : 2 * count, 0, 0].tolist()


def test_its_iterations_are_gradient_steps_under_the_protocols_operators() -> None:
    of = task(2, 3)
    network = enlarged_only("eunet[maps=8]", of)
    y = random(1, 3, 7, 9).double()
    (up_rows, up_columns), (rows, columns) = (
        [matrix(size) for size in (14, 18)]
        for matrix in (of.degradation.up_axis, of.degradation.axis)
    )
    z = y
    for alpha, delta in list(zip(*constants(network), strict=True))[:3]:
        reduced = rows @ (up_rows @ z @ up_columns.T) @ columns.T
        z = (1 - delta * alpha) * z - delta * z + delta * y + delta * alpha * reduced
    with torch.no_grad():
        assert torch.allclose(network(y), up_rows @ z @ up_columns.T, rtol=0, atol=1e-10)
    assert not torch.allclose(z, y, rtol=0, atol=1e-3)


def test_a_blur_takes_the_place_of_the_identity() -> None:
    """With an identity kernel as the blur, the network with `blur` is the one without."""
    plain, blurred = (
        enlarged_only(reference, task(2, 3))
        for reference in ("eunet[maps=8]", "eunet[maps=8,blur=true]")
    )
    assert size_of(blurred) == size_of(plain) + 2 * 3 * 9
    blurred.load_state_dict(plain.state_dict(), strict=False)
    for layer in (blurred.blur, blurred.adjoint):
        nn.init.zeros_(layer.weight)
        layer.weight.data[:, :, 1, 1] = 1
    y = random(1, 3, 7, 9).double()
    assert torch.allclose(plain(y), blurred(y), rtol=0, atol=1e-12)


def test_the_blocks_of_a_group_share_an_attention_over_five_neighbouring_channels() -> None:
    torch.manual_seed(0)
    group: Any = enlarged_only("eunet[maps=8]", task(2, 3)).prior.body[0]
    taps = group.attention.weight.flatten().tolist()
    expected = random(2, 8, 6, 7).double()
    inputs = expected
    for layers in group.blocks:
        features = layers(expected)
        means = features.mean(dim=(2, 3)).tolist()
        gates = [
            [
                sum(
                    tap * image[channel + shift]
                    for shift, tap in enumerate(taps, start=-2)
                    if 0 <= channel + shift < 8
                )
                for channel in range(8)
            ]
            for image in means
        ]
        weight = 1 + torch.sigmoid(torch.tensor(gates).double())
        expected = expected + features * weight[:, :, None, None]
    assert torch.allclose(group(inputs), expected, rtol=0, atol=1e-6)


def test_the_second_block_of_a_group_looks_two_pixels_far() -> None:
    torch.manual_seed(0)
    group: Any = enlarged_only("eunet[maps=8]", task(2, 3)).prior.body[0]
    for layers, reach in zip(group.blocks, (1, 2), strict=True):
        x = random(1, 8, 9, 9).double().requires_grad_()
        layers(x)[0, :, 4, 4].sum().backward()
        assert x.grad is not None
        seen = x.grad.abs().sum(dim=(0, 1)).nonzero()
        assert (seen - 4).abs().max() == reach


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_resampling_is_that_of_the_protocol(scale: int) -> None:
    of = task(scale, 3)
    resampling = Resampling(of)
    low, truth = random(2, 3, 5, 7), random(2, 3, 5 * scale, 7 * scale)
    shape = (5 * scale, 7 * scale)
    expected = [of.degradation.upscale(image, shape) for image in low]
    assert torch.allclose(resampling.enlarge(low), torch.stack(expected), rtol=0, atol=2e-6)
    expected = [of.degradation.low(image) for image in truth]
    assert torch.allclose(resampling.reduce(truth), torch.stack(expected), rtol=0, atol=2e-6)


def test_resampling_is_not_rounded_to_half_precision() -> None:
    resampling = Resampling(task(2, 3))
    low = random(1, 3, 8, 8)
    with torch.autocast("cpu", torch.bfloat16):
        inside: Tensor = resampling.enlarge(low)
    assert torch.equal(inside, resampling.enlarge(low))


def test_it_refuses_a_scale_that_no_factor_of_two_or_three_reaches() -> None:
    method = network_method("eunet")
    assert all(method.refusal(replace(task(2, 3), scale=scale)) == "" for scale in (2, 3, 4, 8))
    assert "found 5" in method.refusal(replace(task(2, 3), scale=5))
