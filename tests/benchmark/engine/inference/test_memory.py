"""Memory that is free: the machine's, unless a cgroup leaves less."""

from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from benchmark.engine.inference import memory

GIB = 2**30


@pytest.fixture
def cgroups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the machine have 8 GiB free, and its cgroups lie in a folder; return that."""
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=8 * GIB))
    monkeypatch.setattr(memory, "CGROUPS", tmp_path)
    monkeypatch.setattr(memory, "OWN_CGROUPS", tmp_path / "own")
    return tmp_path


def limited(folder: Path, names: tuple[str, str, str], limit: str, used: int, files: int) -> None:
    """Write the files of one memory cgroup."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / names[0]).write_text(f"{limit}\n")
    (folder / names[1]).write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 7\n{names[2]} {files}\n")


def test_without_cgroups_it_is_the_machines(cgroups: Path) -> None:
    assert memory.memory_available() == 8 * GIB


@pytest.mark.parametrize(
    ("own", "root", "names"),
    [
        ("0::/job/step\n", "", ("memory.max", "memory.current", "inactive_file")),
        (
            "5:cpu,memory:/job/step\n1:name=systemd:/x\n",
            "memory",
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        ),
    ],
    ids=["version 2", "version 1"],
)
def test_a_cgroup_or_one_above_it_may_leave_less(
    cgroups: Path, own: str, root: str, names: tuple[str, str, str]
) -> None:
    (cgroups / "own").write_text(own)
    limited(cgroups / root / "job" / "step", names, "max", 2 * GIB, 0)
    assert memory.memory_available() == 8 * GIB
    # 3 GiB of 6 are used, 1 of them for files that are dropped on demand.
    limited(cgroups / root / "job", names, str(6 * GIB), 3 * GIB, GIB)
    assert memory.memory_available() == 4 * GIB
    limited(cgroups / root / "job" / "step", names, str(GIB), 3 * GIB, 0)
    assert memory.memory_available() == 0
