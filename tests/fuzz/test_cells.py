"""Damaged cells are read exactly or left out with one line; no score is ever invented."""

import copy
import json
from pathlib import Path

import pytest

from benchmark.store import cells
from tests.fuzz import damage
from tests.fuzz.cells import SCORES, VICTIM, Results, address, facts, writing


@pytest.mark.parametrize("name", ["cell.json", "scores.csv", "training.csv", cells.WEIGHTS])
def test_random_damage_leaves_a_cell_out_or_changes_nothing(results: Results, name: str) -> None:
    whole = (results.folder / name).read_bytes()
    for what, content in damage.damaged(whole, 35, seed=1):
        results.feed(f"{name} {what}", writing(name, content), tables=False)
    results.tally.check(35)
    assert results.tally.refused >= 34


@pytest.mark.parametrize("name", ["cell.json", "scores.csv"])
def test_every_length_leaves_a_cell_out(results: Results, name: str) -> None:
    whole = (results.folder / name).read_bytes().rstrip(b"\n")
    for length in range(0, len(whole), max(1, len(whole) // 25)):
        results.feed(f"{name} {length} bytes", writing(name, whole[:length]), tables=False)
    results.tally.check(results.tally.total)
    assert results.tally.accepted == 0
    assert results.tally.refused >= 25


OTHER_TEXTS: dict[str, bytes] = {
    "empty": b"",
    "null": b"null",
    "a list": b"[]",
    "an object": b"{}",
    "a number": b"1",
    "a text": b'"done"',
    "deep lists": b"[" * 200_000,
    "deep objects": b'{"a":' * 200_000,
    "deep and whole": b"[" * 5000 + b"]" * 5000,
    "a huge number": b'{"format": ' + b"9" * 10_000 + b"}",
    "not a number": b'{"format": NaN}',
    "infinity": b'{"format": 1, "seal": Infinity}',
    "other encoding": '{"format": 1}'.encode("utf-16"),
    "no text": b"\xff\xfe\xfa" * 100,
    "nulls": bytes(4096),
    "half a letter": b'{"format": 1, "seal": "\\ud800"}',
    "terminal codes": b'{"format": "\\u001b[31m\\nerror: no", "seal": ""}',
    "no seal": b'{"format": 1}',
    "a seal of another type": b'{"format": 1, "seal": {}}',
}


def test_other_texts_are_no_cell(results: Results) -> None:
    for what, content in OTHER_TEXTS.items():
        results.feed(what, writing("cell.json", content), tables=False)
    results.tally.check(len(OTHER_TEXTS))
    assert results.tally.refused == len(OTHER_TEXTS)


def test_a_text_that_means_the_same_is_the_same_cell(results: Results) -> None:
    whole = (results.folder / "cell.json").read_text(encoding="utf-8")
    compact = json.dumps(json.loads(whole), separators=(",", ":"))
    doubled = whole.replace("{", '{"status": "failed", "reason": "no", ', 1)
    for what, text in (("compact", compact), ("a key twice, the last as it was", doubled)):
        results.feed(what, writing("cell.json", text.encode()))
    results.tally.check(4)
    assert results.tally.refused == 0
    twice = whole.rstrip().removesuffix("}") + ', "status": "failed"}'
    results.feed("a key twice, the last another", writing("cell.json", twice.encode()))
    results.tally.check(6)
    assert results.tally.refused == 1


def test_these_tests_notice_a_changed_number(results: Results) -> None:
    """A changed score with a correct checksum must be reported as a problem."""

    def forge(folder: Path) -> None:
        content = SCORES.format(99).encode()
        made = copy.deepcopy(facts(VICTIM))
        cells.write(results.line.results, address(VICTIM), made, {"scores.csv": content})

    results.feed("forged", forge)
    assert [text.partition(":")[0] for text in results.tally.problems] == ["forged", "tables"]
