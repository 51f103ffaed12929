"""The canonical text: it depends on what a source does, not on how it is formatted."""

import ast
import re
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import methods
from benchmark.plugins.syntax import canonical
from benchmark.tools import scaffold
from tests.benchmark.plugins.mutations import all_changed, changed
from tests.benchmark.plugins.reformatting import REFORMATTINGS, Reformatting, Text, reformatted
from tests.benchmark.support import examples

# One of each that a plugin may hold; the methods of the checkout hold few.
ZOO = r'''"""A docstring."""
from __future__ import annotations

import math as m
from benchmark.method import Method, parameter, register

TABLE = {"a": 1, "b": 0x10, **{"c": 3.5}, None: b"raw\n"}
LONG = """two
lines"""; SHORT = 'it''s'


@register("zoo", title="Zoo", paper=f"{LONG} et al.", published="Ours", year="2026")
class Zoo(Method):
    """About it."""

    maps: int = parameter(8, "feature maps", low=1)
    rate: float = parameter(default=1e-3, help="how " "fast")
    flags = (True, False, None, 2j, ...)

    @property
    def area(self) -> float:
        return -self.maps ** 2 // 3 % 5 @ m.pi

    def choose(self, x, /, y=1, *more, key, other=None, **rest):
        global TABLE
        if x < 1 <= y != 3 or not (key and other is not None):
            return [i * j for i in more if i for j in rest if j not in TABLE]
        elif f"{x!r:>{y}}{key = }" "text" == LONG:
            del rest[1:2, ..., ::3]
        else:
            TABLE[key] += (lambda a, *, b=2: a if b else ~a)(x, b=y)
        while (n := len(more)) > 2:
            more = more[1:]
            break
        else:
            pass
        return {k: v for k, v in sorted(rest.items(), key=lambda pair: -pair[1])}

    async def load(self, path):
        try:
            async with open(path) as file, self:
                await file
        except (OSError, ValueError) as error:
            raise RuntimeError("no", *self.flags) from error
        finally:
            assert self, "yes"

    def match(self, x):
        match x:
            case {"a": [1, *others], **rest} if others:
                yield from rest
            case Zoo(maps=-1) | "b" | None:
                yield x
            case (_, y) as z:
                return y, z
        return any(i for i in x)
'''
SOURCES = [
    *sorted(
        file.read_text(encoding="utf-8")
        for file in Path(methods.__file__).parent.glob("*.py")
        if file.stem != "__init__"
    ),
    *(scaffold.source("mine", kind) for kind in scaffold.REGISTRIES),
    ZOO,
]
many = settings(examples, suppress_health_check=[HealthCheck.too_slow])


def test_there_are_sources_to_rewrite() -> None:
    assert len(SOURCES) >= 8
    assert sum("parameter(" in source for source in SOURCES) >= 4


ENGINES = "from benchmark.method import Method, parameter, register\n"


def method(decorator: str = '"mine", title="T"', field: str = 'default=8, help="h"') -> str:
    """Write a method that is registered so and has one parameter."""
    return f"{ENGINES}@register({decorator})\nclass A(Method):\n    x: int = parameter({field})\n"


def test_the_text_is_the_same_in_every_version_of_python() -> None:
    """As 3.11, 3.12, 3.13 and 3.14 gave it."""
    assert canonical("def f(a, *, b, c=None) -> int:\n    return a @ 1.50  # why\n") == (
        "Module(body=[FunctionDef("
        "args=[arguments(args=[arg(arg=[str 'a',]),]kw_defaults=[-,NoneType None,]"
        "kwonlyargs=[arg(arg=[str 'b',]),arg(arg=[str 'c',]),]),]"
        "body=[Return(value=[BinOp("
        "left=[Name(id=[str 'a',]),]op=[MatMult(),]right=[float 1.5,]),]),]"
        "name=[str 'f',]returns=[Name(id=[str 'int',]),]),])"
    )
    assert canonical(r"""f"{{a}}" 'b' f'{x=:>{"w"}}é\u0378' u''""") == (
        "Module(body=[Expr(value=[JoinedStr(values=[str '{a}bx=',FormattedValue("
        "conversion=[int -0x1,]format_spec=[JoinedStr(values=[str '>',FormattedValue("
        "conversion=[int -0x1,]value=[str 'w',]),]),]value=[Name(id=[str 'x',]),]),"
        "str '\\xe9\\u0378',]),]),])"
    )


def test_an_f_strings_text_may_come_in_pieces() -> None:
    """As the parsers of some versions cut it."""
    whole, cut = (ast.parse("f'ab{x}'") for _ in range(2))
    (f_string,) = (node for node in ast.walk(cut) if isinstance(node, ast.JoinedStr))
    f_string.values[:1] = [ast.Constant(text) for text in ("", "a", "", "b")]
    f_string.values.append(ast.Constant(""))
    assert canonical(cut) == canonical(whole)


def test_numbers_have_a_type_and_any_size() -> None:
    ones = {canonical(f"x = {one}") for one in ("1", "1.0", "True", "1j", "'1'", "b'1'")}
    assert len(ones) == 6
    assert canonical("x = 0x" + "f" * 6000) != canonical("x = 0x" + "f" * 5999 + "e")


def test_no_depth_is_too_deep() -> None:
    long = "x = " + " + ".join(["a"] * 1500) + "\n"
    assert canonical(long) == canonical(long.replace(" + ", "+"))
    assert canonical(long) != canonical(long.replace("a\n", "b\n"))


def test_bytes_are_read_by_their_declaration() -> None:
    text = "x = 'größer'\n"
    assert canonical(text.encode()) == canonical(text)
    assert canonical(b"\xef\xbb\xbf" + text.encode()) == canonical(text)
    assert canonical(b"# coding: latin-1\n" + text.encode("latin-1")) == canonical(text)


def test_what_is_no_python_is_an_error() -> None:
    with pytest.raises(SyntaxError):
        canonical("def f(:\n")


@pytest.mark.parametrize("body", ["pass", "...", "'About it.'", "'About it.'\n  pass\n  0"])
def test_statements_that_do_nothing_do_not_count(body: str) -> None:
    assert canonical(f"class A:\n  {body}\n") == canonical("class A: pass\n")
    assert canonical(f"class A:\n  {body}\n  x = 1\n") == canonical("class A:\n  x = 1\n")
    assert canonical("class A:\n  x = 1\n  'About x.'\n") == canonical("class A:\n  x = 1\n")


@pytest.mark.parametrize("declared", [" = {'x': 'y'}", ": dict[str, str] = {}"])
def test_what_a_method_declares_for_its_checks_does_not_count(declared: str) -> None:
    bare = "class A:\n    x = 1\n"
    assert canonical(f"{bare}    expected_failures{declared}\n") == canonical(bare)
    assert canonical(f"{bare}    other_failures{declared}\n") != canonical(bare)


@pytest.mark.parametrize(
    "decorator",
    [
        '"mine"',
        '"mine", title="Another"',
        '"mine", paper="P", year="1999", published="Ours"',
        '"mine", title=f"{1}" "T"',
    ],
)
def test_what_register_only_shows_does_not_count(decorator: str) -> None:
    assert canonical(method(decorator)) == canonical(method())


@pytest.mark.parametrize(
    "decorator", ['"other", title="T"', '"mine", note="T"', "*NAMES", "**FACTS"]
)
def test_the_name_and_other_facts_count(decorator: str) -> None:
    assert canonical(method(decorator)) != canonical(method())


@pytest.mark.parametrize("field", ["default=8", 'default=8, help="other"', 'help="", default=8'])
def test_the_help_of_a_parameter_does_not_count(field: str) -> None:
    assert canonical(method(field=field)) == canonical(method())


def test_the_help_of_a_parameter_may_stand_second() -> None:
    same = {canonical(method(field=field)) for field in ('8, "h"', '8, "other"', "8")}
    assert len(same) == 1
    assert canonical(method(field='9, "h"')) not in same
    assert canonical(method(field='*x, "h"')) != canonical(method(field='*x, "other"'))


@pytest.mark.parametrize("field", ["default=9", "default=8, low=1", "default=8.0", "8, low=2"])
def test_all_else_of_a_parameter_counts(field: str) -> None:
    assert canonical(method(field=field)) != canonical(method())


@pytest.mark.parametrize(
    ("imports", "name"),
    [
        ("from benchmark.method import parameter", "parameter"),
        ("from benchmark.plugins.parameters import parameter as p", "p"),
        ("from benchmark.method import *", "parameter"),
        ("from benchmark import method", "method.parameter"),
        ("from benchmark import method as m", "m.parameter"),
        ("import benchmark.method", "benchmark.method.parameter"),
        ("import benchmark.method as m", "m.parameter"),
        ("import os, benchmark.method as m", "m.parameter"),
        ("if 1:\n    from benchmark.method import parameter", "parameter"),
    ],
)
def test_the_engines_functions_are_known_by_any_name(imports: str, name: str) -> None:
    text = f'{imports}\nx = {name}(8, help="h")\n'
    assert canonical(text) == canonical(text.replace('"h"', '"other"'))


@pytest.mark.parametrize(
    ("imports", "name"),
    [
        ("def parameter(x, help): return x * len(help)", "parameter"),
        ("from mine import parameter", "parameter"),
        ("from .benchmark import parameter", "parameter"),
        ("from benchmarks import parameter", "parameter"),
        ("import benchmarks as benchmark", "benchmark.parameter"),
        ("from benchmark.method import parameter as p", "parameter"),
        ("from benchmark.method import Recipe as parameter", "parameter"),
        ("from benchmark import method", "method().parameters"),
    ],
)
def test_another_function_of_the_same_name_shows_nothing(imports: str, name: str) -> None:
    text = f'{imports}\nx = {name}(8, help="h")\n'
    assert canonical(text) != canonical(text.replace('"h"', '"other"'))


@pytest.mark.parametrize("edit", REFORMATTINGS, ids=lambda edit: edit.__name__)
def test_each_reformatting_keeps_the_canonical_text(edit: Reformatting) -> None:
    written = 0
    for number, source in enumerate(SOURCES):
        text = edit(Text(source), Random(number))
        written += text != source
        assert canonical(text) == canonical(source), text
    assert written >= len(SOURCES) / 2


@given(source=st.sampled_from(SOURCES), seed=st.integers(0, 2**32))
@many
def test_combined_reformattings_keep_the_canonical_text(source: str, seed: int) -> None:
    text = reformatted(source, Random(seed))
    assert canonical(text) == canonical(source), text


def test_every_single_change_of_behaviour_changes_the_canonical_text() -> None:
    before, made = canonical(ZOO), set()
    for text in all_changed(ZOO):
        assert canonical(text) != before, text
        made.add(text)
    assert len(made) > 300


@given(source=st.sampled_from(SOURCES), seed=st.integers(0, 2**32))
@settings(many, max_examples=15)
def test_random_changes_of_behaviour_change_the_canonical_text(source: str, seed: int) -> None:
    before = canonical(source)
    random = Random(seed)
    for _ in range(10):
        text = changed(source, random)
        assert canonical(text) != before, text


@given(source=st.sampled_from(SOURCES), seed=st.integers(0, 2**32))
@many
def test_a_change_of_behaviour_shows_through_any_reformatting(source: str, seed: int) -> None:
    random = Random(seed)
    other = changed(source, random)
    # The texts of a function that is not the engine's any more are not for readers alone.
    assume(not re.search(r"\b(register|parameter)_", other))
    text = reformatted(other, random)
    assert canonical(text) == canonical(other) != canonical(source), text
