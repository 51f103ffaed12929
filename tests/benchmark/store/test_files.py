"""Files and locks: never half a file for a reader, nothing held by the dead."""

import errno
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

import benchmark
from benchmark.errors import RequestError
from benchmark.store.files import (
    locked,
    without_locks,
    write_file,
    write_flushed,
    writing,
)

CHECKOUT = Path(benchmark.__file__).resolve().parent.parent

# Ends the way a power loss or `kill -9` does, once the content is on the disk under its other name.
KILLED = """
import os, signal, sys
from pathlib import Path
from benchmark.store.files import write_file

os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
write_file(Path(sys.argv[1]), b"new " * 1000)
"""

HOLDING = """
import sys
from pathlib import Path
from benchmark.store.files import locked

with locked(Path(sys.argv[1])):
    print("in", flush=True)
    sys.stdin.readline()
"""

# Each adds one to a number so many times; two at a time would lose some.
COUNTING = """
import sys
from pathlib import Path
from benchmark.store.files import locked, write_file

file = Path(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(sys.argv[2])):
    with locked(file.with_name("lock")):
        write_file(file, str(int(file.read_text()) + 1).encode())
"""


def names(folder: Path) -> list[str]:
    """List a folder, hidden files included."""
    return sorted(path.name for path in folder.iterdir())


def process(code: str, *arguments: object) -> "subprocess.Popen[str]":
    """Start a Python process of the checkout; its input and output are pipes."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def together(code: str, arguments: Sequence[tuple[object, ...]]) -> list[str]:
    """Let processes go at the same moment; gives what each printed, and none may complain.

    Args:
        code: prints "ready" and then waits for a line.
        arguments: one tuple a process.
    """
    with ExitStack() as stack:
        others = [stack.enter_context(process(code, *words)) for words in arguments]
        for other in others:
            stack.callback(other.kill)
            assert other.stdout is not None
            assert other.stdout.readline() == "ready\n"
        for other in others:
            assert other.stdin is not None
            other.stdin.write("go\n")
            other.stdin.flush()
        answers = [other.communicate(timeout=30) for other in others]
        assert [complaint for _, complaint in answers] == [""] * len(others)
        assert [other.returncode for other in others] == [0] * len(others)
    return [printed for printed, _ in answers]


@contextmanager
def holder(lock: Path) -> Iterator["subprocess.Popen[str]"]:
    """Let another process hold a lock."""
    with process(HOLDING, lock) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "in\n"
        try:
            yield other
        finally:
            other.kill()


def entering(lock: Path) -> tuple[Thread, Event]:
    """Wait for a lock in a thread; the event says when it was let in."""
    inside = Event()

    def enter() -> None:
        with locked(lock):
            inside.set()

    thread = Thread(target=enter, daemon=True)
    thread.start()
    return thread, inside


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    file, over = tmp_path / "file", Event()
    contents = [bytes([letter]) * 2_000_000 for letter in b"ab"]
    write_file(file, contents[0])

    def write() -> None:
        for number in range(40):
            write_file(file, contents[number % 2])
        over.set()

    writer = Thread(target=write, daemon=True)
    writer.start()
    seen = set()
    while not over.is_set():
        content = file.read_bytes()
        assert content in contents
        seen.add(content[0])
    writer.join()
    assert len(seen) == 2  # or it had nothing to see
    assert names(tmp_path) == ["file"]


def test_the_content_is_on_the_disk_before_its_name_and_then_the_folder_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a power loss there is the old file or the new one, whichever was last to be flushed."""
    file, flushed = tmp_path / "file", []
    file.write_bytes(b"old")

    def fsync(handle: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file"
        flushed.append((kind, os.fstat(handle).st_ino, file.read_bytes()))

    monkeypatch.setattr(os, "fsync", fsync)
    write_file(file, b"new")
    assert flushed == [
        ("file", file.stat().st_ino, b"old"),
        ("folder", tmp_path.stat().st_ino, b"new"),
    ]


@pytest.mark.parametrize("left", [b"", b"n", b"left by a killed process " * 9])
def test_what_a_killed_writer_left_is_written_over(tmp_path: Path, left: bytes) -> None:
    file = tmp_path / "file"
    file.with_name(".file.part").write_bytes(left)
    write_file(file, b"new")
    assert file.read_bytes() == b"new"
    assert names(tmp_path) == ["file"]


def test_a_killed_writer_leaves_the_old_file_and_no_second_leftover(tmp_path: Path) -> None:
    file = tmp_path / "file"
    write_file(file, b"old")
    for _ in range(2):
        with process(KILLED, file) as other:
            assert other.wait(20) == -signal.SIGKILL
        assert file.read_bytes() == b"old"
        assert names(tmp_path) == [".file.part", "file"]
    write_file(file, b"new")
    assert file.read_bytes() == b"new"
    assert names(tmp_path) == ["file"]


def test_a_full_disk_keeps_the_old_file_and_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    write_file(file, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RequestError) as caught:
        write_file(file, b"new")
    assert str(caught.value) == (
        f"cannot write to {file}: No space left on device; free space there or choose another "
        "folder with --results"
    )
    assert file.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (FileExistsError(17, "File exists"), "File exists; move away what has that name or"),
        (IsADirectoryError(21, "Is a directory"), "; move away what has that name or choose"),
        (PermissionError(13, "Permission denied"), "Permission denied; allow writing there or"),
        (OSError(30, "Read-only file system"), "; allow writing there or choose another place"),
        (OSError(5, "Input/output error"), "; free space there or choose another place"),
    ],
)
def test_the_advice_fits_the_reason(error: OSError, remedy: str) -> None:
    with pytest.raises(RequestError) as caught, writing("x", "", what="figures"):
        raise error
    assert str(caught.value).startswith("cannot write figures to x: ")
    assert remedy in str(caught.value)


def test_flushed_writing_raises_what_the_system_says(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_flushed(tmp_path / "none" / "file", b"")


def test_a_lock_that_cannot_be_made_raises_what_the_system_says(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"), locked(tmp_path / "file" / "lock"):
        pass
    with pytest.raises(OSError, match="directory"), locked(tmp_path):
        pass


def test_a_lock_keeps_another_process_out_until_it_is_let_go(tmp_path: Path) -> None:
    lock = tmp_path / "new" / "lock"
    with holder(lock) as other:
        thread, inside = entering(lock)
        assert not inside.wait(0.4)
        other.communicate("leave\n", timeout=10)
        assert other.returncode == 0
        assert inside.wait(5)
        thread.join(5)
    assert names(lock.parent) == []


def test_a_killed_owners_lock_is_free_at_once(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with holder(lock) as other:
        thread, inside = entering(lock)
        assert not inside.wait(0.2)
        os.kill(other.pid, signal.SIGKILL)
        killed = time.monotonic()
        assert inside.wait(5)
        assert time.monotonic() - killed < 1
        thread.join(5)


def test_a_lock_is_released_on_an_exception(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with pytest.raises(ZeroDivisionError), locked(lock):
        raise ZeroDivisionError
    assert names(tmp_path) == []
    thread, inside = entering(lock)
    assert inside.wait(5)
    thread.join(5)


def test_an_error_of_the_holders_own_is_not_called_one_of_the_lock(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), locked(tmp_path / "lock"):
        (tmp_path / "none").read_bytes()


def test_processes_that_take_turns_lose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "number"
    file.write_text("0")
    together(COUNTING, [(file, 60)] * 3)
    assert file.read_text() == "180"
    assert names(tmp_path) == ["number"]


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_that_refuses_locks_is_named_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", refuse)
    with (
        pytest.raises(
            RequestError, match=r"refuses locks .*; mount it with locks, or choose"
        ) as why,
        writing(tmp_path),
        locked(tmp_path / "lock"),
    ):
        pass
    assert "free space" not in str(why.value)
    told: list[str] = []
    with without_locks(told.append):
        for name in ("one", "other"):
            with writing(tmp_path), locked(tmp_path / name):
                (tmp_path / "written").touch()
    assert (tmp_path / "written").exists()
    (line,) = told
    assert "goes on without" in line
    # Outside it, locks are required again.
    with pytest.raises(RequestError), writing(tmp_path), locked(tmp_path / "lock"):
        pass


def test_another_error_of_a_lock_is_raised_without_locks_too(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with without_locks(pytest.fail), pytest.raises(OSError), locked(tmp_path / "file" / "lock"):  # noqa: PT011
        pass
