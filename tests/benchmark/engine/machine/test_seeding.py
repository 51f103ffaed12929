"""The global random states: seeded, restored and saved together."""

import io
import random
from typing import Any

import numpy as np
import pytest
import torch

from benchmark.engine.machine.seeding import restore, seeded, states

CPU = torch.device("cpu")


def drawn() -> tuple[Any, ...]:
    """Draw from all three generators; two of them keep a second normal number for later."""
    return (
        random.random(),
        random.gauss(0, 1),
        float(np.random.random()),  # noqa: NPY002 - the state that a network may draw from
        float(np.random.standard_normal()),  # noqa: NPY002
        torch.rand(3).tolist(),
        torch.randn(1).item(),
    )


def in_a_file(found: dict[str, Any]) -> dict[str, Any]:
    """Save states and read them without unpickling."""
    stream = io.BytesIO()
    torch.save(found, stream)
    stream.seek(0)
    loaded: dict[str, Any] = torch.load(stream, weights_only=True)
    return loaded


@pytest.fixture(autouse=True)
def kept() -> Any:
    """Restore the states for the other tests."""
    before = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    yield
    random.setstate(before[0])
    np.random.set_state(before[1])  # noqa: NPY002
    torch.set_rng_state(before[2])


def test_a_seed_seeds_every_generator() -> None:
    with seeded(7, CPU):
        first = drawn()
    drawn()
    with seeded(7, CPU):
        assert drawn() == first
    with seeded(8, CPU):
        others = drawn()
    assert all(a != b for a, b in zip(first, others, strict=True))


def test_afterwards_every_generator_is_as_it_was() -> None:
    drawn()  # so that the second of two normal numbers is pending
    before = states(CPU)
    expected = drawn()
    restore(before, CPU)
    with seeded(7, CPU):
        drawn()
    assert drawn() == expected


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_afterwards_they_are_as_they_were_also_after_an_exception(
    error: type[BaseException],
) -> None:
    before = states(CPU)
    expected = drawn()
    restore(before, CPU)

    def interrupted() -> None:
        with seeded(7, CPU):
            drawn()
            raise error

    with pytest.raises(error):
        interrupted()
    assert drawn() == expected


def test_blocks_can_be_nested() -> None:
    with seeded(1, CPU):
        expected = drawn(), drawn()
    with seeded(1, CPU):
        first = drawn()
        with seeded(2, CPU):
            drawn()
        assert (first, drawn()) == expected


@pytest.mark.parametrize("seed", [0, 2**32 - 1, 2**32, 10**18 - 1])
def test_every_seed_of_the_command_line_will_do(seed: int) -> None:
    with seeded(seed, CPU):
        first = drawn()
    with seeded(seed, CPU):
        assert drawn() == first


@pytest.mark.parametrize("before", [0, 1, 2])
def test_states_go_through_a_file_and_go_on(before: int) -> None:
    with seeded(7, CPU):
        for _ in range(before):
            np.random.standard_normal()  # noqa: NPY002
            random.gauss(0, 1)
        found = in_a_file(states(CPU))
        expected = [drawn() for _ in range(5)]
        with seeded(99, CPU):
            drawn()
            restore(found, CPU)
            assert [drawn() for _ in range(5)] == expected


def test_taking_the_states_changes_nothing() -> None:
    with seeded(7, CPU):
        expected = drawn()
    with seeded(7, CPU):
        states(CPU)
        assert drawn() == expected


def test_states_that_were_taken_do_not_move_on() -> None:
    with seeded(7, CPU):
        found = states(CPU)
        expected = drawn()
        drawn()
        restore(found, CPU)
        assert drawn() == expected
        restore(found, CPU)
        assert drawn() == expected


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpus_generator_counts_too() -> None:
    device = torch.device("cuda")
    torch.rand(1, device=device)
    before = torch.cuda.get_rng_state(device)
    with seeded(7, device):
        first = torch.rand(3, device=device).tolist()
        found = in_a_file(states(device))
        expected = torch.rand(3, device=device).tolist()
        restore(found, device)
        assert torch.rand(3, device=device).tolist() == expected
    assert torch.equal(torch.cuda.get_rng_state(device), before)
    with seeded(7, device):
        assert torch.rand(3, device=device).tolist() == first
