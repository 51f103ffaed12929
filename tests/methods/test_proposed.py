"""The proposed network: its size, its two outputs, and its loss in plain numbers."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmark.method import METHODS, NetworkMethod
from tests.benchmark.support import network_method, problem, random
from tests.methods.support import BANDS, SHAPE, estimate, size_of


def test_it_has_as_many_parameters_as_published() -> None:
    assert size_of(network_method("proposed").network(problem(2, 31))) == 2_076_858
    assert size_of(network_method("proposed[subnetworks=1]").network(problem(2, 31))) == 346_143


@pytest.mark.parametrize("bands", BANDS)
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_it_keeps_the_size(scale: int, bands: int) -> None:
    assert estimate("proposed[subnetworks=2]", scale, bands).shape == (bands, *SHAPE)


@pytest.mark.parametrize("middle", [1, 2, 3])
def test_the_middle_output_is_that_of_its_sub_network(middle: int) -> None:
    torch.manual_seed(0)
    network: Any = network_method(f"proposed[subnetworks=4,middle={middle}]").network(problem(2, 3))
    x = random(2, 3, 12, 13)
    with torch.no_grad():
        expected = x
        for stage in network.stages[:middle]:
            expected = stage(expected)
        first, last = network.train()(x)
        assert torch.equal(first, expected)
        for stage in network.stages[middle:]:
            expected = stage(expected)
        assert torch.equal(last, expected)
        assert torch.equal(network.eval()(x), expected)
        assert not torch.equal(first, last)


@pytest.mark.parametrize("settings", ["middle=0", "subnetworks=3,middle=3", "subnetworks=1"])
def test_there_is_one_output_where_the_middle_is_none_or_the_last(settings: str) -> None:
    network = network_method(f"proposed[{settings}]").network(problem(2, 3)).train()
    assert isinstance(network(random(1, 3, 9, 9)), Tensor)


def test_a_linear_third_layer_goes_both_ways_and_relu_only_up() -> None:
    torch.manual_seed(0)
    x = random(2, 3, 14, 15)
    for reference, lowest in (("proposed", -1.0), ("proposed[relu_last=true]", 0.0)):
        network: Any = network_method(reference).network(problem(2, 3))
        with torch.no_grad():
            for stage in network.stages:
                residual = stage(x) - x
                assert float(residual.min()) >= lowest - 1e-7
                assert (float(residual.min()) < -1e-5) is (lowest < 0)
                assert float(residual.max()) > 1e-5


def test_it_starts_near_its_input() -> None:
    torch.manual_seed(0)
    x = random(1, 31, 20, 20)
    with torch.no_grad():
        change = network_method("proposed").network(problem(2, 31)).eval()(x) - x
    assert 0 < float(change.square().mean().sqrt()) < 0.2


def l1_of(estimate: np.ndarray, truth: np.ndarray, reduction: str) -> float:
    """Return half the squared error, pixel by pixel, as the docstring says."""
    squares = (estimate - truth) ** 2
    total = {
        "pixel": squares.sum(axis=1).mean(),  # over patches, rows and columns
        "mean": squares.mean(),
        "sum": squares.sum(axis=(1, 2, 3)).mean(),  # over patches
    }
    return float(0.5 * total[reduction])


def l2_of(estimate: np.ndarray, truth: np.ndarray, spectral: str) -> float:
    """Return the mean of 1 - cosine, or of the angle; nothing where the truth is black."""
    values = []
    for x, y in zip(estimate, truth, strict=True):
        for row in range(x.shape[1]):
            for column in range(x.shape[2]):
                a, b = x[:, row, column], y[:, row, column]
                cosine = 1.0
                if (b**2).sum() > 0:
                    cosine = a @ b / (np.sqrt(a @ a) * np.sqrt(b @ b))
                values.append(1 - cosine if spectral == "cosine" else np.arccos(cosine))
    return float(np.mean(values))


def loss_of(method: NetworkMethod, output: Any, truth: Tensor) -> Tensor:
    """Compute the loss, which depends on nothing else."""
    return method.loss(output, truth, {}, problem(2, truth.shape[1]))


@pytest.mark.parametrize("reduction", ["pixel", "mean", "sum"])
@pytest.mark.parametrize("spectral", ["cosine", "angle"])
@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_the_loss_is_equation_3(alpha: float, spectral: str, reduction: str) -> None:
    method = network_method(f"proposed[alpha={alpha},spectral={spectral},reduction={reduction}]")
    output, truth = random(2, 5, 4, 3) + 0.05, random(2, 5, 4, 3, seed=1) + 0.05
    x, y = output.numpy().astype(np.float64), truth.numpy().astype(np.float64)
    expected = alpha * l1_of(x, y, reduction) + (1 - alpha) * l2_of(x, y, spectral)
    assert float(loss_of(method, output, truth)) == pytest.approx(expected, rel=1e-5)
    assert expected > 1e-3


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
def test_the_middle_output_shares_the_loss_by_its_weight(weight: float) -> None:
    method = network_method(f"proposed[alpha=0.3,middle_weight={weight}]")
    middle, last, truth = (random(2, 5, 4, 3, seed=seed) for seed in range(3))
    parts = [float(loss_of(method, output, truth)) for output in (last, middle)]
    both = float(loss_of(method, (middle, last), truth))
    assert both == pytest.approx(parts[0] + weight * parts[1], rel=1e-6)


@pytest.mark.parametrize("spectral", ["cosine", "angle"])
def test_a_black_pixel_of_the_truth_has_no_direction(spectral: str) -> None:
    method = network_method(f"proposed[alpha=0.0,spectral={spectral}]")
    output, truth = random(1, 4, 3, 3) + 0.1, random(1, 4, 3, 3, seed=1) + 0.1
    truth[:, :, 1, 1] = 0
    before = float(loss_of(method, output, truth))
    expected = l2_of(output.double().numpy(), truth.double().numpy(), spectral)
    assert before == pytest.approx(expected, abs=2e-4)  # the angle stops short of nothing
    output[:, :, 1, 1] = random(4, 1)[:, 0][None]
    assert float(loss_of(method, output, truth)) == before


@pytest.mark.parametrize("spectral", ["cosine", "angle"])
def test_the_slope_is_finite_where_spectra_agree_or_are_black(spectral: str) -> None:
    method = network_method(f"proposed[alpha=0.3,spectral={spectral}]")
    truth = random(1, 4, 3, 3)
    truth[:, :, 0] = 0
    output = truth.clone()
    output[:, :, :, 0] = 0
    output.requires_grad_()
    loss = loss_of(method, output, truth)
    loss.backward()  # type: ignore[no-untyped-call]
    assert output.grad is not None
    assert bool(torch.isfinite(output.grad).all())
    assert bool(torch.isfinite(loss.detach()))


def test_the_default_loss_prefers_the_right_direction() -> None:
    method = network_method("proposed")
    truth = random(1, 4, 3, 3) + 0.1
    turned = truth.flip(1)
    assert float(loss_of(method, truth, truth)) == pytest.approx(0, abs=1e-6)
    assert float(loss_of(method, turned, truth)) > float(loss_of(method, 0.99 * truth, truth))


def test_it_stands_beside_the_papers_own_row() -> None:
    assert METHODS.entry("proposed").facts["published"] == "Ours"
