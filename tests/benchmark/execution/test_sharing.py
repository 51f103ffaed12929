"""Cells that run at a time share the cores, and are refused where there is no room for them."""

import pytest
import torch

from benchmark.engine.machine.device import Device
from benchmark.errors import RequestError
from benchmark.execution import sharing
from benchmark.execution.sharing import threads_shared
from tests.benchmark.support import CPU


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend to be on a machine of eight cores and 5.5 GiB."""
    monkeypatch.setattr(sharing, "usable_cores", lambda: 8)
    monkeypatch.setattr(sharing, "memory_available", lambda: 11 * 2**29)


@pytest.mark.parametrize(("jobs", "threads"), [(1, 8), (2, 4), (3, 2), (5, 1)])
def test_threads_are_divided_and_put_back(jobs: int, threads: int) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(8)
    try:
        with threads_shared(jobs, CPU):
            assert torch.get_num_threads() == threads
        assert torch.get_num_threads() == 8
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("jobs", "words"),
    [(9, "--jobs 9: expected at most 8"), (6, "--jobs 6: 5.5 GiB of memory are free, .* 6")],
)
def test_too_many_are_refused(jobs: int, words: str) -> None:
    with pytest.raises(RequestError, match=words), threads_shared(jobs, CPU):
        pass


def test_cells_do_not_share_a_gpu() -> None:
    gpu = Device(torch.device("cuda"), bfloat16=True)
    with pytest.raises(RequestError, match="--on ray"), threads_shared(2, gpu):
        pass
    with threads_shared(1, gpu):
        pass
