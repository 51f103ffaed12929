"""ESSAformer: attention by spectral correlation over all pixels of an image."""

from collections import Counter

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.benchmark.support import network_method, problem, random
from tests.methods.support import size_of

SMALL = "essaformer[maps=36]"


def build(scale: int, bands: int = 4) -> nn.Module:
    """Build a small network, ready to estimate."""
    torch.manual_seed(0)
    return network_method(SMALL).network(problem(scale, bands)).eval()


@pytest.mark.parametrize(("scale", "size"), [(2, 2_785_171), (3, 3_693_071), (4, 3_578_935)])
def test_it_has_144_maps(scale: int, size: int) -> None:
    with torch.device("meta"):
        network = network_method("essaformer").network(problem(scale, 31))
    assert size_of(network) == size


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_it_enlarges_by_every_scale(scale: int) -> None:
    with torch.no_grad():
        assert build(scale)(random(2, 4, 6, 5)).shape == (2, 4, 6 * scale, 5 * scale)


def test_its_attention_weighs_all_pixels_by_products_of_normalised_squares() -> None:
    """Compute the weight of every pair of pixels, which the network never does."""
    attention = build(2).get_submodule("1.high.attention")
    x = random(1, 12, 36)
    state = {name: value.double().numpy() for name, value in attention.state_dict().items()}
    pixels = x[0].double().numpy()
    projected = pixels @ state["projections.weight"].T + state["projections.bias"]
    query, key, value = projected[:, :36], projected[:, 36:72], projected[:, 72:]
    for spectra in (query, key):
        for pixel in spectra:
            squares = (pixel - pixel.mean()) ** 2
            pixel[:] = squares / (squares.sum() + 1e-7)
    query /= np.linalg.norm(query, axis=1, keepdims=True)
    key /= np.linalg.norm(key, axis=0, keepdims=True)
    expected = np.zeros_like(value)
    for i in range(12):
        expected[i] = value[i]
        for j in range(12):
            expected[i] += (query[i] @ key[j]) * value[j] / np.sqrt(12)
    expected = expected @ state["tail.weight"].T + state["tail.bias"]
    with torch.no_grad():
        np.testing.assert_allclose(attention(x)[0].numpy(), expected, atol=2e-6)


def test_features_are_enlarged_and_reduced_in_turn_with_the_same_weights() -> None:
    refinement = build(3).get_submodule("1")
    up, down, high, low = (refinement.get_submodule(name) for name in ("up", "down", "high", "low"))
    calls: Counter[str] = Counter()
    x = random(1, 36, 5, 4)
    with torch.no_grad():
        first = high(up(x))
        reduced = low(down(first) + x)
        second = high(up(reduced) + first)
        reduced = low(down(second) + reduced)
        third = high(up(reduced) + second)
        for name, part in refinement.named_children():
            part.register_forward_hook(lambda *_, name=name: calls.update([name]))
        torch.testing.assert_close(refinement(x), third)
    assert calls == {"up": 3, "high": 3, "down": 2, "low": 2}


def test_maps_are_dropped_in_training_alone() -> None:
    network, low = build(2), random(1, 4, 6, 5)

    def run() -> Tensor:
        with torch.no_grad():
            out: Tensor = network(low)
        return out

    assert torch.equal(run(), run())
    network.train()
    assert not torch.equal(run(), run())


def test_a_pixel_far_away_counts_so_the_image_is_estimated_whole() -> None:
    """Its convolutions alone reach 10 pixels at x2."""
    network, low = build(2), random(1, 4, 4, 48)
    other = low.clone()
    other[..., -1] = 0
    with torch.no_grad():
        assert not torch.equal(network(low)[..., :8], network(other)[..., :8])
    assert network_method(SMALL).halo(network) is None


def test_black_images_have_finite_gradients() -> None:
    method, network, black = network_method(SMALL), build(2).train(), torch.zeros(2, 4, 6, 5)
    loss = method.loss(network(black), torch.zeros(2, 4, 12, 10), {"low": black}, problem(2, 4))
    loss.backward()  # type: ignore[no-untyped-call]
    for parameter in network.parameters():
        assert parameter.grad is not None
        assert bool(parameter.grad.isfinite().all())


@pytest.mark.parametrize(
    ("maps", "scale", "reason"),
    [
        (144, 3, ""),
        (128, 8, ""),
        (128, 3, "needs maps divisible by 9 at x3, found 128"),
        (18, 4, "needs maps divisible by 4 at x4, found 18"),
        (144, 6, "needs a scale of 3 or a power of 2, found 6"),
    ],
)
def test_what_it_cannot_compute_is_refused(maps: int, scale: int, reason: str) -> None:
    assert network_method(f"essaformer[maps={maps}]").refusal(problem(scale, 31)) == reason
