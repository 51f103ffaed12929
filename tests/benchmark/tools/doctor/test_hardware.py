"""GPU, precision, threads, load and memory of machines that are made up."""

import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from benchmark.engine import environment
from benchmark.engine.device import Device
from benchmark.tools.doctor import hardware
from benchmark.tools.doctor.finding import Finding
from tests.benchmark.pretence import NVIDIA, pretend
from tests.benchmark.support import CPU

NODE = {"dev/nvidia0": "", "proc/driver/nvidia/version": NVIDIA}
BUILT = ["sm_75", "sm_80", "sm_86", "sm_90"]


def only(found: Iterator[Finding]) -> Finding:
    """Give the only finding."""
    (one,) = found
    return one


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the GPU from torch, if there is one."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.mark.usefixtures("hidden")
class TestNoUsableGpu:
    """Torch has no GPU."""

    @pytest.fixture(autouse=True)
    def _built(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(torch.version, "cuda", "12.8")

    def test_none_there(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        pretend(tmp_path, monkeypatch, {"proc/meminfo": ""})
        assert only(hardware.gpu()).level == "ok"

    def test_a_build_without_cuda(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        pretend(tmp_path, monkeypatch, NODE)
        monkeypatch.setattr(torch.version, "cuda", None)
        found = only(hardware.gpu())
        assert found.level == "error"
        assert f"an NVIDIA GPU is here ({tmp_path / 'dev' / 'nvidia0'})" in found.text
        assert found.text.endswith(f"torch {torch.__version__} is a build without CUDA")
        assert "https://pytorch.org/get-started/locally/" in found.remedy

    def test_a_driver_that_torch_cannot_use(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        pretend(tmp_path, monkeypatch, NODE)

        def complain() -> bool:
            warnings.warn("the NVIDIA driver on your system is too old", stacklevel=1)
            return False

        monkeypatch.setattr(torch.cuda, "is_available", complain)
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
        found = only(hardware.gpu())
        assert found.level == "error"
        assert "built for CUDA 12.8, sees none: driver 535.104.05" in found.text
        assert "torch says: the NVIDIA driver on your system is too old" in found.text
        assert "CUDA_VISIBLE_DEVICES is '0'" in found.text
        assert "install a driver for CUDA 12.8 or newer" in found.remedy

    @pytest.mark.parametrize("value", ["", "-1", "none"])
    def test_hidden_by_its_user(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str
    ) -> None:
        pretend(tmp_path, monkeypatch, NODE)
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
        found = only(hardware.gpu())
        assert found.level == "warning"
        assert f"CUDA_VISIBLE_DEVICES is '{value}'" in found.text
        assert found.remedy.startswith("unset CUDA_VISIBLE_DEVICES")

    def test_only_the_hosts_driver_is_seen(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        pretend(tmp_path, monkeypatch, {"proc/driver/nvidia/version": NVIDIA})
        found = only(hardware.gpu())
        assert found.level == "warning"
        assert "an NVIDIA GPU may be here" in found.text
        assert "start a container with its GPUs" in found.remedy


@pytest.fixture
def one_gpu(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Give torch a GPU of capability 8.6."""
    known = SimpleNamespace(name="A GPU", total_memory=24 * 2**30, major=8, minor=6)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: known)
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: BUILT)
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    return known


def test_a_usable_gpu_is_named(one_gpu: SimpleNamespace) -> None:
    text = "A GPU, 24.0 GiB, compute capability 8.6"
    assert only(hardware.gpu()) == Finding("gpu 0", "ok", text)


def test_a_gpu_that_torch_was_not_built_for_is_an_error(one_gpu: SimpleNamespace) -> None:
    one_gpu.major, one_gpu.minor = 5, 2
    found = only(hardware.gpu())
    assert found.level == "error"
    assert "compute capability 5.2; torch" in found.text
    assert "was built for sm_75, sm_80, sm_86, sm_90 only" in found.text
    assert "--device cpu" in found.remedy


def test_a_gpu_that_does_not_answer_is_an_error(
    monkeypatch: pytest.MonkeyPatch, one_gpu: SimpleNamespace
) -> None:
    def busy(_: int) -> None:
        raise RuntimeError("CUDA-capable device(s) is/are busy\nmore lines")

    monkeypatch.setattr(torch.cuda, "get_device_properties", busy)
    found = only(hardware.gpu())
    assert found.level == "error"
    assert found.text.endswith("cannot be used: CUDA-capable device(s) is/are busy")


@pytest.mark.parametrize(
    ("built", "capability", "runs"),
    [
        (BUILT, (8, 0), True),
        (BUILT, (8, 9), True),  # by 8.6's machine code
        (BUILT, (7, 0), False),
        (BUILT, (12, 0), False),
        ([*BUILT, "compute_90"], (12, 0), True),  # compiled when it starts
        ([*BUILT, "compute_90"], (6, 1), False),
        (["sm_90a"], (9, 0), True),
        (["sm_100a"], (10, 3), False),
        (["sm_100"], (10, 3), True),
        (["sm_120"], (12, 1), True),
        (["compute_90a"], (10, 0), False),
        ([], (8, 0), True),
    ],
)
def test_machine_code_runs_on_its_own_generation(
    built: list[str], capability: tuple[int, int], runs: bool
) -> None:
    assert hardware.runs_on(built, *capability) is runs


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_real_gpu_is_found_fit() -> None:
    found = list(hardware.gpu())
    assert len(found) == torch.cuda.device_count()
    assert {one.level for one in found} == {"ok"}
    assert torch.cuda.get_device_name(0) in found[0].text


@pytest.mark.parametrize(
    ("kind", "bfloat16", "text"),
    [
        ("cpu", True, "the CPU multiplies bfloat16 itself"),
        ("cpu", False, "the CPU does not multiply bfloat16 itself: float32 is used"),
        ("cuda", False, "the GPU does not multiply bfloat16 itself: float32 is used"),
    ],
)
def test_the_precision_is_information(kind: str, bfloat16: bool, text: str) -> None:
    found = only(hardware.precision(Device(torch.device(kind), bfloat16)))
    assert found.level == "ok"
    assert found.text.startswith(text)


@pytest.mark.parametrize(
    ("threads", "cores", "asked", "level", "remedy"),
    [
        (4, 4, None, "ok", ""),
        (4, 8, None, "ok", ""),
        (1, 1, "1", "ok", ""),
        (1, 8, "1", "warning", "unset OMP_NUM_THREADS, or set OMP_NUM_THREADS=8"),
        (64, 4, None, "warning", "set OMP_NUM_THREADS=4: threads that share a core wait"),
    ],
)
def test_threads_are_compared_with_the_cores(
    monkeypatch: pytest.MonkeyPatch,
    threads: int,
    cores: int,
    asked: str | None,
    level: str,
    remedy: str,
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    monkeypatch.setattr(environment, "usable_cores", lambda: cores)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if asked:
        monkeypatch.setenv("OMP_NUM_THREADS", asked)
    found = only(hardware.threads())
    assert found.level == level
    assert found.remedy.startswith(remedy)
    assert ("OMP_NUM_THREADS is 1" in found.text) == bool(asked)


@pytest.mark.parametrize(
    ("busy", "cores", "level"),
    [(0.0, 2, "ok"), (0.5, 2, "ok"), (0.6, 2, "warning"), (9.0, 64, "ok"), (17.0, 64, "warning")],
)
def test_a_busy_machine_is_no_place_for_timing(
    monkeypatch: pytest.MonkeyPatch, busy: float, cores: int, level: str
) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (busy, 0.0, 0.0))
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert only(hardware.load()).level == level


def test_where_the_load_is_not_known_nothing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "getloadavg")
    assert only(hardware.load()) == Finding("load", "ok", "not known here")

    def refuse() -> None:
        raise OSError

    monkeypatch.setattr(os, "getloadavg", refuse, raising=False)
    assert only(hardware.load()) == Finding("load", "ok", "not known here")


@pytest.mark.parametrize(
    ("free", "level", "text"),
    [
        (None, "ok", "not known here"),
        (2**32, "ok", "4.0 GiB can be had"),
        (2**32 - 1, "warning", "4.0 GiB can be had; a training may take 4.0 GiB"),
        (0, "warning", "0 bytes can be had; a training may take 4.0 GiB"),
    ],
)
def test_little_memory_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, free: int | None, level: str, text: str
) -> None:
    monkeypatch.setattr(environment, "memory_available", lambda: free)
    found = only(hardware.memory())
    assert (found.level, found.text) == (level, text)


def test_a_machine_that_is_not_linux_is_examined_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, hidden: None
) -> None:
    pretend(tmp_path, monkeypatch, {})
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.delattr(os, "getloadavg", raising=False)
    found = [only(check()) for check in (hardware.gpu, hardware.load, hardware.memory)]
    assert [one.level for one in found] == ["ok"] * 3
    assert only(hardware.threads()).name == "threads"
    assert only(hardware.precision(CPU)).level == "ok"
