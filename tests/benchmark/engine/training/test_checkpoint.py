"""Checkpoints: a stopped training ends with the same weights, bit for bit, on the same threads."""

import errno
import os
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from benchmark.data.split import Split
from benchmark.engine.training.checkpoint import Checkpointer, NullCheckpointer, Stopped
from benchmark.engine.training.loop import Trained, TrainingTask, train
from benchmark.engine.training.profiles import Profile
from benchmark.errors import RequestError
from benchmark.method import NetworkMethod, Problem
from benchmark.store.files import older
from tests.benchmark.engine.training.support import SHORT, ShortPaper, held_out
from tests.benchmark.support import CPU, Recorder, bank_of, network_method, problem


class Drops(NetworkMethod):
    """A network that draws from the global generators of torch, numpy and Python in training."""

    name = "drops"

    def network(self, problem: Problem) -> nn.Module:
        """Build a convolution, a batch norm and noise."""
        return nn.Sequential(
            nn.Conv2d(problem.bands, 6, 3, padding=1),
            nn.BatchNorm2d(6),
            Noise(),
            nn.Conv2d(6, problem.bands, 1),
        )


class Noise(nn.Module):
    """Multiply by numbers from all three generators."""

    def forward(self, x: Tensor) -> Tensor:
        """Map any shape to itself."""
        import random

        import numpy as np

        if not self.training:
            return x
        out: Tensor = nn.functional.dropout(x, 0.3) * (1 + random.random() / 10)
        return out + float(np.random.standard_normal()) / 100  # noqa: NPY002


def checkpoint(file: Path, stop: Callable[[], bool] = lambda: False, every: float = 1e9) -> Any:
    """Make a checkpointer that collects its messages."""
    messages: list[str] = []
    made = Checkpointer(file, every, stop, messages.append, "CPU")
    made.messages = messages  # type: ignore[attr-defined]
    return made


def run(
    split: Split,
    method: NetworkMethod,
    checkpointer: NullCheckpointer | None = None,
    profile: Profile = SHORT,
) -> Trained:
    """Train on tiny scenes."""
    task = problem(2, 5)
    bank = bank_of(split.train, 2, count=profile.patches, size=profile.patch)
    return train(
        TrainingTask(method, task, profile, 0, bank, held_out(split, method, task)),
        CPU,
        checkpointer=checkpointer,
    )


def after(steps: int) -> Callable[[], bool]:
    """Return a function that returns True from so many calls on; it is called once a step."""
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > steps

    return stop


def stop(tiny: Split, file: Path, times: int) -> None:
    """Stop a training of `Drops` so many times, each after two more steps."""
    for _ in range(times):
        with pytest.raises(Stopped):
            run(tiny, Drops(), checkpoint(file, after(2)))


def same(one: Trained, other: Trained) -> None:
    """Compare weights bit by bit, and the history but for its seconds."""
    assert one.state.keys() == other.state.keys()
    for name, tensor in one.state.items():
        assert torch.equal(tensor, other.state[name]), name
        assert tensor.stride() == other.state[name].stride(), name
    rows = [[{**row, "seconds": 0} for row in made.history] for made in (one, other)]
    assert rows[0] == rows[1]
    assert one.steps == other.steps


def made(reference: str) -> tuple[NetworkMethod, Profile]:
    """Return a method and a profile; each covers another part of the loop."""
    if reference == "drops":
        return Drops(), SHORT
    if reference.startswith("paper:"):
        paper = replace(ShortPaper("paper", "", patches=16, patch=16, bands=2), epochs=3)
        return network_method(reference.removeprefix("paper:")), paper
    return network_method(reference), SHORT


Whole = Callable[[str], Trained]


@pytest.fixture(scope="module")
def uninterrupted(tiny: Split) -> Whole:
    """Return the function that trains without a stop, once for every reference."""

    @cache
    def whole(reference: str) -> Trained:
        method, profile = made(reference)
        return run(tiny, method, profile=profile)

    return whole


@pytest.mark.parametrize("stop", [0, 1, 5, 6, 10])
@pytest.mark.parametrize(
    "reference", ["drops", "espcn", "proposed[subnetworks=2,middle=1]", "paper:srcnn"]
)
def test_a_stopped_training_resumes_to_the_same_bits(
    tiny: Split, tmp_path: Path, uninterrupted: Whole, reference: str, stop: int
) -> None:
    method, profile = made(reference)
    whole = uninterrupted(reference)
    file = tmp_path / "training.checkpoint"
    with pytest.raises(Stopped):
        run(tiny, method, checkpoint(file, after(stop)), profile)
    torch.rand(3)  # whatever happens in between
    again = run(tiny, method, checkpoint(file), profile)
    same(whole, again)
    assert (whole.resumed, again.resumed) == (0, 1)


def test_stopping_at_every_single_step_changes_nothing(
    tiny: Split, tmp_path: Path, uninterrupted: Whole
) -> None:
    whole, file, stops = uninterrupted("drops"), tmp_path / "training.checkpoint", 0
    while True:
        try:
            again = run(tiny, Drops(), checkpoint(file, lambda: True))
        except Stopped:
            stops += 1
        else:
            break
    assert stops == whole.steps - 1
    same(whole, again)


def test_a_finished_training_is_not_done_again(tiny: Split, tmp_path: Path) -> None:
    file = tmp_path / "training.checkpoint"
    whole = run(tiny, Drops(), checkpoint(file))
    began = time.perf_counter()
    listener, method, task = Recorder(), Drops(), problem(2, 5)
    pairs = held_out(tiny, method, task)
    again = train(
        TrainingTask(method, task, SHORT, 0, bank_of(tiny.train, 2), pairs),
        CPU,
        listener,
        checkpoint(file),
    )
    assert listener.steps == []
    same(whole, again)
    assert time.perf_counter() - began < 60


def test_the_time_before_an_interruption_counts(tiny: Split, tmp_path: Path) -> None:
    file = tmp_path / "training.checkpoint"
    with pytest.raises(Stopped):
        run(tiny, Drops(), checkpoint(file, after(2)))
    saved = checkpoint(file).load()["trained"]["seconds"]
    assert saved > 0
    again = run(tiny, Drops(), checkpoint(file))
    assert again.seconds > saved
    assert all(a["seconds"] < b["seconds"] for a, b in zip(again.history, again.history[1:]))  # noqa: B905


def test_it_is_due_after_so_many_seconds_and_not_before(tmp_path: Path) -> None:
    assert not checkpoint(tmp_path / "a").due()
    often = checkpoint(tmp_path / "a", every=0.0)
    assert often.due()


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied", "foreign"])
def test_a_damaged_checkpoint_is_replaced_by_the_previous_one(
    tiny: Split, tmp_path: Path, uninterrupted: Whole, damage: str
) -> None:
    whole, file = uninterrupted("drops"), tmp_path / "training.checkpoint"
    stop(tiny, file, times=3)
    content = file.read_bytes()
    middle = len(content) // 2
    file.write_bytes(
        {
            "cut": content[:middle],
            "flipped": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
            "emptied": b"",
            "foreign": b"0" * 200,
        }[damage]
    )
    checkpointer = checkpoint(file)
    same(whole, run(tiny, Drops(), checkpointer))
    (line,) = checkpointer.messages
    assert line.startswith(f"checkpoint {file} cannot be used")


def test_with_both_damaged_the_training_starts_over(
    tiny: Split, tmp_path: Path, uninterrupted: Whole
) -> None:
    whole, file = uninterrupted("drops"), tmp_path / "training.checkpoint"
    for name in (file.name, f"{file.name}.old"):
        (tmp_path / name).write_bytes(b"damaged")
    checkpointer = checkpoint(file)
    again = run(tiny, Drops(), checkpointer)
    same(whole, again)
    assert again.resumed == 0
    assert len(checkpointer.messages) == 2


def unreadable(monkeypatch: pytest.MonkeyPatch, *files: Path) -> None:
    """Let the reading of files fail, as a network's file system does for a moment."""
    read = Path.read_bytes

    def fails(file: Path) -> bytes:
        if file in files:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), str(file))
        return read(file)

    monkeypatch.setattr(Path, "read_bytes", fails)


def test_a_checkpoint_that_cannot_be_read_is_kept(
    tiny: Split, tmp_path: Path, uninterrupted: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, file = uninterrupted("drops"), tmp_path / "training.checkpoint"
    stop(tiny, file, times=2)
    with monkeypatch.context() as patch:
        unreadable(patch, file, older(file))
        with pytest.raises(RequestError, match="it is kept: run the same command again"):
            run(tiny, Drops(), checkpoint(file))
    again = run(tiny, Drops(), checkpoint(file))
    same(whole, again)
    assert again.resumed == 2


def test_where_one_of_two_cannot_be_read_the_other_serves(
    tiny: Split, tmp_path: Path, uninterrupted: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, file = uninterrupted("drops"), tmp_path / "training.checkpoint"
    stop(tiny, file, times=2)
    checkpointer = checkpoint(file)
    with monkeypatch.context() as patch:
        unreadable(patch, file)
        again = run(tiny, Drops(), checkpointer)
    same(whole, again)
    assert again.resumed == 1
    (line,) = checkpointer.messages
    assert line.startswith(f"checkpoint {file} cannot be used")


@pytest.mark.parametrize("where", ["torch.load", "torch.nn.Module.load_state_dict"])
def test_a_checkpoint_that_memory_has_no_room_for_is_kept(
    tiny: Split,
    tmp_path: Path,
    uninterrupted: Whole,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    """As on a GPU that another program fills at that moment."""
    whole, file = uninterrupted("drops"), tmp_path / "training.checkpoint"
    with pytest.raises(Stopped):
        run(tiny, Drops(), checkpoint(file, after(5)))

    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with monkeypatch.context() as patch:
        patch.setattr(where, full)
        with pytest.raises(torch.OutOfMemoryError):
            run(tiny, Drops(), checkpoint(file))
    again = run(tiny, Drops(), checkpoint(file))
    same(whole, again)
    assert again.resumed == 1


def test_a_checkpoint_of_a_former_version_starts_over(
    tiny: Split, tmp_path: Path, uninterrupted: Whole
) -> None:
    whole, file = uninterrupted("drops"), tmp_path / "training.checkpoint"
    with pytest.raises(Stopped):
        run(tiny, Drops(), checkpoint(file, after(5)))
    saved = checkpoint(file).load()
    assert saved is not None
    order = saved["order"]
    saved["order"] = {"epoch": 0, "step": 6, "epoch_began": order["epoch_rng"],
                      "lots": order["band_rng"]}  # fmt: skip
    checkpoint(file).save(saved)
    again = run(tiny, Drops(), checkpoint(file))
    same(whole, again)
    assert again.resumed == 0


def test_nothing_in_a_checkpoint_is_unpickled(tmp_path: Path) -> None:
    """A checkpoint from elsewhere may hold anything; only tensors and plain values are read."""
    import hashlib
    import io
    import os

    class Evil:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "owned"),)

    stream = io.BytesIO()
    torch.save({"network": Evil()}, stream)
    content = stream.getvalue()
    file = tmp_path / "training.checkpoint"
    file.write_bytes(hashlib.sha256(content).hexdigest().encode() + content)
    checkpointer = checkpoint(file)
    assert checkpointer.load() is None
    assert "cannot be used" in checkpointer.messages[0]
    assert not (tmp_path / "owned").exists()


def test_where_none_can_be_written_the_training_continues(tiny: Split, tmp_path: Path) -> None:
    file = tmp_path / "no-folder" / "training.checkpoint"
    (tmp_path / "no-folder").write_text("a file where a folder should be")
    checkpointer = checkpoint(file, every=0.0)
    same(run(tiny, Drops()), run(tiny, Drops(), checkpointer))
    assert all(line.startswith("no checkpoint:") for line in checkpointer.messages)
    assert checkpointer.messages


def test_both_files_are_removed(tmp_path: Path) -> None:
    checkpointer = checkpoint(tmp_path / "training.checkpoint")
    checkpointer.save({"a": 1})
    checkpointer.save({"a": 2})
    assert len(list(tmp_path.iterdir())) == 2
    assert checkpointer.load() == {"a": 2}
    checkpointer.remove()
    checkpointer.remove()
    assert list(tmp_path.iterdir()) == []
