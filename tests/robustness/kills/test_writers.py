"""A process that stores cells, killed again and again, leaves whole ones only."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command_line import SCRIPT
from tests.faults import LIMIT

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the writers are forked")

# It imports neither torch nor numpy, so that hundreds of writers can be forked and killed.
WRITERS = """
import itertools, json, os, random, shutil, signal, sys, time
from pathlib import Path

from benchmark.store import cells
from benchmark.store.address import Address
from benchmark.store.files import write_file
from benchmark.store.lock import CellLock

results, kills, rng = Path(sys.argv[1]), int(sys.argv[2]), random.Random(int(sys.argv[3]))
address = Address("set", "protocol", "profile", 2, "method", 0)
folder, page = address.folder(results), results / "tables" / "set.md"


def content(version):
    return f"{version}\\n".encode() * 3000


def write(version):
    lock = CellLock(results, address, "key")
    assert lock.acquire()
    files = {name: content(version) for name in ("scores.csv", "weights.safetensors")}
    facts = {"key": "key", "status": "done", "reason": None, "version": version}
    cells.write(results, address, facts, files)
    lock.release()
    write_file(page, content(version))


def whole(cell):
    names = ("scores.csv", "weights.safetensors")
    version = cell.facts["version"]
    assert all((cell.folder / name).read_bytes() == content(version) for name in names)
    return version


began = time.monotonic()
for known in range(20):
    write(known)
each = (time.monotonic() - began) / 20
found = {"killed": 0, "new": 0, "moved": 0, "half": 0, "page": 0}
for _ in range(kills):
    child = os.fork()
    if not child:
        for version in itertools.count(known + 1):
            write(version)
    time.sleep(rng.uniform(0, 0.002 + 6 * each))
    os.kill(child, signal.SIGKILL)
    found["killed"] += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    found["half"] += any(folder.parent.glob(".seed0-*"))
    stored = list(cells.cells(results))
    assert cells.damaged(results) == []
    if not stored:  # between two renames: the old one set aside, the new one not in its place yet
        assert not folder.exists()
        aside = (results / ".superseded").rglob("seed0.*")
        max(aside, key=lambda one: int(one.suffix[1:])).rename(folder)
        found["moved"] += 1
        stored = list(cells.cells(results))
    (cell,) = stored
    version = whole(cell)
    assert version >= known
    found["new"] += version > known
    shown = page.read_bytes()
    assert shown == content(int(shown[: shown.index(b"\\n")]))
    known = version
    shutil.rmtree(results / ".superseded", ignore_errors=True)
print(json.dumps({**found, "heavy": sorted({"torch", "numpy"} & set(sys.modules))}))
"""


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """Return a folder in memory where there is one: there a flush to the disk takes no time."""
    place = Path("/dev/shm")
    with tempfile.TemporaryDirectory(
        dir=place if os.access(place, os.W_OK) else tmp_path
    ) as folder:
        yield Path(folder)


def test_a_writer_killed_at_any_moment_leaves_the_old_cell_or_the_new_one(memory: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WRITERS, str(memory / "results"), "300", "0"],
        cwd=SCRIPT.parent,
        capture_output=True,
        encoding="utf-8",
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["killed"] == 300
    assert found["heavy"] == []
    # Some were killed before they had written anything, some in the midst of it.
    assert found["new"] > 50
    assert found["half"] > 5
