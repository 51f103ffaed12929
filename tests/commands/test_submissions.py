"""A method of one's own, submitted by one person and verified by another, in real processes."""

import os
from pathlib import Path

from tests.command_line import SCENES, SMALL, CommandLine

PLUGIN = '''
import os

import torch

from benchmark.method import Method, register

with open(r"{marker}", "a") as file:
    file.write(f"{{os.getpid()}}\\n")


@register("mine", title="Mine", paper="Me, 2026")
class Mine(Method):
    """The interpolated image times a gain, which is learned."""

    def fit(self, scenes, problem):
        return {{"gain": torch.tensor([1.0 + 1.0 / len(list(scenes)) / 64])}}

    def upscale(self, low, problem, state):
        return low * state["gain"]
'''


def test_foreign_code_runs_when_asked_and_in_another_process(tmp_path: Path) -> None:
    mine, theirs = CommandLine(tmp_path / "mine"), CommandLine(tmp_path / "theirs")
    marker = tmp_path / "imported.txt"
    for one in (mine, theirs):
        one.folder.mkdir()
    (mine.folder / "mine.py").write_text(PLUGIN.format(marker=marker))
    words = ("--dataset", SMALL, "--scenes", SCENES, "--scales", "3", "--methods", "mine")
    assert mine(*words, "--plugin", "mine.py").code == 0
    answer = mine(
        "submit", "--methods", "mine", "--plugin", "mine.py", "--authors", "Me", "--licence", "MIT",
        "--not-trained-on-test-scenes", "-o", "../theirs/mine.zip",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    assert answer.out.endswith("python run_all.py verify ../theirs/mine.zip --run-code\n")
    assert "code       mine.py; from it alone the cells have the same keys" in answer.out
    marker.unlink()

    imported = theirs("import", "mine.zip", "--results", "other results")
    assert imported.out.splitlines()[-1] == (
        "score its weights again: python run_all.py verify mine.zip --run-code --results "
        "'other results'; it runs mine.py: read it first"
    )
    assert theirs("import", "mine.zip").code == 0
    refused = theirs("verify", "mine.zip")
    assert refused.code == 1
    assert "not re-scored: it needs the submission's own code (mine.py), which runs" in refused.out
    assert not marker.exists()

    verified = theirs("verify", "mine.zip", "--run-code")
    assert verified.code == 0, verified.out
    assert "re-scored: equal: mine x3 seed 0 on " in verified.out
    (number,) = set(marker.read_text().split())
    assert int(number) != os.getpid()
    assert "Mine     re-scored" in theirs("tables").out
