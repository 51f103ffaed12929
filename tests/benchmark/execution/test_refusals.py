"""Methods that refuse a scale or a number of bands, and those that run only when named."""

from collections.abc import Iterable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor

from benchmark.errors import RequestError
from benchmark.execution.listeners.progress import Progress
from benchmark.execution.planning.plan import plan_tables
from benchmark.execution.planning.request import Request, chosen_methods, resolve
from benchmark.execution.registries import REGISTRIES
from benchmark.method import METHODS, Method, Problem, State, register
from benchmark.plugins.discovery import discover

discover(REGISTRIES)

pytestmark = pytest.mark.usefixtures("registries")

SMALL = "synthetic[rows=32,columns=34,bands=3]"
REMEDY = "leave it out, or name other scales with --scales"
LINE = "picky cannot be run on {label} at x3: it needs a scale of 2, found 3"


@pytest.fixture(autouse=True)
def picky(registries: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave Bicubic, and add one that takes x2 alone and one that is not in the default run."""
    monkeypatch.setattr(METHODS, "_entries", {"bicubic": METHODS._entries["bicubic"]})

    class Plain(Method):
        def upscale(self, low: Tensor, problem: Problem, state: State) -> Tensor:
            return low

    @register("picky", title="Picky")
    class Picky(Plain):
        def fit(self, scenes: Iterable[Tensor], problem: Problem) -> State:
            pytest.fail("something was computed")

        def refusal(self, problem: Problem) -> str:
            assert problem.bands == 3
            return "" if problem.scale == 2 else f"it needs a scale of 2, found {problem.scale}"

    @register("slow", title="Slow")
    class Slow(Plain):
        default_run = False


@pytest.fixture
def asked(tmp_path: Path) -> Request:
    """Ask for small scenes at two scales."""
    return Request(datasets=SMALL, scales="2,3", data=tmp_path, cache=tmp_path / "cache")


def planned(request: Request, **changes: Any) -> tuple[list[tuple[str, int]], list[str], str]:
    """Plan the one table; return its cells, the lines about what is left out, and its label."""
    stream = StringIO()
    experiment = resolve(replace(request, **changes))
    (table,) = plan_tables(experiment, Progress(stream))
    lines = [line for line in stream.getvalue().splitlines() if line.startswith("left out")]
    cells = [(cell.method.name, cell.address.scale) for cell in table.cells]
    return cells, lines, table.label


@pytest.mark.parametrize("methods", ["picky", "bicubic,picky", "all,picky"])
def test_a_named_method_that_refuses_ends_the_request_before_anything_is_computed(
    asked: Request, methods: str
) -> None:
    with pytest.raises(RequestError) as caught:
        planned(asked, methods=methods)
    assert str(caught.value).startswith("picky cannot be run on synthetic")
    assert str(caught.value).endswith(" at x3: it needs a scale of 2, found 3; " + REMEDY)


def test_a_named_method_runs_at_what_it_accepts(asked: Request) -> None:
    assert planned(asked, methods="picky", scales="2")[:2] == ([("picky", 2)], [])


@pytest.mark.parametrize("methods", ["", "default"])
def test_a_method_that_was_not_named_is_left_out_with_a_line(asked: Request, methods: str) -> None:
    cells, lines, label = planned(asked, methods=methods)
    assert cells == [("bicubic", 2), ("picky", 2), ("bicubic", 3)]
    assert lines == ["left out: " + LINE.format(label=label)]


def test_all_has_the_methods_that_the_default_run_leaves_out(asked: Request) -> None:
    cells, lines, label = planned(asked, methods="all")
    expected = [("slow", 2), ("bicubic", 2), ("picky", 2), ("slow", 3), ("bicubic", 3)]
    assert cells == expected
    assert lines == ["left out: " + LINE.format(label=label)]


def test_a_method_of_a_group_is_left_out_beside_one_that_was_named(asked: Request) -> None:
    cells, lines, label = planned(asked, methods="default,slow", scales="3")
    assert cells == [("bicubic", 3), ("slow", 3)]
    assert lines == ["left out: " + LINE.format(label=label)]


def test_groups_and_names_may_stand_together() -> None:
    names = [[one.name for one in chosen_methods(text)] for text in ("", "default,slow", "slow")]
    assert names == [["bicubic", "picky"], ["bicubic", "picky", "slow"], ["slow"]]


def test_every_reason_has_its_part_of_one_line(asked: Request) -> None:
    """The scales that one reason concerns stand together."""

    @register("wide", title="Wide")
    class Wide(Method):
        def refusal(self, problem: Problem) -> str:
            return "it needs 9 bands"

    with pytest.raises(RequestError) as caught:
        planned(asked, methods="picky,wide")
    wide, picky, remedy = str(caught.value).split("; ")
    assert wide.startswith("wide cannot be run on synthetic")
    assert wide.endswith(" at x2, x3: it needs 9 bands")
    assert picky.endswith(" at x3: it needs a scale of 2, found 3")
    assert remedy == REMEDY


@pytest.mark.parametrize("name", ["all", "default"])
def test_the_names_of_groups_are_reserved(name: str) -> None:
    with pytest.raises(RequestError, match=f"^method '{name}': the name stands for several"):
        register(name, title="Mine")(type("Mine", (Method,), {}))
    assert name not in [entry.name for entry in METHODS]


def raising(_method: object, _problem: Problem) -> str:
    """Fail with a message of two lines."""
    raise ValueError("no\nroom")


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"refusal": raising}, "`refusal` raised ValueError: no room; expected"),
        ({"refusal": lambda *_: None}, "`refusal` returned None, expected a text"),
        ({"refusal": lambda *_: True}, "`refusal` returned a bool, expected a text"),
        ({"inputs": property(lambda _: "low")}, "as a tuple as `inputs`, found 'low'"),
        ({"inputs": property(lambda _: ("lowres",))}, r"as `inputs`, found \('lowres',\)"),
        (
            {
                "inputs": property(lambda _: ("low", "upscaled")),
                "upscale": lambda _self, low, *_: low,
            },
            "`upscale` is given one image, found",
        ),
    ],
)
def test_what_a_method_answers_is_checked_before_anything_is_computed(
    asked: Request, members: dict[str, Any], message: str
) -> None:
    register("faulty", title="Faulty")(type("Faulty", (Method,), members))
    for methods in ("faulty", "all"):
        with pytest.raises(RequestError, match=f"^method 'faulty': .*{message}"):
            planned(asked, methods=methods)
