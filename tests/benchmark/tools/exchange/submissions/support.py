"""Submissions for tests: packed in this process, and edited as somebody else might."""

import hashlib
import io
import json
import queue
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from benchmark.execution.computation.job import JobResult
from benchmark.store.cells import encode
from benchmark.tools.exchange.submissions import verifying, worker
from tests.command_line import Answer, CommandLine

FORM = ("--authors", "Jane Doe,John Doe", "--licence", "MIT", "--not-trained-on-test-scenes")


class ThreadWorker:
    """Does what the worker process does in a thread of this process, which starts at once."""

    def __init__(self, process: object) -> None:
        self._events: queue.Queue[tuple[Any, ...]] = queue.Queue()

    def work(
        self, job: dict[str, Any], timeout: float, poll: float
    ) -> Iterator[tuple[Any, ...] | None]:
        thread = threading.Thread(target=self._work, args=(job,), daemon=True)
        thread.start()
        while (event := self._events.get(timeout=60))[0] != "ended":
            yield event
        thread.join()
        yield event

    def _work(self, job: dict[str, Any]) -> None:
        result = JobResult("done")
        try:
            worker.work(json.loads(json.dumps(job)), lambda *event: self._events.put(event))
        except Exception as error:  # noqa: BLE001 - as the process does
            result = JobResult("failed", str(error))
        self._events.put(("ended", result))

    def kill(self) -> None:
        """Do nothing: the thread has ended."""


def called(hsisr: CommandLine, *words: str, by: type = ThreadWorker) -> Answer:
    """Call a command whose worker runs in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verifying, "StartedProcess", lambda code: code)
        patch.setattr(verifying, "Worker", by)
        return hsisr(*words)


Content = dict[str, bytes]


def edited(source: Path, target: Path, change: Callable[[Content], None]) -> Path:
    """Copy a zip after a change of its content, path to bytes."""
    with zipfile.ZipFile(source) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    change(content)
    target.write_bytes(packed(content))
    return target


def packed(content: Mapping[str, bytes]) -> bytes:
    """Return a zip."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, one in content.items():
            archive.writestr(name, one)
    return stream.getvalue()


def cell_in(content: Content) -> str:
    """Return the path of the first cell in a zip."""
    return min(name for name in content if name.endswith("cell.json")).removesuffix("cell.json")


def with_facts(content: Content, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the facts of the first cell, and seal them again as a forger would."""
    place = cell_in(content)
    facts = json.loads(content[f"{place}cell.json"])
    change(facts)
    content[f"{place}cell.json"] = encode(facts)


def with_file(content: Content, name: str, one: bytes) -> None:
    """Change a file of the first cell, and its checksum."""
    content[cell_in(content) + name] = one
    digest = hashlib.sha256(one).hexdigest()
    with_facts(content, lambda facts: facts["sums"].update({name: digest}))


def with_code(content: Content, name: str, one: bytes) -> None:
    """Add or change a form or a code file, and its checksum."""
    content[name] = one
    manifest = json.loads(content["manifest.json"])
    manifest["files"][name] = hashlib.sha256(one).hexdigest()
    content["manifest.json"] = json.dumps(manifest).encode()
