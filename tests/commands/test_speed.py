"""`run_all.py speed`: what it measures, what it refuses."""

import pytest

from benchmark.tools.speed import resources, session
from tests.command_line import SCENES, SMALL, CommandLine


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure everything once, and the roofline on small matrices."""
    monkeypatch.setattr(session, "SECONDS", 0.0)
    monkeypatch.setattr(resources, "SIDE", {"cpu": 64})
    monkeypatch.setattr(resources, "COPIED", 1 << 20)


def test_rows_of_an_image_of_a_data_set_and_of_training_to_the_end(
    hsisr: CommandLine,
) -> None:
    asked = ("--methods", "bicubic,espcn", "--turns", "1", "--size", "64", "--dataset", SMALL)
    answer = hsisr("speed", *asked, "--scenes", SCENES, "--profile", "tiny", "--json")
    assert answer.code == 0
    found = answer.json()
    rows = {(row["what"], row["unit"]) for row in found["rows"]}
    assert rows == {
        ("train", "bands/s"),
        ("infer", "s"),
        ("degrade", "s"),
        ("score", "s"),
        ("prepare", "s"),
        ("open", "s"),
        ("read", "s"),
        ("train", "dB"),
    }
    (last,) = [row for row in found["rows"] if row["unit"] == "dB"]
    assert last["of"] == "espcn, tiny"
    assert abs(last["value"] - last["baseline"]) < 0.5
    assert "measuring: baseline, turn 1 of 1\n" in answer.err
    assert "measuring: training espcn with engine and baseline\n" in answer.err


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (("--profile", "quick"), "--profile and --scenes need --dataset"),
        (("--scenes", "leaves01"), "--profile and --scenes need --dataset"),
        (
            ("--dataset", "synthetic", "--profile", "quik"),
            "unknown profile 'quik'; did you mean quick? known: ",
        ),
        (("--dataset", "synthetic", "--scenes", "leaves99"), "has no scene 'leaves99'"),
        (("--dataset", "cav"), "unknown data set 'cav'"),
        (("--dataset", "cave", "--data", "nowhere"), "nowhere"),
        (("--device", "tpu"), "unknown device 'tpu'"),
    ],
)
def test_a_wrong_request_is_one_line(
    hsisr: CommandLine, asked: tuple[str, ...], message: str
) -> None:
    answer = hsisr("speed", *asked)
    assert answer.code == 2
    assert message in answer.err
    assert answer.err.count("\n") == 1
    assert answer.out == ""
