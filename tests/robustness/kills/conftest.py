"""The run that nobody touches."""

import time

import pytest

from tests.faults import running
from tests.robustness.kills.runs import (
    CELLS,
    HERE,
    PHASES,
    WORDS,
    Untouched,
    numbers,
    phase,
    prepare,
    resumed,
)


@pytest.fixture(scope="session")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Untouched:
    """Run everything once."""
    folder = prepare(tmp_path_factory.mktemp("untouched"))
    with running(folder, *WORDS, *CELLS, *HERE) as run:
        answer = run.ended()
        end = time.monotonic()
    assert answer.code == 0, answer.err
    assert resumed(folder) == [0]
    spans = dict.fromkeys(PHASES, 0.0)
    moments = [moment for moment, _ in run.told] + [end]
    for number in range(len(run.lines)):
        now = phase(run.lines[: number + 1])
        spans[now] = max(spans[now], moments[number + 1] - moments[number])
    assert all(spans.values())
    return Untouched(answer, numbers(folder), spans)
