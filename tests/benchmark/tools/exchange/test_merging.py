"""Imports: which cells are added, present, completed, replaced or refused, and why."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmark import CHECKOUT
from benchmark.errors import RequestError
from benchmark.store import cells as store
from benchmark.store.cells import WEIGHTS
from benchmark.store.lock import CellLock
from benchmark.tools.exchange import Merged, export, merge, merging
from tests.benchmark.store.test_lock import locked_elsewhere
from tests.benchmark.tools.exchange.support import (
    METHODS,
    THERE,
    Two,
    address,
    failed,
    files,
    place,
    put,
    three,
)


def test_cells_are_copied_byte_by_byte(two: Two) -> None:
    places = three(two.there, environment=THERE)
    merged = two.fetch(weights=True)
    assert merged == Merged(added=places, machines={"NVIDIA H200, bfloat16": 3})
    assert files(two.here) == files(two.there)
    assert merged.summary == ("3 cells added, 0 present before (3 made on NVIDIA H200, bfloat16)")


def test_a_second_import_changes_nothing(two: Two) -> None:
    places = three(two.there)
    two.fetch()
    before = files(two.here)
    again = two.fetch()
    assert again == Merged(present=places)
    assert again.summary == "0 cells added, 3 present before"
    assert files(two.here) == before


def test_weights_are_added_to_the_same_cell(two: Two) -> None:
    three(two.there)
    two.fetch()
    assert not any(WEIGHTS in name for name in files(two.here))
    merged = two.fetch(weights=True)
    assert merged == Merged(completed=[place(method) for method in METHODS])
    assert merged.summary == "0 cells added, 0 present before, 3 given their weights"
    assert files(two.here) == files(two.there)
    assert two.fetch(weights=True).completed == []


def test_weights_of_another_training_are_not_added(two: Two) -> None:
    """The scores are the same by chance."""
    put(two.here, weights=b"one")
    (address().folder(two.here) / WEIGHTS).unlink()
    put(two.there, weights=b"two")
    assert two.fetch(weights=True) == Merged(present=[place()])
    assert not (address().folder(two.here) / WEIGHTS).exists()


def test_a_cell_without_weights_does_not_replace_one_with(two: Two) -> None:
    three(two.there)
    shutil.copytree(two.there, two.here)
    before = files(two.here)
    assert len(two.fetch(replace=True).present) == 3
    assert files(two.here) == before


def test_the_same_scores_from_another_machine_are_no_conflict(two: Two) -> None:
    put(two.here)
    put(two.there, environment=THERE, date="2026-04-01T10:00:00+00:00", times={"fit_s": 0.5})
    before = files(two.here)
    assert two.fetch() == Merged(present=[place()])
    assert files(two.here) == before


MINE = "2026-03-01 on CPU, 2 threads, bfloat16"
YOURS = "2026-04-02 on NVIDIA H200, bfloat16"
REPLACE = "--replace imports it and moves the one here to .superseded"
LATER: dict[str, Any] = {"environment": THERE, "date": "2026-04-02T10:00:00+00:00"}
CONFLICTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "other scores": (
        partial(put, psnr=32, **LATER),
        f"the same cell with other scores; here {MINE}, there {YOURS}; {REPLACE}",
    ),
    "another key": (
        partial(put, key="b" * 64, depends={"method": "m2", "train": "t", "test": "x2"}, **LATER),
        f"made from another method, test; here {MINE}, there {YOURS}; --replace imports it",
    ),
    "another key without details": (
        partial(put, key="b" * 64, depends={}, environment={}, date=None),
        f"made from another method, train, test; here {MINE}, there undated on an unknown device",
    ),
    "done here, failed there": (
        partial(failed, reason="MemoryError: too\nmuch", environment=THERE),
        "the same cell is done here and failed (MemoryError: too much) there; here ",
    ),
}


@pytest.mark.parametrize("kind", CONFLICTS)
def test_a_conflict_is_refused_with_its_reason_and_replaced_when_asked(two: Two, kind: str) -> None:
    make, message = CONFLICTS[kind]
    three(two.here)
    put(two.here)
    shutil.rmtree(two.here / ".superseded")
    before = files(two.here)
    make(two.there)
    refused = two.fetch()
    assert list(refused.refused) == [place()]
    assert refused.refused[place()].startswith(message)
    assert refused.summary == "0 cells added, 0 present before, 1 refused"
    assert files(two.here) == before
    replaced = two.fetch(replace=True)
    assert (replaced.replaced, replaced.refused) == ([place()], {})
    there = store.read(address().folder(two.there))
    assert there is not None
    assert two.cell().facts == there.facts
    assert two.superseded() == [f"{place()}.0"]
    kept = two.here / ".superseded" / f"{place()}.0"
    assert {f"{place()}/{name}": content for name, content in files(kept).items()} == {
        name: content for name, content in before.items() if name.startswith(f"{place()}/")
    }


def test_a_failed_cell_is_replaced_only_when_asked(two: Two) -> None:
    failed(two.here, "OSError: no /home/anna/x")
    put(two.there)
    refused = two.fetch().refused[place()]
    assert refused.startswith("the same cell failed (OSError: no /home/anna/x) here and is done t")
    assert two.fetch(replace=True).replaced == [place()]
    assert two.cell().status == "done"


def test_two_failures_of_one_cell_differ_by_their_reason(two: Two) -> None:
    failed(two.here, "OSError: no /home/anna/x")
    failed(two.there, "OSError: no /srv/bob/x", date="2026-04-01T10:00:00+00:00")
    assert two.fetch().present == [place()]
    failed(two.there, "OSError: no y")
    assert two.fetch().refused[place()].startswith("the same cell failed for another reason; here")


def test_a_damaged_cell_is_superseded(two: Two) -> None:
    three(two.there)
    three(two.here)
    (address().folder(two.here) / "scores.csv").write_bytes(b"torn")
    merged = two.fetch()
    assert (merged.added, len(merged.present)) == ([place()], 2)
    (why,) = merged.aside
    assert "scores.csv does not match its checksum" in why
    assert (two.here / ".superseded" / f"{place()}.0" / "scores.csv").read_bytes() == b"torn"
    assert store.damaged(two.here) == []


def test_a_cell_that_a_run_is_computing_is_refused(two: Two) -> None:
    three(two.there)
    with locked_elsewhere(two.here, address()):
        merged = two.fetch()
        assert merged.refused == {
            place(): "a run is computing this cell now; import it when that has ended"
        }
        assert len(merged.added) == 2
    assert two.fetch().added == [place()]


def test_the_checkpoint_of_an_imported_cell_is_deleted(two: Two) -> None:
    cell = put(two.there)
    lock = CellLock(two.here, address(), cell.facts["key"])
    assert lock.acquire()
    lock.checkpoint.write_bytes(b"state")
    lock.release()
    assert lock.checkpoint.exists()
    two.fetch()
    assert not lock.checkpoint.exists()
    assert sorted(path.name for path in two.here.iterdir()) == ["cave"]


def test_progress_is_reported_cell_by_cell(two: Two) -> None:
    places = three(two.there)
    export(two.there, two.zip)
    calls: list[tuple[str, int, int, str]] = []
    merge(two.here, two.zip, on_progress=lambda *one: calls.append(one))
    cells = [("import", number, 3, place) for number, place in enumerate(places)]
    assert calls == [*cells, ("import", 3, 3, "")]


@pytest.mark.parametrize(("failing", "call"), [("flush_folder", 3), ("put_in_place", 2)])
def test_a_full_disk_leaves_whole_cells_only(
    two: Two, monkeypatch: pytest.MonkeyPatch, failing: str, call: int
) -> None:
    three(two.there)
    export(two.there, two.zip)
    calls = 0

    def fail(*_: object) -> None:
        nonlocal calls
        calls += 1
        if calls == call:
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(merging, failing, fail)
        with pytest.raises(
            RequestError, match=r"No space left on device; 1 cell imported so far, the"
        ):
            merge(two.here, two.zip)
    assert store.damaged(two.here) == []
    assert sorted(path.name for path in two.here.iterdir()) == ["cave"]
    merged = merge(two.here, two.zip)
    assert len(merged.added) + len(merged.present) == 3
    assert files(two.here).keys() == {name for name in files(two.there) if WEIGHTS not in name}


def test_a_results_folder_that_is_a_file_is_named(two: Two) -> None:
    three(two.there)
    two.here.write_text("in the way")
    with pytest.raises(RequestError, match=r"cannot write to the results folder .*here"):
        two.fetch()


# Imports into copies of a folder, and is killed before the n-th write that would be permanent; the
# last import is not killed.
KILLED = """
import os, shutil, signal, sys
from pathlib import Path
from benchmark.tools.exchange import merge
def count(real):
    def counted(*words):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*words)
    return counted
os.fsync = count(lambda handle: None)
Path.rename, Path.replace = count(Path.rename), count(Path.replace)
for moment in range(100):
    here = f"{sys.argv[1]}{moment}"
    shutil.copytree(sys.argv[1], here)
    child = os.fork()
    if not child:
        left = moment
        merge(Path(here), Path(sys.argv[2]), replace=True)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status))
    if not status:
        break
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not killed like that there")
def test_an_import_killed_at_any_moment_leaves_whole_cells_only(two: Two) -> None:
    three(two.there)
    put(two.here, psnr=77, weights=b"old")  # is replaced
    put(two.here, address("bicubic"), psnr=31, weights=bytes(range(256)) * 31)
    (address("bicubic").folder(two.here) / WEIGHTS).unlink()  # is completed
    export(two.there, two.zip, weights=True)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(two.here), str(two.zip)],
        cwd=CHECKOUT,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    codes = [int(line) for line in done.stdout.split()]
    assert codes == [*[-9] * (len(codes) - 1), 0], done.stderr
    assert len(codes) > 20
    seen = set()
    for moment in range(len(codes)):
        here = two.here.with_name(f"here{moment}")
        assert store.damaged(here) == []
        cells = list(store.cells(here))
        seen.add(len(cells))
        # The one that is replaced is here, or set aside; its numbers are never gone.
        aside = [json.loads(file.read_text()) for file in here.rglob(".superseded/**/cell.json")]
        sums = [one["sums"] for one in (*aside, *(cell.facts for cell in cells))]
        assert two.cell().facts["sums"] in sums
        merge(here, two.zip, replace=True)
        there, now = files(two.there), files(here, hidden=False)
        assert {name: now[name] for name in there} == there
        assert not list(here.rglob(".importing*"))
    assert seen == {1, 2, 3}
