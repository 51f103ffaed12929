"""The canonical text of a source: independent of formatting and of the version of Python.

`ast.unparse` quotes f-strings otherwise since Python 3.12, and `ast.dump` leaves empty fields out
since 3.13; so the syntax tree is written here.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

ENGINE = __name__.partition(".")[0]

# Arguments of the engine's functions that are only displayed: positions and names.
_DISPLAYED: Mapping[str, tuple[tuple[int, ...], frozenset[str]]] = {
    "register": ((), frozenset({"title", "paper", "year", "published"})),
    "parameter": ((1,), frozenset({"help"})),
}
_DECLARED = "expected_failures"
_NOTHING: tuple[tuple[int, ...], frozenset[str]] = ((), frozenset())


def canonical(source: str | bytes | ast.Module) -> str:
    """Write a module's syntax tree, the same for sources with the same syntax.

    Formatting, comments and docstrings do not count, nor does any other statement that is a mere
    constant or `pass`, nor what the engine's `register` and `parameter` only display: the
    arguments `title`, `paper`, `year`, `published`, `help`. Every other name, number, operator,
    call, annotation and import counts, and so does the order of statements.

    Args:
        source: the text, its bytes (whose encoding declaration is followed) or its tree.

    Returns:
        One line: node classes with their fields that are not empty, in the order of their names.

    Raises:
        SyntaxError: the text is no Python.
        ValueError: the text holds a null byte.
    """
    tree = source if isinstance(source, ast.Module) else ast.parse(source)
    names = _engine_names(tree)
    pieces: list[str] = []
    # A stack instead of recursion: a sum of a thousand terms is a tree of that depth.
    waiting: list[Any] = [tree]
    while waiting:
        part = waiting.pop()
        if isinstance(part, ast.AST):
            waiting.extend(reversed(list(_unfolded(part, names))))
        else:
            pieces.append(part)
    return "".join(pieces)


def _unfolded(node: ast.AST, names: Mapping[str, str]) -> Iterator[str | ast.AST]:
    """Yield a node as text and the nodes below it."""
    if isinstance(node, ast.Constant):
        yield _constant(node.value)
        return
    fields = dict(ast.iter_fields(node))
    if isinstance(node, ast.JoinedStr):
        fields["values"] = _merged(node.values)
    elif isinstance(node, ast.Call):
        positions, keywords = _displayed(node.func, names)
        if not any(isinstance(one, ast.Starred) for one in node.args):
            fields["args"] = [one for i, one in enumerate(node.args) if i not in positions]
        fields["keywords"] = [one for one in node.keywords if one.arg not in keywords]
    yield f"{type(node).__name__}("
    for name, value in sorted(fields.items()):
        values = [one for one in value if not _is_idle(one)] if isinstance(value, list) else [value]
        # ctx repeats where the node stands.
        if name == "ctx" or value is None or not values:
            continue
        yield f"{name}=["
        for one in values:
            # A missing node: the key in `{**more}`, the default in `(*, needed)`.
            yield "-" if one is None else one if isinstance(one, ast.AST) else _constant(one)
            yield ","
        yield "]"
    yield ")"


def _constant(value: object) -> str:
    # `ascii`, as what `repr` escapes follows the Unicode version; a large integer has no decimals.
    return f"{type(value).__name__} {hex(value) if type(value) is int else ascii(value)}"


def _is_idle(item: object) -> bool:
    """Return whether a statement cannot change numbers.

    That is a docstring or another bare constant, `pass`, or a declaration for the checks.
    """
    targets = [*getattr(item, "targets", ()), getattr(item, "target", None)]
    return (
        isinstance(item, ast.Pass)
        or (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant))
        or any(isinstance(one, ast.Name) and one.id == _DECLARED for one in targets)
    )


def _merged(values: Sequence[ast.expr]) -> list[ast.expr]:
    """Join neighbouring texts of an f-string; where they are split depends on the version."""
    merged: list[ast.expr] = []
    for value in values:
        last = merged[-1] if merged else None
        if isinstance(value, ast.Constant) and isinstance(last, ast.Constant):
            merged[-1] = ast.Constant(str(last.value) + str(value.value))
        elif not isinstance(value, ast.Constant) or value.value:
            merged.append(value)
    return merged


def _engine_names(tree: ast.Module) -> dict[str, str]:
    """Map a module's names for what it imports from the engine to the names there."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level:
            if (node.module or "").partition(".")[0] == ENGINE:
                names |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            tops = {alias: alias.name.partition(".")[0] for alias in node.names}
            names |= {alias.asname or top: top for alias, top in tops.items() if top == ENGINE}
    return names | dict(zip(_DISPLAYED, _DISPLAYED, strict=True)) if "*" in names else names


def _displayed(
    called: ast.expr, names: Mapping[str, str]
) -> tuple[tuple[int, ...], frozenset[str]]:
    """Return which arguments of a call are only displayed: of the engine's functions alone."""
    root = called
    while isinstance(root, ast.Attribute):
        root = root.value
    if not isinstance(root, ast.Name) or root.id not in names:
        return _NOTHING
    function = called.attr if isinstance(called, ast.Attribute) else names[root.id]
    return _DISPLAYED.get(function, _NOTHING)
