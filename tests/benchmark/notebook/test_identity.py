"""Objects of one identity compute the same; whatever may change their numbers changes it."""

import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from benchmark.notebook.identity import identity


def cell(source: str, name: str = "f") -> Any:
    """Run the source of a notebook's cell; return what it calls by a name."""
    known: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(source, "<cell>", "exec"), known)
    return known[name]


def digest(value: object) -> str:
    found, unknown = identity(value)
    assert unknown == []
    return found


FUNCTION = """
import numpy as np
gain = {gain}
def helper(image):
    return image * gain
def f(low, scale={scale}):
    '''{text}'''
    def inner(image):
        return np.repeat(np.repeat(image, scale, 1), scale, 2)
    return inner(helper(low)) {more}
"""
SAME = {"gain": 2, "scale": 2, "text": "Say it.", "more": ""}


def test_the_same_source_is_the_same_function() -> None:
    assert digest(cell(FUNCTION.format(**SAME))) == digest(cell(FUNCTION.format(**SAME)))


def test_comments_and_lines_do_not_count() -> None:
    source = FUNCTION.format(**SAME)
    moved = "\n\n# A comment.\n" + source.replace(
        "    return inner", "    # Another.\n\n    return inner"
    )
    assert digest(cell(source)) == digest(cell(moved))


@pytest.mark.parametrize("changed", [{"gain": 3}, {"scale": 3}, {"more": "+ 1"}, {"gain": 2.0}])
def test_a_constant_a_default_and_a_global_that_is_used_count(changed: dict[str, Any]) -> None:
    assert digest(cell(FUNCTION.format(**SAME))) != digest(cell(FUNCTION.format(**SAME | changed)))


def test_a_global_that_is_not_used_does_not_count() -> None:
    source = FUNCTION.format(**SAME)
    assert digest(cell(source)) == digest(cell(source + "\nunused = 5\n"))


def test_what_a_function_has_closed_over_counts() -> None:
    source = (
        "def make(n):\n    def inner(x):\n        return x * n\n    return inner\nf = make({})\n"
    )
    assert digest(cell(source.format(2))) == digest(cell(source.format(2)))
    assert digest(cell(source.format(2))) != digest(cell(source.format(3)))


def test_functions_that_call_each_other_end() -> None:
    source = "def f(x):\n    return g(x) if x else x\ndef g(x):\n    return f(x - {})\n"
    assert digest(cell(source.format(1))) == digest(cell(source.format(1)))
    assert digest(cell(source.format(1))) != digest(cell(source.format(2)))


NETWORK = """
from torch import nn
class Net(nn.Module):
    width = {width}
    def __init__(self, bands=3):
        super().__init__()
        self.layer = nn.Conv2d(bands, bands, {size})
        self.note = {note}
    def forward(self, x):
        return self.layer(x) {more}
"""
PLAIN = {"width": 1, "size": 3, "note": 0, "more": ""}


def network(**changed: Any) -> nn.Module:
    torch.manual_seed(0)
    made: nn.Module = cell(NETWORK.format(**PLAIN | changed), "Net")()
    return made


@pytest.mark.parametrize("changed", [{"width": 2}, {"size": 5}, {"note": 1}, {"more": "+ x"}])
def test_the_class_of_a_network_and_its_attributes_count(changed: dict[str, Any]) -> None:
    assert digest(network()) == digest(network())
    assert digest(network()) != digest(network(**changed))
    kind = type(network())
    assert digest(kind) == digest(type(network()))
    if changed != {}:
        assert digest(kind) != digest(type(network(**changed)))


def test_weights_buffers_and_hooks_count() -> None:
    one = network()
    other = network()
    with torch.no_grad():
        next(other.parameters())[0, 0, 0, 0] += 1e-6
    assert digest(one) != digest(other)
    first, second = nn.BatchNorm2d(3), nn.BatchNorm2d(3)
    assert digest(first) == digest(second)
    second.running_mean[0] = 1.0  # type: ignore[index]
    assert digest(first) != digest(second)
    hooked = network()
    hooked.register_forward_hook(cell("def f(a, b, c):\n    return c * 2\n"))
    assert digest(one) != digest(hooked)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.zeros(3), np.zeros(3, np.float32)),
        (np.zeros(4), np.zeros((2, 2))),
        (torch.zeros(3), torch.ones(3)),
        (torch.zeros(3), torch.zeros(3, dtype=torch.bfloat16)),
        (1, True), (1, 1.0), (1, "1"), ((1, 2), [1, 2]), ({"a": 1}, {"a": 2}), ({1}, {2}),
        (np.add, np.multiply), (np.float32(1), 1.0), (slice(2), slice(3)),
    ],
)  # fmt: skip
def test_values_of_another_type_shape_or_content_differ(one: Any, other: Any) -> None:
    make = "def make(v):\n    return lambda x: (x, v)\n"
    assert digest(cell(make, "make")(one)) == digest(cell(make, "make")(one))
    assert digest(cell(make, "make")(one)) != digest(cell(make, "make")(other))


def test_the_content_of_a_file_that_is_named_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    function = cell("def f(x):\n    return open('gains.txt').read()\n")
    before = digest(function)
    Path("gains.txt").write_text("1")
    first = digest(function)
    Path("gains.txt").write_text("2")
    assert len({before, first, digest(function)}) == 3


def test_the_source_of_a_module_beside_the_notebook_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    found = []
    for value in (1, 1, 2):
        (tmp_path / "own_helper.py").write_text(f"GAIN = {value}\n")
        monkeypatch.delitem(sys.modules, "own_helper", raising=False)
        found.append(digest(cell("import own_helper\ndef f(x):\n    return x * own_helper.GAIN\n")))
        found.append(digest(cell("def f(x):\n    import own_helper\n    return own_helper.GAIN\n")))
    assert found[:2] == found[2:4]
    assert found[0] != found[4]
    assert found[1] != found[5]


def test_what_cannot_be_compared_is_named() -> None:
    held = [np.random.default_rng(0), (one for one in "ab"), types.SimpleNamespace, object()]
    for value in (held[0], held[1], held[3]):
        function = cell("def make(v):\n    return lambda x: v\n", "make")(value)
        assert identity(function)[1] == [f"a {type(value).__qualname__}"]
    assert identity(np.array([object()], dtype=object))[1] == ["a ndarray"]
