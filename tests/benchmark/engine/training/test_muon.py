"""Muon: updates with singular values near 1, checked by SVD and against torch's own Muon."""

import math
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from benchmark.engine.training import optimiser
from benchmark.engine.training.muon import Muon, operations, orthogonalise
from benchmark.method import Recipe


def by_svd(matrix: Tensor) -> Tensor:
    """Apply the five polynomial steps to singular values, in float64."""
    left, values, right = torch.linalg.svd(matrix.double(), full_matrices=False)
    values = values / values.norm()
    for _ in range(5):
        values = 3.4445 * values - 4.7750 * values**3 + 2.0315 * values**5
    return torch.matmul(left * values, right)


@pytest.mark.parametrize("shape", [(64, 576), (576, 64), (2, 9), (31, 31)])
def test_singular_values_become_those_of_the_polynomial(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    matrices = torch.randn(3, *shape)
    matrices[1] *= torch.logspace(0, -3, shape[1])  # far from orthogonal
    matrices[2] *= 1e-9  # the size of a gradient says nothing
    expected = torch.stack([by_svd(matrix) for matrix in matrices])
    torch.testing.assert_close(orthogonalise(matrices).double(), expected, rtol=0, atol=5e-4)


def test_a_matrix_of_zeros_stays_so() -> None:
    assert not orthogonalise(torch.zeros(2, 3, 5)).any()


def weights(optimisers: Sequence[torch.optim.Optimizer], kind: type) -> list[nn.Parameter]:
    """Return the parameters that an optimiser of a kind has."""
    return [
        parameter
        for one in optimisers
        if type(one) is kind
        for group in one.param_groups
        for parameter in group["params"]
    ]


def test_three_steps_are_those_of_torchs_muon_for_the_weight_as_a_matrix() -> None:
    torch.manual_seed(0)
    layer = nn.Conv2d(4, 8, 3, bias=False)
    (ours,) = optimiser.build(layer, Recipe(optimiser="muon", lr=0.02))
    matrix = nn.Parameter(layer.weight.detach().reshape(8, 36).clone())
    theirs = torch.optim.Muon(
        [matrix], lr=0.02, momentum=0.95, weight_decay=0, adjust_lr_fn="match_rms_adamw"
    )
    start = matrix.detach().clone()
    for _ in range(3):
        gradient = torch.randn(8, 36)
        layer.weight.grad, matrix.grad = gradient.view_as(layer.weight), gradient
        ours.step()
        theirs.step()  # type: ignore[no-untyped-call]
    moved = layer.weight.detach().reshape(8, 36) - start
    # Torch's is in bfloat16.
    torch.testing.assert_close(
        moved, matrix.detach() - start, rtol=0, atol=0.06 * float(moved.std())
    )


def test_the_values_of_an_update_have_a_fifth_of_the_rate() -> None:
    torch.manual_seed(0)
    layer = nn.Linear(40, 10, bias=False)
    before = layer.weight.detach().clone()
    (one,) = optimiser.build(layer, Recipe(optimiser="muon", lr=0.1))
    layer.weight.grad = torch.randn_like(layer.weight) * 1e3
    one.step()
    root_mean_square = float((layer.weight.detach() - before).square().mean().sqrt())
    assert 0.7 * 0.02 < root_mean_square < 1.2 * 0.02


def test_rates_of_layers_hold_for_matrices_too() -> None:
    layer = nn.Conv2d(4, 8, 3)
    both = optimiser.build(layer, Recipe(optimiser="muon", lr_by_fan_in=True))
    optimiser.set_lr(both, 0.5)
    rates = {id(p): g["lr"] for one in both for g in one.param_groups for p in g["params"]}
    rate = 0.5 * math.sqrt(2 / 36)
    assert rates == pytest.approx({id(layer.weight): rate, id(layer.bias): rate / 10})


def test_only_matrices_are_orthogonalised() -> None:
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3),
        nn.Conv2d(8, 8, 3, groups=8),  # each group has one row
        nn.BatchNorm2d(8),
        nn.Conv2d(8, 1, 5),
    )
    built = optimiser.build(network, Recipe(optimiser="muon"))
    (matrix,) = weights(built, Muon)
    assert matrix is network[0].weight
    assert len(weights(built, torch.optim.Adam)) == len(list(network.parameters())) - 1


@pytest.mark.parametrize("kind", [nn.Conv2d, nn.ConvTranspose2d])
def test_every_group_of_a_convolution_is_a_matrix_of_its_own(
    kind: type[nn.Conv2d] | type[nn.ConvTranspose2d],
) -> None:
    torch.manual_seed(0)
    layer = kind(8, 8, 3, groups=2, bias=False)
    before = layer.weight.detach().clone()
    (one,) = optimiser.build(layer, Recipe(optimiser="muon", lr=1.0))
    layer.weight.grad = torch.randn_like(layer.weight)
    one.step()
    update = (before - layer.weight.detach()).reshape(2, 4, 36)
    singular = torch.linalg.svdvals(update / (0.2 * 6))
    assert singular.shape == (2, 4)
    assert 0.65 < float(singular.min()) <= float(singular.max()) < 1.25


def test_a_large_matrix_is_cut_into_blocks_of_rows() -> None:
    torch.manual_seed(0)
    layer = nn.Linear(300, 514, bias=False)
    before = layer.weight.detach().clone()
    (one,) = optimiser.build(layer, Recipe(optimiser="muon", lr=1.0))
    layer.weight.grad = torch.randn_like(layer.weight)
    one.step()
    blocks = (before - layer.weight.detach()).reshape(257, 2, 300)
    singular = torch.linalg.svdvals(blocks / (0.2 * math.sqrt(300)))
    assert 0.65 < float(singular.min()) <= float(singular.max()) < 1.25


def test_the_operations_of_a_step_are_those_that_torch_counts() -> None:
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3, groups=2), nn.Linear(300, 512))
    matrices, others = optimiser.build(network, Recipe(optimiser="muon"))
    for parameter in network.parameters():
        parameter.grad = torch.randn_like(parameter)
    with FlopCounterMode(display=False) as counter:
        matrices.step()
    assert operations(matrices) == counter.get_total_flops()
    assert operations(others) == 0


def test_making_one_replaces_no_function_of_the_engine() -> None:
    step = Muon.step
    optimiser.build(nn.Linear(4, 4), Recipe(optimiser="muon"))
    assert Muon.step is step


def test_weights_without_a_gradient_stay() -> None:
    used, unused = nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False)
    before = unused.weight.detach().clone()
    (one,) = optimiser.build(nn.ModuleList([used, unused]), Recipe(optimiser="muon"))
    used.weight.grad = torch.randn(4, 4)
    one.step()
    assert torch.equal(unused.weight, before)


def test_a_restored_state_continues_bit_for_bit() -> None:
    torch.manual_seed(0)
    gradients = [torch.randn(6, 12) for _ in range(4)]

    def trained(stop: int) -> Tensor:
        layer = nn.Linear(12, 6, bias=False)
        nn.init.ones_(layer.weight)
        (one,) = optimiser.build(layer, Recipe(optimiser="muon"))
        for step, gradient in enumerate(gradients):
            if step == stop:
                state = one.state_dict()
                (one,) = optimiser.build(layer, Recipe(optimiser="muon"))
                one.load_state_dict(state)
            layer.weight.grad = gradient.clone()
            one.step()
        return layer.weight.detach()

    assert torch.equal(trained(2), trained(-1))
