"""Claims: one process a cell, free the moment its owner is gone, and tidy afterwards."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from benchmark.errors import RequestError
from benchmark.store.address import Address
from benchmark.store.cells import cells, write
from benchmark.store.lock import WORK, CellLock
from tests.benchmark.store.test_files import process, together

PLACE = Address("scenes+a+b", "wang2017", "quick", 2, "mine[alpha=1.0]", 1)
KEY = "0123456789abcdef" * 4

CLAIMING = """
import json, sys
from pathlib import Path
from benchmark.store.lock import CellLock
from benchmark.store.cells import Address

lock = CellLock(Path(sys.argv[1]), Address(**json.loads(sys.argv[2])), sys.argv[3])
print(lock.acquire(), flush=True)
sys.stdin.readline()
lock.release()
"""

# Two in one cell at a time would find the other's mark, or lose each other's counts.
RACING = """
import json, os, sys, time
from pathlib import Path
from benchmark.store.lock import CellLock
from benchmark.store.cells import Address

results, count = Path(sys.argv[1]), Path(sys.argv[3])
address = Address(**json.loads(sys.argv[2]))
mark, got = count.with_name(count.name + "-mark"), 0
print("ready", flush=True)
sys.stdin.readline()
until = time.monotonic() + float(sys.argv[4])
while time.monotonic() < until:
    lock = CellLock(results, address, "key")
    if not lock.acquire():
        continue
    os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
    count.write_text(str(int(count.read_text()) + 1))
    got += 1
    mark.unlink()
    lock.release()
print(got)
"""

# Killed while it writes a cell, between the files and their final name.
DYING = """
import json, os, pathlib, signal, sys
from pathlib import Path
from benchmark.store.lock import CellLock
from benchmark.store.cells import Address, write

results, address = Path(sys.argv[1]), Address(**json.loads(sys.argv[2]))
assert CellLock(results, address, "key").acquire()
pathlib.Path.rename = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
facts = {"key": "key", "status": "done", "reason": None}
write(results, address, facts, {"scores.csv": b"scene,psnr"})
"""


def words(results: Path, address: Address) -> tuple[str, str]:
    """Return an address in the form that other processes of these tests take."""
    return str(results), json.dumps(asdict(address))


@contextmanager
def locked_elsewhere(results: Path, address: Address) -> Iterator["subprocess.Popen[str]"]:
    """Let another process have a cell; a line to it makes it let go, and end."""
    with process(CLAIMING, *words(results, address), KEY) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        try:
            yield other
        finally:
            other.kill()


def everything(folder: Path) -> set[str]:
    """List all files and folders below a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_of_two_processes_one_gets_it(tmp_path: Path) -> None:
    lock = CellLock(tmp_path, PLACE, KEY)
    with locked_elsewhere(tmp_path, PLACE) as other:
        assert not lock.acquire()
        assert not lock.acquire()
        other.communicate("let go\n", timeout=10)
        assert other.returncode == 0
    assert lock.acquire()
    with process(CLAIMING, *words(tmp_path, PLACE), KEY) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "False\n"
        other.kill()
    lock.release()


def test_every_part_of_an_address_makes_another_lock(tmp_path: Path) -> None:
    changes: list[dict[str, object]] = [
        {"dataset": "scenes"},
        {"protocol": "wang2017-float"},
        {"profile": "paper"},
        {"scale": 3},
        {"method": "mine"},
        {"seed": 10},
    ]
    with locked_elsewhere(tmp_path, PLACE):
        for change in changes:
            other = CellLock(tmp_path, replace(PLACE, **change), KEY)  # type: ignore[arg-type]
            assert other.acquire(), change
            other.release()
        assert not CellLock(tmp_path, PLACE, "another key").acquire()


def test_a_killed_owner_holds_nothing(tmp_path: Path) -> None:
    with locked_elsewhere(tmp_path, PLACE) as other:
        os.kill(other.pid, signal.SIGKILL)
        other.wait(10)
        began, lock = time.monotonic(), CellLock(tmp_path, PLACE, KEY)
        assert not lock.locked()
        assert lock.acquire()
        assert time.monotonic() - began < 1
    lock.release()
    assert everything(tmp_path) == set()


def test_nothing_stays_behind(tmp_path: Path) -> None:
    for _ in range(2):
        lock = CellLock(tmp_path, PLACE, KEY)
        assert lock.acquire()
        assert everything(tmp_path)
        lock.release()
        assert everything(tmp_path) == set()


def test_a_checkpoint_stays_until_it_is_forgotten(tmp_path: Path) -> None:
    lock = CellLock(tmp_path, PLACE, KEY)
    assert lock.acquire()
    older = lock.checkpoint.with_name(f"{lock.checkpoint.name}.old")
    for file in (lock.checkpoint, older):
        file.write_bytes(b"state")
    lock.release()
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {
        lock.checkpoint.name,
        older.name,
    }
    again = CellLock(tmp_path, PLACE, KEY)
    assert again.checkpoint == lock.checkpoint
    assert again.acquire()
    again.delete_checkpoint()
    again.release()
    assert everything(tmp_path) == set()


def test_checkpoints_of_former_keys_are_deleted_with_their_cell_and_later_ones_stay(
    tmp_path: Path,
) -> None:
    lock = CellLock(tmp_path, PLACE, KEY)
    assert lock.acquire()
    former, later = (CellLock(tmp_path, PLACE, letter + KEY[1:]).checkpoint for letter in "fe")
    former.write_bytes(b"state")
    cell = write(tmp_path, PLACE, {"key": KEY, "status": "done", "reason": None}, {})
    later.write_bytes(b"state")
    stored = (cell.folder / "cell.json").stat().st_mtime_ns
    for file, nanoseconds in ((former, -1), (later, 1)):
        os.utime(file, ns=(stored + nanoseconds,) * 2)
    lock.delete_checkpoint()
    lock.release()
    assert (former.exists(), later.exists()) == (False, True)


def test_a_checkpoint_is_found_by_its_key_alone(tmp_path: Path) -> None:
    """What was trained by another source or recipe is none of this cell's."""
    keys = (KEY, "f" + KEY[1:], KEY[::-1])
    assert len({CellLock(tmp_path, PLACE, key).checkpoint for key in keys}) == 3
    seeds = (CellLock(tmp_path, replace(PLACE, seed=seed), KEY) for seed in (1, 10))
    assert len({lock.checkpoint for lock in seeds}) == 2


def test_a_neighbouring_cell_keeps_its_lock_when_folders_are_removed(tmp_path: Path) -> None:
    lock, nearby = CellLock(tmp_path, PLACE, KEY), replace(PLACE, seed=10)
    assert lock.acquire()
    with locked_elsewhere(tmp_path, nearby):
        lock.release()
        assert CellLock(tmp_path, nearby, KEY).locked()
        assert not CellLock(tmp_path, nearby, KEY).acquire()
    assert [path.parent.name for path in tmp_path.rglob("lock")] == ["seed10"]


def test_a_stored_cell_is_not_touched(tmp_path: Path) -> None:
    write(
        tmp_path,
        PLACE,
        {"key": KEY, "status": "done", "reason": None},
        {"scores.csv": b"scene,psnr\n"},
    )
    before = everything(tmp_path)
    lock = CellLock(tmp_path, PLACE, KEY)
    assert lock.acquire()
    lock.release()
    assert everything(tmp_path) == before
    assert [cell.address for cell in cells(tmp_path)] == [PLACE]


def test_what_a_killed_writer_left_of_this_cell_is_swept_up(tmp_path: Path) -> None:
    with process(DYING, *words(tmp_path, PLACE)) as other:
        assert other.wait(20) == -signal.SIGKILL
    cell = PLACE.folder(tmp_path)
    (left,) = cell.parent.glob(".seed1-*/cell.json")
    # A writer of the tenth seed is at work, and of an address that only begins like this one.
    nearby = [
        cell.with_name(".seed10-abc") / "cell.json",
        cell.with_name("seed10") / "cell.json",
        replace(PLACE, method="mine").folder(tmp_path).with_name(".seed1-abc") / "cell.json",
    ]
    for file in nearby:
        file.parent.mkdir(parents=True)
        file.touch()
    lock = CellLock(tmp_path, PLACE, KEY)
    assert lock.acquire()
    assert not left.parent.exists()
    assert all(file.exists() for file in nearby)
    lock.release()


def test_nothing_is_swept_up_under_a_living_writer(tmp_path: Path) -> None:
    with locked_elsewhere(tmp_path, PLACE):
        file = PLACE.folder(tmp_path).with_name(".seed1-abc") / "cell.json"
        file.parent.mkdir(parents=True)
        file.touch()
        assert not CellLock(tmp_path, PLACE, KEY).acquire()
        assert CellLock(tmp_path, PLACE, KEY).locked()
        assert file.exists()


def test_asking_tells_and_leaves_no_trace(tmp_path: Path) -> None:
    lock = CellLock(tmp_path, PLACE, KEY)
    assert not lock.locked()
    assert everything(tmp_path) == set()
    with locked_elsewhere(tmp_path, PLACE) as other:
        before = everything(tmp_path)
        assert lock.locked()
        assert lock.locked()
        assert everything(tmp_path) == before
        other.communicate("let go\n", timeout=10)
    assert not lock.locked()
    assert everything(tmp_path) == set()


def test_asking_takes_nothing(tmp_path: Path) -> None:
    """The lock's file lies there, as a killed owner leaves it."""
    with locked_elsewhere(tmp_path, PLACE) as other:
        os.kill(other.pid, signal.SIGKILL)
    asking = CellLock(tmp_path, PLACE, KEY)
    assert not asking.locked()
    with locked_elsewhere(tmp_path, PLACE):
        assert asking.locked()


def test_a_results_folder_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("in the way")
    with pytest.raises(RequestError, match=r"cannot write to .*results.*; .*--results") as caught:
        CellLock(tmp_path / "results", PLACE, KEY).acquire()
    assert "\n" not in str(caught.value)


def test_a_hostile_name_stays_below_the_results_folder(tmp_path: Path) -> None:
    lock = CellLock(tmp_path / "results", replace(PLACE, dataset="../..", method="a/../../b"), KEY)
    assert lock.acquire()
    assert {path.name for path in tmp_path.iterdir()} == {"results"}
    assert lock.checkpoint.resolve().is_relative_to(tmp_path / "results" / WORK)
    lock.release()


def test_racing_for_cells_never_lets_two_into_one(tmp_path: Path) -> None:
    """Four processes take and let go of two cells, whose folders come and go with them."""
    counts = [tmp_path / "count1", tmp_path / "count2"]
    racers: list[tuple[object, ...]] = []
    for seed, count in enumerate(counts, 1):
        count.write_text("0")
        racers += [(*words(tmp_path / "r", replace(PLACE, seed=seed)), count, 1.2)] * 2
    got = [int(printed) for printed in together(RACING, racers)]
    assert [int(count.read_text()) for count in counts] == [sum(got[:2]), sum(got[2:])]
    assert min(got) > 0
    assert everything(tmp_path / "r") == set()
