"""The canonical text of a source: independent of formatting and of the version of Python.

`ast.unparse` quotes f-strings differently since Python 3.12, and `ast.dump` omits empty fields
since 3.13; therefore the syntax tree is written here.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

ENGINE = __name__.partition(".")[0]

# Arguments of the engine's functions that are only displayed: positions and names.
_DISPLAYED: Mapping[str, tuple[tuple[int, ...], frozenset[str]]] = {
    "register": ((), frozenset({"title", "paper", "year", "published", "bibtex"})),
    "parameter": ((1,), frozenset({"help"})),
}
_DECLARED = "expected_failures"
_NOTHING: tuple[tuple[int, ...], frozenset[str]] = ((), frozenset())


def canonical(source: str | bytes | ast.Module) -> str:
    """Write a module's syntax tree as text, the same for sources with the same syntax.

    Omitted are formatting, comments, docstrings, other statements that are a constant or `pass`,
    and arguments of the engine's `register` and `parameter` that are only displayed: `title`,
    `paper`, `year`, `published`, `bibtex`, `help`. Every other name, number, operator, call,
    annotation and import is included, and so is the order of statements.

    Args:
        source: the text, its bytes (their encoding declaration is respected) or its tree.

    Returns:
        One line: node classes with their non-empty fields, sorted by name.

    Raises:
        SyntaxError: the text is not valid Python.
        ValueError: the text contains a null byte.
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
    """Yield the text of a node, and the nodes below it in their places."""
    if isinstance(node, ast.Constant):
        yield _constant(node.value)
        return
    fields = dict(ast.iter_fields(node))
    if isinstance(node, ast.JoinedStr):
        fields["values"] = _merged(node.values)
    elif isinstance(node, ast.Call):
        positions, keywords = _displayed(node.func, names)
        if not any(isinstance(arg, ast.Starred) for arg in node.args):
            fields["args"] = [arg for i, arg in enumerate(node.args) if i not in positions]
        fields["keywords"] = [item for item in node.keywords if item.arg not in keywords]
    yield f"{type(node).__name__}("
    for name, value in sorted(fields.items()):
        items = value if isinstance(value, list) else None
        values = [value] if items is None else [item for item in items if not _is_idle(item)]
        # ctx follows from the node's place in the tree.
        if name == "ctx" or value is None or not values:
            continue
        yield f"{name}=["
        for item in values:
            # A missing node: the key in `{**more}`, the default in `(*, needed)`.
            yield "-" if item is None else item if isinstance(item, ast.AST) else _constant(item)
            yield ","
        yield "]"
    yield ")"


def _constant(value: object) -> str:
    # `ascii`: `repr` depends on the Unicode version. `hex`: Python limits decimal digits.
    return f"{type(value).__name__} {hex(value) if type(value) is int else ascii(value)}"


def _is_idle(item: object) -> bool:
    """Return True if a statement cannot change numbers.

    These are docstrings, other bare constants, `pass`, and declarations for conformance checks.
    """
    targets = [*getattr(item, "targets", ()), getattr(item, "target", None)]
    return (
        isinstance(item, ast.Pass)
        or (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant))
        or any(isinstance(target, ast.Name) and target.id == _DECLARED for target in targets)
    )


def _merged(values: Sequence[ast.expr]) -> list[ast.expr]:
    """Join adjacent texts of an f-string; where they are split depends on the Python version."""
    merged: list[ast.expr] = []
    for value in values:
        last = merged[-1] if merged else None
        if isinstance(value, ast.Constant) and isinstance(last, ast.Constant):
            merged[-1] = ast.Constant(str(last.value) + str(value.value))
        elif not isinstance(value, ast.Constant) or value.value:
            merged.append(value)
    return merged


def _engine_names(tree: ast.Module) -> dict[str, str]:
    """Map the names that a module imports from the engine to their names there."""
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
    """Return the arguments of a call that are only displayed, if it calls the engine."""
    root = called
    while isinstance(root, ast.Attribute):
        root = root.value
    if not isinstance(root, ast.Name) or root.id not in names:
        return _NOTHING
    function = called.attr if isinstance(called, ast.Attribute) else names[root.id]
    return _DISPLAYED.get(function, _NOTHING)
