"""CST: windows attend by pooled queries of their own image; nothing leaks across a batch."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from methods.cst import Block, CSTNetwork, GatedFeedForward, Stage, WindowAttention
from tests.benchmark.support import random
from tests.methods.support import size_of

# Parameters of the public network at 31 bands; 32 maps of each are in layer norms without use.
PUBLIC = {
    (180, 4, 4): {2: 9_480_363, 3: 10_939_263, 4: 10_647_483, 8: 11_814_603},
    (60, 2, 2): {2: 454_333, 3: 616_633, 4: 584_173, 8: 714_013},
}


def small(bands: int = 5, scale: int = 2, maps: int = 24) -> CSTNetwork:
    """Build two stages of two blocks, which is one of each kind a stage."""
    torch.manual_seed(0)
    return CSTNetwork(bands, scale, maps, 2, 2).eval()


def pair(batch: int, shape: tuple[int, int], scale: int = 2) -> tuple[Tensor, Tensor]:
    """Draw both inputs for five bands."""
    rows, columns = shape
    return random(batch, 5, rows, columns), random(batch, 5, scale * rows, scale * columns, seed=1)


@pytest.mark.parametrize(("size", "scale"), [(size, s) for size in PUBLIC for s in (2, 3, 4, 8)])
def test_it_has_the_public_networks_parameters_but_for_the_unused_norms(
    size: tuple[int, int, int], scale: int
) -> None:
    with torch.device("meta"):
        network = CSTNetwork(31, scale, *size)
    maps, stages, blocks = size
    assert size_of(network) == PUBLIC[size][scale] - 2 * maps * stages * blocks


@pytest.mark.parametrize(("bands", "count"), [(102, 10_992_614), (128, 11_119_000)])
def test_parameters_depend_on_the_bands_as_published(bands: int, count: int) -> None:
    with torch.device("meta"):
        assert size_of(CSTNetwork(bands, 4, 180, 4, 4)) == count - 5760


@pytest.mark.parametrize("shift", [False, True])
@pytest.mark.parametrize("window", [(2, 16), (16, 2)])
def test_attention_of_windows_is_that_of_a_loop(window: tuple[int, int], shift: bool) -> None:
    torch.manual_seed(1)
    height, width, channels, heads = 16, 32, 12, 3
    layer = WindowAttention(2 * channels, window, shift).eval()
    q, k, v = (random(2, height, width, channels, seed=i) - 0.5 for i in range(3))
    rows, columns = window
    dy, dx = (rows // 2, columns // 2) if shift else (0, 0)
    bias = layer.bias()
    expected = torch.zeros_like(v)
    for image in range(2):
        moved = q[image].roll((-dy, -dx), (0, 1)).permute(2, 0, 1)[None]
        mean = functional.avg_pool2d(moved, (height // rows, width // columns))[0, :6]
        maximum = functional.max_pool2d(moved, (height // rows, width // columns))[0, 6:]
        queries = torch.cat([mean, maximum]).flatten(1).T  # (pixels, channels)
        for top in range(dy, height + dy, rows):
            for left in range(dx, width + dx, columns):
                places = [(top + i, left + j) for i in range(rows) for j in range(columns)]
                keys = torch.stack([k[image, r % height, c % width] for r, c in places])
                values = torch.stack([v[image, r % height, c % width] for r, c in places])
                # Beyond the border the window holds the opposite side of the image.
                side = torch.tensor([2 * (r >= height) + (c >= width) for r, c in places])
                apart = -100.0 * (side[:, None] != side)
                for head in range(heads):
                    part = slice(4 * head, 4 * head + 4)
                    logits = queries[:, part] @ keys[:, part].T / 8**0.5 + bias[head] + apart
                    made = logits.softmax(dim=1) @ values[:, part]
                    for place, row in zip(places, made, strict=True):
                        expected[image, place[0] % height, place[1] % width, part] = row
    with torch.no_grad():
        torch.testing.assert_close(layer(q, k, v), expected, rtol=0, atol=1e-6)


def test_the_position_bias_depends_on_the_offset_alone() -> None:
    bias = WindowAttention(96, (2, 16), False).bias().detach()
    assert bias.shape == (3, 32, 32)
    torch.testing.assert_close(bias[:, 1:16, 1:16], bias[:, :15, :15])  # one column on
    torch.testing.assert_close(bias[:, 16:, 16:], bias[:, :16, :16])  # one row on
    assert not torch.allclose(bias[:, 0, 1], bias[:, 1, 0])


def test_images_of_a_batch_do_not_see_each_other() -> None:
    network = small()
    low, upscaled = pair(3, (16, 32))
    with torch.no_grad():
        alone = torch.cat([network(low[i : i + 1], upscaled[i : i + 1]) for i in range(3)])
        torch.testing.assert_close(network(low, upscaled), alone, rtol=0, atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 1), (9, 17), (16, 33)])
def test_any_size_is_padded_and_cropped(shape: tuple[int, int]) -> None:
    low, upscaled = pair(1, shape)
    with torch.no_grad():
        estimate = small()(low, upscaled)
    assert estimate.shape == upscaled.shape
    assert bool(estimate.isfinite().all())


def test_queries_are_of_the_whole_image() -> None:
    network = small()
    low, upscaled = pair(1, (32, 32))
    other = low.clone()
    other[..., -1, -1] += 1
    with torch.no_grad():
        change = (network(other, upscaled) - network(low, upscaled)).abs()
    assert float(change[..., 0, 0].max()) > 0


def test_later_blocks_are_left_out_more_often() -> None:
    rates = [layer.drop for layer in small().modules() if isinstance(layer, Block)]
    assert rates == pytest.approx([0, 0.1 / 3, 0.2 / 3, 0.1])


def test_random_images_skip_a_branch_in_training_alone() -> None:
    torch.manual_seed(0)
    block = Block(24, False, 0.5)
    with torch.no_grad():
        for parameter in block.feed_forward.parameters():
            parameter.zero_()  # the spectral branch alone remains
    x = random(1, 24, 16, 16).expand(64, -1, -1, -1)
    full = block.eval()(x) - x
    made = block.train()(x) - x
    skipped = made.flatten(1).abs().amax(dim=1) == 0
    assert 16 < int(skipped.sum()) < 48
    torch.testing.assert_close(made[~skipped], 2 * full[~skipped], rtol=1e-4, atol=1e-6)


def test_the_first_half_of_the_feed_forward_maps_weighs_the_second() -> None:
    part, x = GatedFeedForward(6), random(1, 6, 4, 5)
    maps = part.expand(x)
    expected = part.project(functional.gelu(maps[:, :15]) * maps[:, 15:])
    torch.testing.assert_close(part(x), expected)


def test_features_pass_by_all_stages_and_by_the_blocks_of_each() -> None:
    network, (low, upscaled) = small().eval(), pair(1, (16, 32))
    (stage, *_), features = network.stages, network.head(low)
    assert isinstance(stage, Stage)
    stage.blocks = nn.Sequential()
    torch.testing.assert_close(stage(features), 2 * features + stage.local(features))
    network.stages = nn.Sequential()
    enlarged = network.up(network.middle(2 * features)) + network.skip(upscaled)
    torch.testing.assert_close(network(low, upscaled), network.tail(enlarged))
