"""SNLSR: attention at one pixel, two stages, small images, and both outputs in the loss."""

import math
from typing import Any

import pytest
import torch
from torch import nn

from methods import snlsr
from tests.benchmark.support import network_method, problem, random

SMALL = "snlsr[maps=8,endmembers=5]"


def build(scale: int, bands: int = 4) -> Any:
    """Build a small network with fixed weights."""
    torch.manual_seed(0)
    return network_method(SMALL).network(problem(scale, bands)).eval()


def test_each_channel_of_a_pixel_attends_to_the_others() -> None:
    attention: Any = snlsr.SpectralAttention(6).double()
    x = random(1, 6, 3, 4).double()
    with torch.no_grad():
        v = attention.embed(x)
        out = attention(x)
        for row in range(3):
            for column in range(4):
                pixel = v[0, :, row, column]
                q, k, w = (
                    layer.weight @ pixel
                    for layer in (attention.query, attention.key, attention.value)
                )
                weights = torch.outer(q / q.norm(), k / k.norm()).exp()
                mixed = (weights @ w) / weights.sum(dim=1)
                expected = attention.out.weight @ mixed + attention.out.bias + pixel
                assert torch.allclose(out[0, :, row, column], expected, rtol=0, atol=1e-10)


def test_attention_in_chunks_is_attention_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    attention = snlsr.SpectralAttention(6)
    x = random(2, 6, 9, 11)
    whole = attention(x)
    monkeypatch.setattr(snlsr, "PIXELS", 50)
    assert torch.allclose(attention(x), whole, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("scale", "stages"), [(2, [1, 2]), (3, [1, 3]), (4, [2, 2]), (8, [4, 2])])
def test_the_second_stage_enlarges_by_two_and_the_first_by_the_rest(
    scale: int, stages: list[int]
) -> None:
    network = build(scale)
    x = random(1, 8, 15, 16)
    with torch.no_grad():
        for stage, factor in zip(network.stages, stages, strict=True):
            assert stage(x).shape == (1, 8, 15 * factor, 16 * factor)
        out = network(random(1, 4, 15, 16), random(1, 4, 15 * scale, 16 * scale))
    assert out.shape == (1, 4, 15 * scale, 16 * scale)


def test_a_block_sees_all_that_came_before_it() -> None:
    stage = build(4).stages[1]
    x = random(1, 8, 15, 15)
    seen = [x]
    with torch.no_grad():
        for block in stage.blocks:
            seen.append(block(torch.cat(seen, dim=1)))
        expected = stage.up(stage.fuse(torch.cat(seen, dim=1)))
        assert torch.equal(stage(x), expected)
    assert [block.reduce.in_channels for block in stage.blocks[1:]] == [16, 24]


def test_abundances_are_not_negative_and_add_up_to_one() -> None:
    with torch.no_grad():
        abundances = build(2).abundances(random(2, 4, 16, 15))
    assert abundances.min() >= 0
    assert torch.allclose(abundances.sum(dim=1), torch.ones(2, 16, 15), atol=1e-6)


def test_a_small_image_is_continued_by_its_border() -> None:
    network = build(2)
    low, upscaled = random(1, 4, 9, 20), random(1, 4, 18, 40)
    rows = torch.arange(15).clamp_max(8)
    with torch.no_grad():
        whole = network(low[:, :, rows], upscaled[:, :, torch.arange(30).clamp_max(17)])
        assert torch.allclose(network(low, upscaled), whole[:, :, :18], rtol=0, atol=1e-6)


def test_the_residual_is_added_to_the_upscaled_image() -> None:
    network = build(2)
    nn.init.zeros_(network.tail.weight)
    nn.init.zeros_(network.tail.bias)
    upscaled = random(1, 4, 32, 32)
    with torch.no_grad():
        assert torch.equal(network(random(1, 4, 16, 16), upscaled), upscaled)


def test_the_loss_is_that_of_both_outputs() -> None:
    task = problem(2, 2)
    truth, low = torch.zeros(1, 2, 2, 2), torch.zeros(1, 2, 1, 1)
    truth[:, 0], low[:, 0] = 0.5, 0.5
    turned = truth.flip(1)  # every value differs by 0.5, every spectrum by a right angle
    inputs = {"low": low, "upscaled": truth}
    at_right_angles = 0.5 + 0.1 * (math.pi / 2) / math.pi
    for output, terms, expected in (
        ((low.flip(1), truth), "all", at_right_angles),
        ((low, turned), "all", at_right_angles),
        ((low.flip(1), turned), "all", 2 * at_right_angles),
        ((low.flip(1), turned), "l1", 0.5),
        (turned, "all", at_right_angles),
    ):
        loss = network_method(f"snlsr[terms={terms}]").loss(output, truth, inputs, task)
        assert float(loss) == pytest.approx(expected, abs=2e-3)


def test_training_returns_the_reconstruction_and_the_estimate() -> None:
    network = build(2)
    low, upscaled = random(2, 4, 15, 9), random(2, 4, 30, 18)
    reconstruction, estimate = network.train()(low, upscaled)
    assert reconstruction.shape == low.shape
    assert estimate.shape == upscaled.shape
    assert torch.equal(network.eval()(low, upscaled), estimate)


def test_a_block_adds_what_each_attention_changes() -> None:
    block = snlsr.Block(8, 1)
    x = random(2, 8, 16, 17)
    block.spectral = block.spatial = nn.Identity()  # type: ignore[assignment]
    mixed, smoothed = block.mix.bias, block.smooth.bias
    assert mixed is not None
    assert smoothed is not None
    torch.testing.assert_close(block(x), x + (mixed + smoothed)[:, None, None])
