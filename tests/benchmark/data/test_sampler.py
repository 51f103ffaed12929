"""The order of patches: the same for every method, each patch once an epoch, resumable."""

import io
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from benchmark.data.sampler import PatchSampler, SamplingPlan
from tests.benchmark.support import examples

CUBES = SamplingPlan(
    patches=24, bands=5, batch=4, epochs=3, bands_per_patch=0, bands_as_samples=False
)
BANDS = replace(CUBES, bands_per_patch=2)
SAMPLES = replace(CUBES, bands_as_samples=True)

Steps = Sequence[tuple[Tensor, Tensor | None]]

kinds = st.sampled_from(["cubes", "some bands", "bands as samples"])


@st.composite
def all_plans(draw: st.DrawFn) -> SamplingPlan:
    """Draw plans of a few dozen steps at most."""
    bands, kind = draw(st.integers(1, 5)), draw(kinds)
    return SamplingPlan(
        patches=draw(st.integers(1, 12)),
        bands=bands,
        batch=draw(st.integers(1, 8)),
        epochs=draw(st.integers(1, 3)),
        bands_per_patch=draw(st.integers(1, bands)) if kind == "some bands" else 0,
        bands_as_samples=kind == "bands as samples",
    )


def steps_of(plan: SamplingPlan, seed: int = 0, state: dict[str, Any] | None = None) -> Steps:
    """Return all steps that are left."""
    return list(PatchSampler(plan, seed, state))


def plain(steps: Steps) -> list[tuple[list[int], list[list[int]] | None]]:
    """Return steps as values that can be compared."""
    return [(a.tolist(), None if b is None else b.tolist()) for a, b in steps]


def stopped(plan: SamplingPlan, after: int, seed: int = 0) -> dict[str, Any]:
    """Return the state after some steps, as it comes back from a file."""
    order = PatchSampler(plan, seed)
    for _ in islice(order, after):
        pass
    stream = io.BytesIO()
    torch.save(order.state(), stream)
    stream.seek(0)
    state: dict[str, Any] = torch.load(stream, weights_only=True)
    return state


def test_a_seed_gives_one_order_and_another_seed_another() -> None:
    for plan in (CUBES, BANDS, SAMPLES):
        torch.manual_seed(1)
        first = plain(steps_of(plan, 3))
        torch.rand(5)
        assert plain(steps_of(plan, 3)) == first
        assert plain(steps_of(plan, 4)) != first


def test_the_global_random_state_is_left_alone() -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    steps_of(BANDS)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("bands", [1, 2, 5])
def test_every_method_of_a_seed_sees_the_same_patches_at_the_same_step(bands: int) -> None:
    """Whether it trains on cubes or on some of their bands, in the first epoch and later."""
    cubes = [patches.tolist() for patches, _ in steps_of(CUBES)]
    banded = [patches.tolist() for patches, _ in steps_of(replace(CUBES, bands_per_patch=bands))]
    assert banded == cubes


def test_another_batch_cuts_the_same_order_elsewhere() -> None:
    once = replace(CUBES, epochs=1)
    for batch in (1, 3, 8, 24):
        cut = torch.cat([patches for patches, _ in steps_of(replace(once, batch=batch))])
        assert torch.equal(cut, torch.cat([patches for patches, _ in steps_of(once)]))


@pytest.mark.parametrize("plan", [CUBES, BANDS])
def test_each_patch_comes_once_an_epoch(plan: SamplingPlan) -> None:
    patches = [patches for patches, _ in steps_of(plan)]
    assert [len(one) for one in patches] == [4] * 18
    for epoch in range(3):
        seen = torch.cat(patches[6 * epoch : 6 * epoch + 6])
        assert sorted(seen.tolist()) == list(range(24))
    assert not torch.equal(torch.cat(patches[:6]), torch.cat(patches[6:12]))


def test_each_band_of_each_patch_comes_once_an_epoch_where_bands_are_samples() -> None:
    steps = steps_of(SAMPLES)
    assert len(steps) == SAMPLES.epochs * SAMPLES.steps_per_epoch == 3 * 30
    for epoch in range(3):
        seen = []
        for patches, bands in steps[30 * epoch : 30 * epoch + 30]:
            assert bands is not None
            assert bands.shape == (4, 1)
            seen += list(zip(patches.tolist(), bands[:, 0].tolist(), strict=True))
        assert sorted(seen) == [(patch, band) for patch in range(24) for band in range(5)]


def test_the_bands_of_a_patch_differ_and_all_are_drawn_equally_often() -> None:
    drawn = []
    for patches, bands in steps_of(replace(BANDS, epochs=20)):
        assert bands is not None
        assert bands.shape == (len(patches), 2)
        drawn += bands.tolist()
    assert all(len(set(pair)) == 2 for pair in drawn)
    counts = torch.bincount(torch.tensor(drawn).flatten(), minlength=5)
    # 480 draws of two of five: 192 each, and a standard deviation of 11.
    assert counts.sum() == 960
    assert (counts - 192).abs().max() < 50


def test_all_bands_are_drawn_where_there_are_no_more() -> None:
    for _, bands in steps_of(replace(BANDS, bands_per_patch=5)):
        assert bands is not None
        assert bands.sort(dim=1).values.tolist() == [[0, 1, 2, 3, 4]] * len(bands)


def test_what_does_not_fill_a_batch_is_left_to_another_epoch() -> None:
    steps = steps_of(replace(CUBES, patches=10, epochs=40))
    assert [len(patches) for patches, _ in steps] == [4] * 80
    for epoch in range(40):
        seen = torch.cat([patches for patches, _ in steps[2 * epoch : 2 * epoch + 2]])
        assert len(set(seen.tolist())) == 8
    assert len(set(torch.cat([patches for patches, _ in steps]).tolist())) == 10


@pytest.mark.parametrize(
    ("plan", "samples"),
    [
        (replace(CUBES, batch=100), 24),
        (replace(BANDS, batch=25), 24),
        (replace(SAMPLES, batch=121), 120),
    ],
)
def test_a_batch_larger_than_all_samples_is_all_of_them(plan: SamplingPlan, samples: int) -> None:
    assert (plan.samples, plan.steps_per_epoch) == (samples, 1)
    steps = steps_of(plan)
    assert [len(patches) for patches, _ in steps] == [samples] * 3


@examples
@given(all_plans(), st.integers(0, 3), st.data())
def test_it_resumes_anywhere_to_the_same_end(
    plan: SamplingPlan, seed: int, data: st.DataObject
) -> None:
    whole = plain(steps_of(plan, seed))
    assert len(whole) == plan.epochs * plan.steps_per_epoch
    first = data.draw(st.integers(0, len(whole)))
    state = stopped(plan, first, seed)
    assert plain(steps_of(plan, seed, state)) == whole[first:]


@examples
@given(all_plans(), st.data())
def test_it_may_be_stopped_and_resumed_repeatedly(plan: SamplingPlan, data: st.DataObject) -> None:
    whole, steps = plain(steps_of(plan)), plain([])
    state: dict[str, Any] | None = None
    while len(steps) < len(whole):
        order = PatchSampler(plan, 0, state)
        steps += plain(list(islice(order, data.draw(st.integers(1, len(whole) - len(steps))))))
        state = order.state()
    assert steps == whole


@pytest.mark.parametrize("steps", [0, 4, 6, 18])
def test_the_state_before_the_first_step_is_the_one_resumed_from(steps: int) -> None:
    again = PatchSampler(BANDS, 0, stopped(BANDS, steps))
    assert plain(steps_of(BANDS, 0, again.state())) == plain(steps_of(BANDS))[steps:]


@examples
@given(all_plans())
def test_every_index_is_in_range(plan: SamplingPlan) -> None:
    for patches, bands in steps_of(plan):
        assert 0 <= int(patches.min()) <= int(patches.max()) < plan.patches
        assert (bands is None) == (not plan.bands_per_patch and not plan.bands_as_samples)
        if bands is not None:
            assert 0 <= int(bands.min()) <= int(bands.max()) < plan.bands
