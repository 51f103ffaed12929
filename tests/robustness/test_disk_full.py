"""Disks that are full, read-only, or no folder at all: one line says so, and nothing is spoiled.

The disks are small ones in memory, in a mount namespace of their own: nothing outside sees them,
and they are gone with the process that keeps them.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.command_line import SMALL, Answer, CommandLine
from tests.datasets import makers
from tests.faults import LIMIT, TRACED, finished

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs mount namespaces")

WORDS = ("--dataset", SMALL, "--scales", "3", "--device", "cpu")
HERE = ("--in-process",)
FULL, READ_ONLY = "No space left on device", "Read-only file system"


class Disks:
    """Small disks in memory that only the processes in their `namespace` see."""

    def __init__(self) -> None:
        mine = os.geteuid() == 0
        flags = ["-m"] if mine else ["-U", "-r", "-m"]
        # It ends when its standard input does: with the test, however that ends.
        self._keeper = subprocess.Popen(
            ["unshare", *flags, "sh", "-c", "echo ready; exec cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        assert self._keeper.stdout
        assert self._keeper.stderr
        if self._keeper.stdout.readline() != "ready\n":
            pytest.skip(f"no mount namespace here: {self._keeper.stderr.read().strip()}")
        self.namespace = self._keeper.pid
        enter = ["nsenter", "-t", str(self.namespace), "-m"]
        self._enter = enter if mine else [*enter, "-U", "--preserve-credentials"]

    def mount(self, folder: Path, options: str) -> None:
        """Put a disk at a folder, which is made, or change the options of the one that is there."""
        folder.mkdir(parents=True, exist_ok=True)
        again = "remount," if self.seen(folder).stat().st_dev != folder.stat().st_dev else ""
        words = ["mount", "-t", "tmpfs", "-o", again + options, "tmpfs", str(folder)]
        done = subprocess.run(
            [*self._enter, *words],
            capture_output=True,
            encoding="utf-8",
            timeout=LIMIT,
            check=False,
        )
        if done.returncode:
            pytest.skip(f"no disk in memory here: {done.stderr.strip()}")

    def seen(self, folder: Path) -> Path:
        """Return a folder as the processes see it that see the disks."""
        return Path(f"/proc/{self._keeper.pid}/root{folder}")

    def files(self, folder: Path) -> list[str]:
        """List the files below a folder, but for locks."""
        top = self.seen(folder)
        return sorted(
            str(file.relative_to(top))
            for file in top.rglob("*")
            if file.is_file() and not file.name.endswith("lock")
        )

    def close(self) -> None:
        """Let them go."""
        self._keeper.kill()
        self._keeper.communicate()


@pytest.fixture
def disks() -> Iterator[Disks]:
    """Return small disks in memory."""
    made = Disks()
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a plugin in it and nothing else."""
    (tmp_path / "traced.py").write_text(TRACED, encoding="utf-8")
    return tmp_path


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return the weights of `traced` where there is room for everything."""
    folder = tmp_path_factory.mktemp("roomy")
    (folder / "traced.py").write_text(TRACED, encoding="utf-8")
    line = CommandLine(folder)
    assert line(*WORDS, "--plugin", "traced.py", "--methods", "traced").code == 0
    (file,) = line.results.rglob("weights.safetensors")
    return file.read_bytes()


def check_refusal(answer: Answer, place: Path | str, why: str, advice: str) -> None:
    """Look for the one line that says what is wrong, where, and what to do."""
    assert answer.code == 2, answer.err
    assert "Traceback" not in answer.out + answer.err
    assert answer.out == ""
    (line,) = (one for one in answer.err.splitlines() if "error" in one.casefold())
    assert line == answer.err.splitlines()[-1]
    assert line.startswith("error: ")
    for word in (str(place), why, advice):
        assert word in line


def fill(file: Path) -> None:
    """Let one file take all that is left of its disk."""
    with file.open("wb", buffering=0) as stream, suppress(OSError):
        while stream.write(bytes(4096)):
            pass


def test_scenes_that_do_not_fit_into_the_cache(folder: Path, disks: Disks) -> None:
    cache = folder / ".cache"
    disks.mount(cache, "size=100k")
    words = (*WORDS, *HERE, "--methods", "bicubic")
    answer = finished(folder, *words, namespace=disks.namespace)
    check_refusal(answer, ".cache", FULL, "--cache")
    assert 0 < len(disks.files(cache)) < 18  # those that fit, and nothing half-written
    assert {Path(file).suffix for file in disks.files(cache)} == {".safetensors"}
    disks.mount(cache, "size=1m")
    answer = finished(folder, *words, namespace=disks.namespace)
    assert answer.code == 0, answer.err
    assert len(disks.files(cache)) == 18


def test_no_room_for_a_checkpoint_costs_no_result(
    folder: Path, disks: Disks, weights: bytes
) -> None:
    results = folder / "results"
    disks.mount(results, "size=200k")
    words = (*WORDS, "--plugin", "traced.py", "--methods", "traced", "--checkpoint-every", "0.3")
    answer = finished(folder, *words, *HERE, namespace=disks.namespace)
    assert answer.code == 0, answer.err
    told = [line for line in answer.err.splitlines() if "no checkpoint" in line]
    assert told
    for line in told:
        assert "results" in line
        assert FULL in line
        assert line.endswith("the training continues without")
    assert [file for file in disks.files(results) if ".work" in file] == []
    (file,) = disks.seen(results).rglob("weights.safetensors")
    assert file.read_bytes() == weights


def test_no_room_for_a_cell_keeps_its_checkpoint(
    folder: Path, disks: Disks, weights: bytes
) -> None:
    results = folder / "results"
    disks.mount(results, "size=640k")  # two checkpoints fit, and no cell beside them
    words = (*WORDS, "--plugin", "traced.py", "--methods", "traced", "--checkpoint-every", "0.1")
    answer = finished(folder, *words, namespace=disks.namespace)
    check_refusal(answer, "results", FULL, "--results")
    assert "no checkpoint" not in answer.err
    assert {Path(file).suffix for file in disks.files(results)} == {".checkpoint", ".old"}
    disks.mount(results, "size=4m")
    answer = finished(folder, *words, *HERE, namespace=disks.namespace)
    assert answer.code == 0, answer.err
    (file,) = disks.seen(results).rglob("weights.safetensors")
    assert file.read_bytes() == weights
    facts = json.loads((file.parent / "cell.json").read_text(encoding="utf-8"))
    assert facts["resumed"] == 1
    assert [file for file in disks.files(results) if ".work" in file] == []


def test_no_room_for_tables(folder: Path, disks: Disks) -> None:
    results = folder / "results"
    disks.mount(results, "size=1m")
    words = (*WORDS, *HERE, "--methods", "bicubic")
    assert finished(folder, *words, namespace=disks.namespace).code == 0
    cells = [file for file in disks.files(results) if not file.startswith("tables")]
    for file in disks.files(results / "tables"):
        (disks.seen(results / "tables") / file).unlink()
    ballast = disks.seen(results) / "ballast"
    fill(ballast)
    answer = finished(folder, *words, namespace=disks.namespace)
    check_refusal(answer, "results/tables", FULL, "--results")
    assert disks.files(results) == sorted(["ballast", *cells])
    ballast.unlink()
    answer = finished(folder, *words, namespace=disks.namespace)
    assert answer.code == 0, answer.err
    assert "0 cells to run, 1 found done" in answer.err
    assert len(disks.files(results / "tables")) == 4


def test_results_and_cache_on_one_full_disk(folder: Path, disks: Disks, weights: bytes) -> None:
    disk = folder / "disk"
    disks.mount(disk, "size=400k")  # the scenes fit, and no cell beside them
    places = ("--results", "disk/results", "--cache", "disk/cache")
    words = (*WORDS, *HERE, *places, "--plugin", "traced.py", "--methods", "traced")
    answer = finished(folder, *words, namespace=disks.namespace)
    check_refusal(answer, "disk/results", FULL, "--results")
    assert {Path(file).suffix for file in disks.files(disk)} == {".safetensors"}
    disks.mount(disk, "size=4m")
    answer = finished(folder, *words, namespace=disks.namespace)
    assert answer.code == 0, answer.err
    (file,) = disks.seen(disk).rglob("weights.safetensors")
    assert file.read_bytes() == weights


def test_a_disk_without_room_for_another_file(folder: Path, disks: Disks) -> None:
    results = folder / "results"
    disks.mount(results, "size=1m,nr_inodes=6")
    words = (*WORDS, *HERE, "--methods", "bicubic")
    answer = finished(folder, *words, namespace=disks.namespace)
    check_refusal(answer, "results", FULL, "--results")
    assert disks.files(results) == []
    disks.mount(results, "size=1m,nr_inodes=100")
    assert finished(folder, *words, namespace=disks.namespace).code == 0


def test_folders_that_are_read_only(folder: Path, disks: Disks) -> None:
    results, cache = folder / "results", folder / ".cache"
    disks.mount(results, "size=4m")
    disks.mount(cache, "size=4m,ro")
    words = (*WORDS, *HERE, "--methods", "bicubic")
    answer = finished(folder, *words, namespace=disks.namespace)
    check_refusal(answer, ".cache", READ_ONLY, "--cache")
    assert disks.files(results) == []
    disks.mount(cache, "size=4m,rw")
    assert finished(folder, *words, namespace=disks.namespace).code == 0
    # From here on nothing has to be prepared: a cache that was is only read.
    disks.mount(cache, "size=4m,ro")
    answer = finished(folder, *WORDS, *HERE, "--methods", "wiener", namespace=disks.namespace)
    assert answer.code == 0, answer.err
    disks.mount(results, "size=4m,ro")
    before = disks.files(results)
    answer = finished(folder, *words, namespace=disks.namespace)
    check_refusal(answer, "results", READ_ONLY, "--results")
    answer = finished(folder, "tables", namespace=disks.namespace)
    check_refusal(answer, "results", READ_ONLY, "--results")
    assert disks.files(results) == before


def test_data_that_are_read_only(folder: Path, disks: Disks) -> None:
    data = folder / "data"
    disks.mount(data, "size=40m")
    makers.cave_folder(disks.seen(data) / "cave", "balloons", "beads")
    disks.mount(data, "size=40m,ro")
    words = ("--dataset", "cave", "--scenes", "balloons,beads", "--scales", "3")
    answer = finished(folder, *words, *HERE, "--methods", "bicubic", namespace=disks.namespace)
    assert answer.code == 0, answer.err
    answer = finished(folder, "fetch", "cave", namespace=disks.namespace)
    check_refusal(answer, "data", READ_ONLY, "--data")


@pytest.mark.parametrize("option", ["--results", "--cache", "--data"])
def test_a_folder_that_is_a_file(hsisr: CommandLine, option: str) -> None:
    file = hsisr.folder / "file"
    file.write_text("mine", encoding="utf-8")
    words = WORDS
    if option == "--data":
        words = ("--dataset", "cave", "--scenes", "balloons", "--scales", "3")
    answer = hsisr(*words, "--methods", "bicubic", option, "file")
    check_refusal(answer, "file", "", option)
    assert file.read_text(encoding="utf-8") == "mine"
