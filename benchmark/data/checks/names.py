"""Checks of the names of a data set's scenes and of its split."""

import difflib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

from benchmark.data.checks.refusal import failing, refuse
from benchmark.dataset import DataSet

if TYPE_CHECKING:
    from benchmark.protocol import Division

_FORBIDDEN = "/\\"  # separators of paths; the names are part of file names


def check_names(dataset: DataSet, label: str) -> None:
    """Check the texts of a data set, the names of its scenes, and its split.

    Args:
        dataset: the data set.
        label: its canonical reference, for the message.

    Raises:
        RequestError: a name is unusable or occurs twice, or a scene of the split does not exist or
            has two roles.
    """
    with failing(dataset, label):
        parts = {part: getattr(dataset, part) for part in ("scenes", "test", "validation")}
        texts = {part: getattr(dataset, part) for part in ("title", "home", "remark")}
    problems = [*_type_problems(parts), *_text_problems(texts)]
    if not problems:
        problems = [*_unusable(parts["scenes"]), *_repeated(parts), *_split_problems(parts)]
    refuse(label, problems, "correct the data set")


def check_division(division: "Division", dataset: DataSet, where: str) -> None:
    """Check a protocol's division of a data set.

    Args:
        division: names of scenes.
        dataset: the data set, whose own names have been checked.
        where: the protocol and the data set, for the message.

    Raises:
        RequestError: a scene does not exist, or has two roles.
    """
    parts = {
        "scenes": dataset.scenes,
        "test": division.test,
        "validation": division.validation,
        "left_out": division.left_out,
    }
    refuse(where, [*_repeated(parts), *_split_problems(parts)], "correct the protocol's `splits`")


def _type_problems(parts: Mapping[str, Any]) -> Iterator[str]:
    for part, names in parts.items():
        if isinstance(names, str):
            yield f"expected `{part}` to be a tuple of names, found the text {names!r}"
        elif not isinstance(names, Sequence if part == "scenes" else Collection):
            yield f"expected `{part}` to be a tuple of names, found {type(names).__name__}"
    if not parts["scenes"]:
        yield "expected one or more names in `scenes`, found none"


def _text_problems(texts: Mapping[str, Any]) -> Iterator[str]:
    for part, text in texts.items():
        if not isinstance(text, str):
            yield f"expected text as `{part}`, found {type(text).__name__}"


def _unusable(scenes: Sequence[Any]) -> Iterator[str]:
    for name in scenes:
        if not isinstance(name, str):
            yield f"expected text as the name of a scene, found {name!r} ({type(name).__name__})"
        elif not name or name != name.strip() or not name.isprintable():
            yield f"expected a name without outer spaces or control characters, found {name!r}"
        elif name in (".", "..") or any(sign in name for sign in _FORBIDDEN):
            yield f"expected the name of a scene, found the path '{name}'"


def _repeated(parts: Mapping[str, Collection[Any]]) -> Iterator[str]:
    for part, names in parts.items():
        for name, count in Counter(map(str, names)).items():
            if count > 1:
                yield f"expected every scene once in `{part}`, found '{name}' {count} times"
    known: dict[str, str] = {}
    for name in dict.fromkeys(map(str, parts["scenes"])):
        if (other := known.setdefault(name.casefold(), name)) != name:
            # Their prepared files would be the same one on a system that ignores case.
            yield f"expected names that differ in more than case, found '{other}' and '{name}'"


def _split_problems(parts: Mapping[str, Collection[Any]]) -> Iterator[str]:
    scenes = parts["scenes"]
    roles = [part for part in parts if part != "scenes"]
    for part in roles:
        for name in parts[part]:
            if name not in scenes:
                near = difflib.get_close_matches(str(name), list(map(str, scenes)), 1)
                guess = f" (did you mean '{near[0]}'?)" if near else ""
                yield f"expected names of `scenes` in `{part}`, found {name!r}{guess}"
    for first, second in combinations(roles, 2):
        for name in parts[second]:
            if name in parts[first]:
                both = f"found '{name}' in both"
                yield f"expected other scenes in `{second}` than in `{first}`, {both}"
