"""Change one place of a source text, so that it does something else."""

import ast
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from random import Random
from typing import Any

from tests.benchmark.plugins.reformatting import SHOWN, shown


def idle(statement: ast.AST) -> bool:
    """Return whether a statement does nothing."""
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


_FAMILIES: tuple[tuple[type[ast.AST], ...], ...] = (
    (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.MatMult),
    (ast.USub, ast.UAdd, ast.Not, ast.Invert),
    (ast.And, ast.Or),
    (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq, ast.Is, ast.IsNot, ast.In, ast.NotIn),
)


def _other_values(value: object) -> list[object]:
    """Return constants that are near a constant and not the same."""
    match value:
        case bool():
            return [not value, int(value)]
        case int():
            return [value + 1, float(value), str(value)]
        case float():
            return [value * 1.5 + 0.25, value * (1 + 2**-52) + 5e-324, repr(value)]
        case str():
            return [value + "x", " " + value]
        case bytes():
            return [value + b"x"]
        case None:
            return [0, False]
    return [None]


Undo = Callable[[], None]
Change = Callable[[], Undo]


def _set(node: ast.AST, field: str, value: object) -> Change:
    def change() -> Undo:
        before = getattr(node, field)
        setattr(node, field, value)
        return lambda: setattr(node, field, before)

    return change


def _put(items: list[Any], start: int, stop: int, new: list[Any]) -> Change:
    def change() -> Undo:
        before = items.copy()
        items[start:stop] = new
        return lambda: items.__setitem__(slice(None), before)

    return change


def _differ(first: ast.AST, second: ast.AST) -> bool:
    return ast.dump(first) != ast.dump(second)


def changes(tree: ast.Module) -> Iterator[Change]:
    """Return every change of one place of a tree, each a function that makes it there.

    The function returns another one, which undoes the change.
    """
    silent = {
        id(below) for node in ast.walk(tree) for one in shown(node) for below in ast.walk(one)
    }
    silent |= {id(below) for node in ast.walk(tree) if idle(node) for below in ast.walk(node)}
    # The -1 of a pattern is written as an operation and may be no other one.
    patterns = {
        id(below)
        for node in ast.walk(tree)
        if isinstance(node, ast.pattern)
        for below in ast.walk(node)
    }
    texts = {
        id(one) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for one in node.values
    }
    for node in ast.walk(tree):
        if id(node) in silent:
            continue
        if isinstance(node, ast.Constant):
            others = _other_values(node.value)
            others = others[:1] if id(node) in texts | patterns else others
            yield from (_set(node, "value", one) for one in others)
        yield from _renamings(node)
        if id(node) not in patterns:
            yield from _operators(node)
        if isinstance(node, ast.Call):
            yield from _arguments(node, silent)
        elif isinstance(node, ast.arguments):
            yield from _absences(node.kw_defaults)
            yield from (_put(node.defaults, 0, 1, []) for _ in node.defaults[:1])
        elif isinstance(node, ast.Dict):
            yield from _absences(node.keys)
        for _, value in ast.iter_fields(node):
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                yield from _statements(value)


def _renamings(node: ast.AST) -> Iterator[Change]:
    for field in ("id", "attr", "arg", "name", "asname", "module"):
        name = getattr(node, field, None)
        shown_name = isinstance(node, ast.keyword) and any(name in some for some in SHOWN.values())
        if isinstance(name, str) and name != "*" and not shown_name:
            yield _set(node, field, f"{name}_")
    if isinstance(node, ast.FormattedValue):
        yield _set(node, "conversion", 114 if node.conversion != 114 else 115)


def _operators(node: ast.AST) -> Iterator[Change]:
    operators = [getattr(node, "op", None), *getattr(node, "ops", [])]
    for place, operator in enumerate(operators):
        family = next((some for some in _FAMILIES if isinstance(operator, some)), ())
        for other in family:
            if not isinstance(operator, other):
                if place == 0:
                    yield _set(node, "op", other())
                else:
                    yield _put(node.ops, place - 1, place, [other()])  # type: ignore[attr-defined]


def _arguments(call: ast.Call, silent: set[int]) -> Iterator[Change]:
    args: list[Any] = call.args
    for i, (first, second) in enumerate(pairwise(args)):
        if _differ(first, second) and not {id(first), id(second)} & silent:
            yield _put(args, i, i + 2, [second, first])
    if args and id(args[-1]) not in silent:
        yield _put(args, len(args) - 1, len(args), [])
    for i, one in enumerate(call.keywords):
        if id(one.value) not in silent:
            yield _put(call.keywords, i, i + 1, [])


def _absences(items: list[Any]) -> Iterator[Change]:
    """Put None itself where something is, and where nothing is the constant `None`."""
    for i, item in enumerate(items):
        yield _put(items, i, i + 1, [ast.Constant(None) if item is None else None])


def _statements(body: list[ast.stmt]) -> Iterator[Change]:
    for i, statement in enumerate(body):
        if not idle(statement):
            yield _put(body, i, i + 1, [ast.Pass()])
            if i + 1 < len(body) and not idle(body[i + 1]) and _differ(statement, body[i + 1]):
                yield _put(body, i, i + 2, [body[i + 1], statement])
        for field in ("decorator_list", "bases"):
            items = getattr(statement, field, [])
            yield from (_put(items, k, k + 1, []) for k in range(len(items)))


def changed(text: str, random: Random) -> str:
    """Change one place of a text so that it does something else."""
    tree, known = _known(text)
    return _made(tree, random.choice(known))


def all_changed(text: str) -> Iterator[str]:
    """Yield a text with every change of one of its places."""
    tree, known = _known(text)
    return (_made(tree, change) for change in known)


@cache
def _known(text: str) -> tuple[ast.Module, list[Change]]:
    """Return the tree of a text and its changes, which take as long to find as all else."""
    tree = ast.parse(text)
    return tree, list(changes(tree))


def _made(tree: ast.Module, change: Change) -> str:
    undo = change()
    try:
        return ast.unparse(ast.fix_missing_locations(tree)) + "\n"
    finally:
        undo()
