"""What a cell on a node of Ray tells the run."""

from types import SimpleNamespace
from typing import Any

import pytest

from benchmark.execution.backends.ray import node
from benchmark.execution.backends.ray.node import BoardProgress


def test_news_are_sent_once_a_second_and_a_sign_of_life_every_ten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A run that hears nothing for a minute takes a cell for interrupted."""
    now, told = [100.0], list[dict[str, Any]]()
    monkeypatch.setattr(node, "time", SimpleNamespace(monotonic=lambda: now[0]))
    board = SimpleNamespace(put=SimpleNamespace(remote=lambda _, news: told.append(news)))
    place = {"place": "n1", "device": "", "shared": False}
    shown = BoardProgress(board, "srcnn x2", place)
    assert told == [place]
    shown.scene("face")
    for now[0] in (100.5, 101.0, 105.0, 110.5, 111.0, 120.0):
        shown.alive()
    assert told == [place, {**place, "scene": "face"}, place]
