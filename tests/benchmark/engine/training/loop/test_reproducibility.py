"""The same cell gives the same bits, and every method sees the same patches in the same order."""

from typing import Any

import pytest
import torch
from torch import Tensor

from benchmark.data.patches import PatchBank
from benchmark.data.split import Split
from benchmark.engine.training.loop import TrainingTask, train
from benchmark.engine.training.profiles import Profile
from benchmark.method import Recipe
from tests.benchmark.engine.training.support import Given, trained
from tests.benchmark.support import CPU, EIGHT_BIT, network_method, problem


@pytest.mark.parametrize("reference", ["srcnn", "espcn", "proposed[subnetworks=2,middle=1]"])
def test_the_same_cell_twice_gives_the_same_bits(tiny: Split, reference: str) -> None:
    first = trained(tiny, reference)
    torch.manual_seed(12345)
    torch.rand(7)
    second = trained(tiny, reference)
    assert first.state.keys() == second.state.keys()
    for name, tensor in first.state.items():
        assert torch.equal(tensor, second.state[name]), name
    assert [row["loss"] for row in first.history] == [row["loss"] for row in second.history]


def test_another_seed_gives_other_weights(tiny: Split) -> None:
    first, second = (trained(tiny, "srcnn", seed=seed) for seed in (0, 1))
    assert not torch.equal(first.state["0.weight"], second.state["0.weight"])


def test_the_global_random_state_is_left_as_it_was(tiny: Split) -> None:
    torch.manual_seed(99)
    before = torch.get_rng_state()
    trained(tiny, "espcn")
    assert torch.equal(torch.get_rng_state(), before)


def test_every_patch_is_seen_once_an_epoch(tiny: Split) -> None:
    asked: list[Tensor] = []

    class Noting(PatchBank):
        def batch(self, patches: Tensor, inputs: Any, bands: Tensor | None) -> Any:
            asked.append(patches)
            return super().batch(patches, inputs, bands)

    bank = Noting(tiny.train, EIGHT_BIT.degradation(2), count=12, size=16, seed=0, device=CPU.torch)
    method = network_method("proposed[subnetworks=1]")
    profile = Profile("short", "", patches=12, patch=16, epochs=2, batch=4)
    train(TrainingTask(method, problem(2, 5), profile, 0, bank), CPU)
    seen = torch.cat(asked).tolist()
    assert sorted(seen[:12]) == sorted(seen[12:]) == list(range(12))
    assert seen[:12] != seen[12:]


def test_every_band_of_every_patch_is_seen_once_an_epoch_where_bands_are_samples(
    tiny: Split,
) -> None:
    asked: list[tuple[int, int]] = []

    class Noting(PatchBank):
        def batch(self, patches: Tensor, inputs: Any, bands: Tensor | None) -> Any:
            assert bands is not None
            assert bands.shape == (len(patches), 1)
            asked.extend(zip(patches.tolist(), bands[:, 0].tolist(), strict=True))
            return super().batch(patches, inputs, bands)

    bank = Noting(tiny.train, EIGHT_BIT.degradation(2), count=10, size=16, seed=0, device=CPU.torch)
    recipe = Recipe(batch_size=5, epochs=1, bands_as_samples=True)
    profile = Given("given", "", patches=10, patch=16, by=recipe)
    train(TrainingTask(network_method("srcnn"), problem(2, 5), profile, 0, bank), CPU)
    assert sorted(asked) == [(patch, band) for patch in range(10) for band in range(5)]
    assert asked != sorted(asked)


def test_every_method_sees_the_same_patches_in_the_same_order(tiny: Split) -> None:
    orders = []
    for reference in ("srcnn", "espcn"):
        asked: list[tuple[Tensor, Tensor]] = []

        class Noting(PatchBank):
            def batch(self, patches: Tensor, inputs: Any, bands: Tensor | None) -> Any:
                assert bands is not None
                asked.append((patches, bands))  # noqa: B023
                return super().batch(patches, inputs, bands)

        bank = Noting(
            tiny.train, EIGHT_BIT.degradation(2), count=8, size=16, seed=0, device=CPU.torch
        )
        profile = Profile("short", "", patches=8, patch=16, epochs=1, batch=4, bands=2)
        train(TrainingTask(network_method(reference), problem(2, 5), profile, 0, bank), CPU)
        orders.append([(p.tolist(), b.tolist()) for p, b in asked])
    assert orders[0] == orders[1]
    for _, bands in orders[0]:
        assert all(len(set(chosen)) == 2 for chosen in bands)
        assert all(0 <= band < 5 for chosen in bands for band in chosen)
