"""Write a source text otherwise, so that it still does the same."""

import ast
import io
import json
import tokenize
from collections.abc import Callable, Sequence
from itertools import pairwise
from random import Random

Edit = tuple[int, int, str]

WORDS = ("", "why", "x = 1; y = 2", 'say "no"', "it's", "größer, 大", "{a}", "\\", "# again")
SHOWN = {
    "register": {"title", "paper", "year", "published", "bibtex"},
    "parameter": {"help"},
}
_LAYOUT = {
    tokenize.NEWLINE,
    tokenize.NL,
    tokenize.COMMENT,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}


class Text:
    """A source text with its tokens and its tree, and where they stand in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = text.splitlines(keepends=True)
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line))
        self.tree = ast.parse(text)
        self.tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
        # What stands in an f-string has no place of its own before Python 3.12.
        self.f_strings = [
            self.span(node) for node in ast.walk(self.tree) if isinstance(node, ast.JoinedStr)
        ]

    def at(self, place: tuple[int, int]) -> int:
        """Turn a token's (row, column) into an offset."""
        return self.starts[place[0] - 1] + place[1]

    def byte(self, row: int, column: int) -> int:
        """Turn a node's row and column, which counts bytes, into an offset."""
        return self.starts[row - 1] + len(self.lines[row - 1].encode()[:column].decode())

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Return where a node begins and ends."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return (
            self.byte(node.lineno, node.col_offset),
            self.byte(node.end_lineno, node.end_col_offset),
        )

    def free(self, start: int) -> bool:
        """Return whether an offset is outside every f-string."""
        return not any(first <= start < end for first, end in self.f_strings)

    def edited(self, edits: Sequence[Edit]) -> str:
        """Apply replacements; insertions at one place keep their order."""
        text = self.text
        for start, end, new in sorted(edits, key=lambda edit: edit[0])[::-1]:
            text = text[:start] + new + text[end:]
        return text


def some(edits: Sequence[Edit], random: Random) -> list[Edit]:
    """Choose a part of the possible edits."""
    share = random.choice((0.1, 0.5, 1.0))
    return [edit for edit in edits if random.random() < share]


def comments(text: Text, random: Random) -> str:
    """Put comments behind lines, and comments and blank lines between them."""
    edits = []
    for token in text.tokens:
        if token.type in (tokenize.NEWLINE, tokenize.NL) and token.string:
            behind, between = (random.choice(WORDS) for _ in range(2))
            margin = " " * random.randrange(12)
            edits.append((text.at(token.start), text.at(token.start), f"  # {behind}"))
            edits.append((text.at(token.end), text.at(token.end), f"\n{margin}# {between}\n"))
    return text.edited(some(edits, random))


def quotes(text: Text, random: Random) -> str:
    """Write strings with other quotes, or in two pieces."""
    edits = []
    for token in text.tokens:
        if token.type != tokenize.STRING or not text.free(text.at(token.start)):
            continue
        value = ast.literal_eval(token.string)
        cut = random.randrange(len(value) + 1)
        spelled = [repr(value), f"{value[:cut]!r} {value[cut:]!r}"]
        if isinstance(value, str):
            spelled.append(json.dumps(value, ensure_ascii=False))
        if repr(value).startswith("'"):
            spelled.append(f"''{value!r}''")
        start, end = text.at(token.start), text.at(token.end)
        # Two strings may touch, and three quotes in a row are another thing.
        margins = [" " * (text.text[place] in "'\"") for place in (start - 1, end)]
        edits.append((start, end, random.choice(spelled).join(margins)))
    return text.edited(some(edits, random))


def numbers(text: Text, random: Random) -> str:
    """Write numbers another way: 64 as 0x40 or 6_4, 0.5 as 5e-1."""
    edits = []
    for token in text.tokens:
        if token.type == tokenize.NUMBER and text.free(text.at(token.start)):
            value = ast.literal_eval(token.string)
            if isinstance(value, int):
                new = random.choice((hex(value), bin(value), "_".join(str(value))))
            else:
                new = f"{value:.17e}" if isinstance(value, float) else token.string
            edits.append((text.at(token.start), text.at(token.end), new))
    return text.edited(some(edits, random))


def trailing_commas(text: Text, random: Random) -> str:
    """Put a comma behind the last argument or item."""
    edits = []
    solid = [token for token in text.tokens if token.type not in _LAYOUT]
    for node in ast.walk(text.tree):
        if isinstance(node, ast.Call):
            items = [*node.args, *node.keywords]
        elif isinstance(node, ast.List | ast.Dict):
            items = [*(node.elts if isinstance(node, ast.List) else node.values)]
        else:
            continue
        start, end = text.span(node)
        alone = len(items) == 1 and isinstance(items[0], ast.GeneratorExp)
        if items and not alone and text.free(start):
            before = [token for token in solid if text.at(token.end) < end][-1]
            if before.string != ",":
                edits.append((end - 1, end - 1, ","))
    return text.edited(some(edits, random))


def parentheses(text: Text, random: Random) -> str:
    """Put parentheses around expressions that are their own anyway."""
    bare: set[int] = set()
    for node in ast.walk(text.tree):
        if isinstance(node, ast.pattern | ast.JoinedStr):
            bare |= {id(below) for below in ast.walk(node) if below is not node}
        if isinstance(node, ast.Tuple) and any(isinstance(one, ast.Slice) for one in node.elts):
            bare.add(id(node))
    edits = []
    for node in ast.walk(text.tree):
        if not isinstance(node, ast.expr) or isinstance(node, ast.Starred | ast.Slice):
            continue
        loaded = isinstance(getattr(node, "ctx", ast.Load()), ast.Load)
        if loaded and id(node) not in bare and random.random() < 0.5:
            start, end = text.span(node)
            edits += [(start, start, "("), (end, end, ")")]
    return text.edited(edits)


def continuations(text: Text, random: Random) -> str:
    """Break lines between any two tokens, by a backslash or inside brackets."""
    edits = []
    depth = 0
    for token, following in pairwise(text.tokens):
        if token.type == tokenize.OP:
            depth += (token.string in "([{") - (token.string in ")]}")
        place = text.at(following.start)
        if not {token.type, following.type} & _LAYOUT and text.free(text.at(token.start)):
            breaks = ["\\\n", "\\\n   "] + ["\n", " # \\\n  ", "\n\n"] * (depth > 0)
            edits.append((place, place, f" {random.choice(breaks)}"))
    return text.edited(some(edits, random))


def indentation(text: Text, random: Random) -> str:
    """Indent by another number of spaces or by tabs."""
    unit = random.choice((" ", "  ", "        ", "\t"))
    edits = []
    depth, first = 0, True
    for token in text.tokens:
        depth += (token.type == tokenize.INDENT) - (token.type == tokenize.DEDENT)
        if token.type == tokenize.NEWLINE:
            first = True
        elif first and token.type not in _LAYOUT:
            first = False
            start = text.at((token.start[0], 0))
            edits.append((start, text.at(token.start), unit * depth))
    return text.edited(edits)


def docstrings(text: Text, random: Random) -> str:
    """Write other docstrings, leave them out, and put some where there is none."""
    edits = []
    for node in ast.walk(text.tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        first = node.body[0]
        said = random.choice([repr(word) for word in WORDS])
        start, end = text.span(first)
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            edits.append((start, end, random.choice((said, "pass", "..."))))
            continue
        decorators = getattr(first, "decorator_list", [])
        row = min([first.lineno, *(one.lineno for one in decorators)])
        margin = text.lines[row - 1][: first.col_offset]
        if not margin.strip():
            edits.append((text.at((row, 0)), text.at((row, 0)), f"{margin}{said}\n"))
    return text.edited(some(edits, random))


def shown_texts(text: Text, random: Random) -> str:
    """Write other titles, papers, years and help texts."""
    edits: list[Edit] = []
    for node in ast.walk(text.tree):
        edits += [(*text.span(value), repr(random.choice(WORDS))) for value in shown(node)]
    return text.edited(some(edits, random))


def unparsed(text: Text, random: Random) -> str:
    """Write all of it the way that Python does."""
    return ast.unparse(text.tree) + "\n"


Reformatting = Callable[[Text, Random], str]

REFORMATTINGS: tuple[Reformatting, ...] = (
    comments,
    quotes,
    numbers,
    trailing_commas,
    parentheses,
    continuations,
    indentation,
    docstrings,
    shown_texts,
    unparsed,
)


def reformatted(text: str, random: Random) -> str:
    """Apply a few reformattings, one upon the other."""
    for change in random.choices(REFORMATTINGS, k=random.randrange(1, 5)):
        text = change(Text(text), random)
    return text


def shown(node: ast.AST) -> list[ast.expr]:
    """Return what a call hands to the engine only to be shown."""
    if not isinstance(node, ast.Call):
        return []
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    second = node.args[1:2] if name == "parameter" else []
    return second + [one.value for one in node.keywords if one.arg in SHOWN.get(name, set())]
