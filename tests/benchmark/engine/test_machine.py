"""What a machine has, read from files of one that is made up."""

import os
import platform
from pathlib import Path

import pytest

from benchmark.engine import environment
from tests.benchmark.pretence import NVIDIA, pretend

CPUINFO = "processor\t: 0\nvendor_id\t: X\nmodel name\t: A Fast One @ 3 GHz\nmodel name\t: B\n"
TOPOLOGY = "sys/devices/system/cpu/cpu{}/topology/{}"


def test_elsewhere_nothing_is_known_and_nothing_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pretend(tmp_path, monkeypatch, {})
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert environment.processor() == (platform.processor() or platform.machine())
    assert environment.physical_cores() is None
    assert environment.usable_cores() == os.cpu_count()
    assert environment.memory_available() is None
    assert environment.nvidia_driver() is None
    assert environment.nvidia_sign() == ("", True)
    assert environment.file_system(tmp_path) is None


@pytest.mark.parametrize("content", ["", "nonsense\n", ":::\n\n:", "\\999 \\1\n", "0::/../..\n"])
def test_files_of_another_kind_count_as_unknown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str
) -> None:
    names = ("proc/cpuinfo", "proc/meminfo", "proc/self/cgroup", "proc/self/mounts")
    limits = ("sys/fs/cgroup/cpu.max", "sys/fs/cgroup/memory.max", "proc/driver/nvidia/version")
    pretend(tmp_path, monkeypatch, dict.fromkeys((*names, *limits), content))
    assert environment.processor() == (platform.processor() or platform.machine())
    assert environment.usable_cores() >= 1
    assert environment.memory_available() is None
    assert environment.nvidia_driver() is None
    assert environment.file_system(tmp_path) is None


def test_the_processor_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pretend(tmp_path, monkeypatch, {"proc/cpuinfo": CPUINFO})
    assert environment.processor() == "A Fast One @ 3 GHz"


@pytest.mark.parametrize("name", ["core_cpus_list", "thread_siblings_list"])
def test_hardware_threads_of_a_core_count_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    siblings = ["0,4", "1,5", "2,6", "3,7"] * 2
    files = {TOPOLOGY.format(cpu, name): f"{text}\n" for cpu, text in enumerate(siblings)}
    pretend(tmp_path, monkeypatch, files)
    assert environment.physical_cores() == 4


CPU_LIMITS = {
    "version 2": (
        {"proc/self/cgroup": "0::/job\n", "sys/fs/cgroup/job/cpu.max": "250000 100000\n"},
        3,
    ),
    "a group above": (
        {
            "proc/self/cgroup": "0::/job/step\n",
            "sys/fs/cgroup/job/step/cpu.max": "max 100000\n",
            "sys/fs/cgroup/cpu.max": "200000 100000\n",
        },
        2,
    ),
    "version 1": (
        {
            "proc/self/cgroup": "4:memory:/a\n1:cpu,cpuacct:/job\n0::/\n",
            "sys/fs/cgroup/cpu/job/cpu.cfs_quota_us": "50000\n",
            "sys/fs/cgroup/cpu/job/cpu.cfs_period_us": "100000\n",
        },
        1,
    ),
    "no limit, version 1": (
        {
            "proc/self/cgroup": "1:cpu:/\n",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        },
        8,
    ),
    "more than there are": (
        {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "6400000 100000\n"},
        8,
    ),
}


@pytest.mark.parametrize("case", CPU_LIMITS)
def test_the_cores_that_may_be_used_follow_affinity_and_cgroups(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, case: str
) -> None:
    files, expected = CPU_LIMITS[case]
    pretend(tmp_path, monkeypatch, files)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert environment.usable_cores() == expected


MEMINFO = {"proc/meminfo": "MemTotal:       2000 kB\nMemAvailable:   1000 kB\n"}
MEMORY_LIMITS = {
    "none": ({}, 1_024_000),
    "version 2, files given back": (
        {
            "proc/self/cgroup": "0::/job\n",
            "sys/fs/cgroup/job/memory.max": "500000\n",
            "sys/fs/cgroup/job/memory.current": "400000\n",
            "sys/fs/cgroup/job/memory.stat": "anon 7\ninactive_file 300000\n",
            "sys/fs/cgroup/memory.max": "max\n",
        },
        400_000,
    ),
    "version 1": (
        {
            "proc/self/cgroup": "4:memory:/job\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            "sys/fs/cgroup/memory/job/memory.limit_in_bytes": "500000\n",
            "sys/fs/cgroup/memory/job/memory.usage_in_bytes": "100000\n",
            "sys/fs/cgroup/memory/job/memory.stat": "total_inactive_file 40000\n",
        },
        440_000,
    ),
    "above its limit": (
        {
            "proc/self/cgroup": "0::/\n",
            "sys/fs/cgroup/memory.max": "500\n",
            "sys/fs/cgroup/memory.current": "600\n",
        },
        0,
    ),
}


@pytest.mark.parametrize("case", MEMORY_LIMITS)
def test_the_memory_that_can_be_had_follows_the_machine_and_cgroups(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, case: str
) -> None:
    files, expected = MEMORY_LIMITS[case]
    pretend(tmp_path, monkeypatch, {**MEMINFO, **files})
    assert environment.memory_available() == expected


OPEN = """\
NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.14  Release Build  (builder@U16)
GCC version: gcc 12.2.0
"""


@pytest.mark.parametrize(("text", "version"), [(NVIDIA, "535.104.05"), (OPEN, "550.54.14")])
def test_the_drivers_version_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, version: str
) -> None:
    pretend(tmp_path, monkeypatch, {"proc/driver/nvidia/version": text})
    assert environment.nvidia_driver() == version


def test_only_a_device_file_proves_a_gpu_on_linux(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pretend(tmp_path, monkeypatch, {"bin/nvidia-smi": "", "proc/meminfo": ""})
    assert environment.nvidia_sign() == ("", False)  # no program: it cannot be executed
    (tmp_path / "bin" / "nvidia-smi").chmod(0o755)
    assert environment.nvidia_sign() == (str(tmp_path / "bin" / "nvidia-smi"), False)
    (tmp_path / "proc" / "driver" / "nvidia").mkdir(parents=True)
    assert environment.nvidia_sign() == (str(tmp_path / "proc" / "driver" / "nvidia"), False)
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "nvidiactl").touch()  # there without a GPU too
    assert environment.nvidia_sign()[1] is False
    (tmp_path / "dev" / "nvidia3").touch()
    assert environment.nvidia_sign() == (str(tmp_path / "dev" / "nvidia3"), True)


MOUNTS = """\
server:/x /net/share nfs4 rw 0 0
/dev/sda / ext4 rw 0 0
//pc/data /my\\040data cifs rw 0 0
/dev/sdb /over xfs rw 0 0
none /over tmpfs rw 0 0
broken
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/me/results", "ext4"),
        ("/net/share", "nfs4"),
        ("/net/share/deep/er", "nfs4"),
        ("/net/shared", "ext4"),
        ("/my data/x", "cifs"),
        ("/over", "tmpfs"),
    ],
)
def test_the_file_system_is_the_innermost_and_latest_mounted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, path: str, kind: str
) -> None:
    pretend(tmp_path, monkeypatch, {"proc/self/mounts": MOUNTS})
    assert environment.file_system(Path(path)) == kind


def test_the_file_system_is_the_one_that_a_link_leads_to(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "near").symlink_to(tmp_path / "far")
    mounts = f"a / ext4 rw 0 0\nb {tmp_path / 'far'} nfs rw 0 0\n"
    pretend(tmp_path, monkeypatch, {"proc/self/mounts": mounts})
    assert environment.file_system(tmp_path / "near" / "new") == "nfs"
