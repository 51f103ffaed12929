"""Words of a command line that cannot be meant, each refused with what to write instead."""

import difflib
import math
import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from benchmark.cli.config import read_config
from benchmark.errors import RequestError
from benchmark.plugins.parameters import shown

# Options whose values are lists with commas.
LISTS = frozenset(
    {"--dataset", "--train-on", "--scenes", "--subset", "--scales", "--scale", "--methods",
     "--metrics", "--seeds", "--format"}
)  # fmt: skip
_HELP = "(see --help)"
# The file of a run's options, among what its context keeps.
_CONFIG = f"{__name__}.config"


class CheckedCommand(TyperCommand):
    """A command that checks its words before their values are converted."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Check and parse the words after the command's name."""
        extra = _checked(self, ctx, args)
        if extra:
            # Words may belong to an argument: `export --dataset a b out.zip`.
            exact = not any(param.param_type_name == "argument" for param in self.params)
            advice = _comma_advice(args, extra[0], exact=exact)
            raise RequestError(
                f"unexpected word '{extra[0]}' after the command '{ctx.info_name}'{advice} {_HELP}"
            )
        with _naming_values(self, ctx, args):
            rest = super().parse_args(ctx, args)
        _expand_homes(ctx)
        return rest


class CheckedGroup(TyperGroup):
    """The main command, with the same checks, and advice for an unknown command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Check and parse the words up to the name of a command."""
        rest = _checked(self, ctx, args)
        if rest and rest[0] not in self.commands:
            advice = _comma_advice(args, rest[0]) or _meant(rest[0], self.commands)
            if rest[0].endswith(".py"):
                advice = "; a plugin is named by --plugin, which is written before each of several"
            raise RequestError(f"No such command '{rest[0]}'{advice} {_HELP}")
        if not rest:
            _take_config(self, ctx, args)
        with _naming_values(self, ctx, args):
            rest = super().parse_args(ctx, args)
        _expand_homes(ctx)
        return rest


def _expand_homes(ctx: Any) -> None:
    """Replace `~` in paths, which a shell leaves in `--results=~/x`, and a file of options too.

    Raises:
        RequestError: there is no such user.
    """
    for name, value in ctx.params.items():
        if isinstance(value, Path):
            ctx.params[name] = _expanded(value)
        elif isinstance(value, list):
            ctx.params[name] = [_expanded(one) if isinstance(one, Path) else one for one in value]


def _expanded(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise RequestError(f"{path}: there is no user {path.parts[0][1:]}; correct it") from error


def _take_config(command: TyperGroup, ctx: Any, words: Sequence[str]) -> None:
    """Take the values of the file that `--config` names where the command line gives none.

    Raises:
        RequestError: the file cannot be read, or does not fit.
    """
    file = command.make_parser(ctx).parse_args(args=list(words))[0].get("config")
    if file:
        ctx.default_map = read_config(command, _expanded(Path(file)))
        ctx.meta[_CONFIG] = file


def finite(value: float) -> float:
    """Return the value of an option.

    Raises:
        typer.BadParameter: it is not finite.
    """
    if not math.isfinite(value):
        raise typer.BadParameter("expected a finite number")
    return value


def _checked(command: TyperCommand | TyperGroup, ctx: Any, words: Sequence[str]) -> list[str]:
    """Check the options of a command and return the words that it has no place for.

    Raises:
        RequestError: an option is unknown, has no value, or is given twice.
    """
    try:
        values, rest, order = command.make_parser(ctx).parse_args(args=list(words))
    except typer.TyperException as error:
        _raise_unknown_option(command, ctx, words, error)
    options = {name for param in command.params for name in param.opts if name[:1] == "-"}
    for param in dict.fromkeys(order):
        name = max(param.opts, key=len)
        items = values.get(param.name)
        for value in items if isinstance(items, list) else [items]:
            # Empty is a value only where it is not the default, and not that of a file.
            other = param.default or values.get("config")
            allowed = other and "if empty" in (getattr(param, "help", None) or "")
            if isinstance(value, str) and not value.strip() and not allowed:
                what = name if name in options else f"the argument {name}"
                raise RequestError(f"{what} is empty; give it a value or leave it out {_HELP}")
            if value in options:
                raise RequestError(f"{name} has no value: the option {value} follows it {_HELP}")
        single = not (getattr(param, "is_flag", False) or getattr(param, "multiple", False))
        if single and order.count(param) > 1:
            commas = f", with commas in its value: {name} A,B" if name in LISTS else ""
            raise RequestError(f"{name} is given twice; give it once{commas}")
    return rest


@contextmanager
def _naming_values(
    command: TyperCommand | TyperGroup, ctx: Any, words: Sequence[str]
) -> Iterator[None]:
    """Add the value that was found to typer's error about it.

    Raises:
        RequestError: a value has the wrong type or range.
    """
    kept = list(words)  # the parser empties the list
    try:
        yield
    except typer.BadParameter as error:
        values = command.make_parser(ctx).parse_args(args=kept)[0]
        if error.param is None:
            raise
        why = error.message.replace("Input should be", "expected")
        name, value = max(error.param.opts, key=len), values.get(error.param.name)
        if value is None:
            value = (ctx.default_map or {}).get(error.param.name)
            if value is None or _CONFIG not in ctx.meta:
                raise
            place = f"{ctx.meta[_CONFIG]}: {name.removeprefix('--')}"
            raise RequestError(f"{place}: {why}, found {shown(value)}") from error
        raise RequestError(f"{name}: {why}, found '{value}' {_HELP}") from error


def _raise_unknown_option(
    command: TyperCommand | TyperGroup, ctx: Any, words: Sequence[str], error: typer.TyperException
) -> NoReturn:
    """Raise an error of typer's parser again; suggest what an unknown option may mean.

    Raises:
        RequestError: an option is unknown.
        typer.TyperException: the error, if it is another.
    """
    unknown = str(getattr(error, "option_name", ""))
    if not hasattr(error, "possibilities"):
        raise error
    # typer takes `-scales` for seven short options.
    whole = next((word for word in words if not word.startswith("--") and word[:2] == unknown), "")
    named = whole or unknown
    advice = _meant(
        f"-{whole}" if whole else unknown,
        [*(name for param in command.params for name in param.opts), "--help"],
    )
    if ctx.parent and any(unknown in param.opts for param in ctx.parent.command.params):
        advice = f"{advice or ';'} '{ctx.info_name}' has none; a run without a command has"
    raise RequestError(f"No such option: {named}{advice} {_HELP}") from error


def _comma_advice(words: Sequence[str], extra: str, *, exact: bool = True) -> str:
    """Advise on commas where a word follows the value of a list: `--scales 2 3`.

    Args:
        words: the command line.
        extra: the first word that has no place.
        exact: True shows the whole value to write.
    """
    first = words.index(extra)
    while first and not words[first - 1].startswith("--"):
        first -= 1
    option, value = (words[first - 1] if first else "").partition("=")[::2]
    items = [value] if value else []
    for word in words[first:]:
        if word.startswith("--"):
            break
        items.append(word)
    if option not in LISTS or len(items) < 2:
        return ""
    whole = ",".join(item.strip(",") for item in items if item.strip(","))
    shown = shlex.quote(whole) if exact else "A,B"
    return f"; the values of a list are separated by commas, without spaces: {option} {shown}"


def _meant(word: str, known: Iterable[str]) -> str:
    """Suggest known names that resemble a word, whatever its case."""
    names = {name.casefold().lstrip("-"): name for name in known}
    word = word.casefold().replace("_", "-").lstrip("-")
    if len(word) == 1:  # a short option, of which there are none
        near = [name for name in names if name.startswith(word)][:3]
    else:
        begun = [name for name in names if name.startswith(f"{word}-")]
        near = [word] if word in names else begun or difflib.get_close_matches(word, names, 3)
    return f"; did you mean {' or '.join(names[name] for name in near)}?" if near else ""
