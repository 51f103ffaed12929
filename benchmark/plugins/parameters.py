"""Typed parameters of methods and data sets, as set on the command line.

A method or a data set is a frozen dataclass; each field is one parameter, declared by `parameter`.
`proposed[alpha=1.0,relu_last=true]` is the method `proposed` with two of them changed.
"""

import dataclasses
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self, get_args, get_type_hints

from benchmark.errors import RequestError, listed, similar

Value = bool | int | float | str

_REFERENCE = re.compile(r"^\s*(?P<name>[A-Za-z0-9_.-]+)\s*(?:\[(?P<settings>[^\[\]]*)\])?\s*$")
_TYPES = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "Names": "names joined by +",
}
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class Names(tuple[str, ...]):
    """Names as the value of a parameter, joined by + on the command line.

    Example:
        >>> Names("a+b") == ("a", "b")
        True
        >>> str(Names(["a", "b"]))
        'a+b'
    """

    __slots__ = ()

    def __new__(cls, names: str | Iterable[str] = ()) -> Self:
        """Split a text, or take the names as they are."""
        split = names.split("+") if isinstance(names, str) else names
        return super().__new__(cls, (name.strip() for name in split if name.strip()))

    def __str__(self) -> str:
        return "+".join(self)


def parameter(
    default: Any,
    help: str,  # noqa: A002 - the usual name, as in argparse
    *,
    choices: Sequence[Value] | None = None,
    low: float | None = None,
    high: float | None = None,
) -> Any:
    """Declare one parameter of a method or a data set.

    Type checkers recognise the default only as a keyword: `parameter(default=1, ...)`.

    Args:
        default: the default value, of the type of the field's annotation.
        help: one line for `run_all.py methods`.
        choices: the allowed values; None allows any.
        low: the smallest value allowed (inclusive).
        high: the largest value allowed (inclusive).

    Example:
        >>> @dataclasses.dataclass(frozen=True)
        ... class Net:
        ...     maps: int = parameter(default=64, help="feature maps", low=1)
        >>> describe(Net)
        ['maps (a whole number from 1, default 64)']
    """
    facts = {"help": help, "choices": choices, "low": low, "high": high}
    return dataclasses.field(default=default, metadata=facts)


def split_list(text: str) -> list[str]:
    """Split a list at the commas outside brackets; empty items are dropped.

    Example:
        >>> split_list("a,b[x=1,y=2],c")
        ['a', 'b[x=1,y=2]', 'c']
    """
    items = re.split(r",(?![^\[]*\])", text)
    return [item.strip() for item in items if item.strip()]


def names_in(text: str, option: str) -> list[str]:
    """Split the value of an option at its commas, as `split_list` does.

    Args:
        text: the value; may be empty.
        option: the option, for the message.

    Raises:
        RequestError: it has commas and no name.
    """
    names = split_list(text)
    if text and not names:
        raise RequestError(
            f"{option} '{text}' names nothing; separate values by commas, or leave it out"
        )
    return names


def split_reference(reference: str, kind: str) -> tuple[str, dict[str, str]]:
    """Split `name[key=value,...]` into the name and its settings.

    Args:
        reference: the text that the user typed.
        kind: "method" or "data set", for the message.

    Returns:
        The name and its settings, still as text.

    Raises:
        RequestError: the text has another format.
    """
    match = _REFERENCE.match(reference)
    settings: dict[str, str] = {}
    if match:
        for item in filter(None, (match["settings"] or "").split(",")):
            key, equals, value = (part.strip() for part in item.partition("="))
            if not (key and equals and value) or key in settings:
                match = None
                break
            settings[key] = value
    if not match:
        several = ""
        if settings:
            # Commas separate parameters: `folder[path=a,test=b,c]`.
            several = "; several names in one value are joined by +" * ("=" not in item)
        elif "[" not in reference and len(re.findall(r"\w+", reference)) > 1:
            several = "; several names are separated by commas"
        raise RequestError(
            f"{kind} '{reference}' cannot be read; expected NAME or NAME[key=value,key=value]"
            f"{several}"
        )
    return match["name"], settings


def convert(owner: str, cls: type, settings: Mapping[str, str]) -> dict[str, Value]:
    """Convert settings from the command line into typed, checked values.

    Args:
        owner: the method's or data set's name, for messages.
        cls: its dataclass.
        settings: parameter name to text.

    Raises:
        RequestError: a parameter does not exist, or its text has another type or range.
    """
    fields = {field.name: field for field in dataclasses.fields(cls)}
    hints = get_type_hints(cls)
    values: dict[str, Value] = {}
    for key, text in settings.items():
        if key not in fields:
            near = similar(key, fields, 1)
            guess = f" (did you mean {near[0]}?)" if near else ""
            known = listed(describe(cls), 30) or "none"
            raise RequestError(f"{owner} has no parameter '{key}'{guess}; it has: {known}")
        values[key] = _converted(owner, fields[key], hints[key], text)
    return values


def _converted(owner: str, field: "dataclasses.Field[Any]", kind: type, text: str) -> Value:
    try:
        value: Value = _BOOLEANS[text.lower()] if kind is bool else kind(text)
    except (KeyError, ValueError):
        raise _misfit(owner, field, kind, text) from None
    _check(owner, field, kind, value, text)
    return value


def check_values(owner: str, instance: object) -> None:
    """Check the parameters of an instance that are not at their defaults.

    Args:
        owner: the method's or data set's name, for messages.
        instance: an instance of its dataclass.

    Raises:
        RequestError: a value is outside its parameter's type or range.
    """
    hints = get_type_hints(type(instance))
    for field in dataclasses.fields(instance):  # type: ignore[arg-type]
        value = getattr(instance, field.name)
        if value is not field.default:
            _check(owner, field, hints[field.name], value, shown(value))


def unify_values(instance: object) -> None:
    """Give equal values one form, so that equal instances have equal labels and keys.

    A value that equals its default becomes the default, and any other one of a field of type float
    becomes a float.

    Args:
        instance: an instance of a frozen dataclass, whose values have been checked.
    """
    hints = get_type_hints(type(instance))
    for field in dataclasses.fields(instance):  # type: ignore[arg-type]
        value = getattr(instance, field.name)
        if value == field.default:
            object.__setattr__(instance, field.name, field.default)
        elif hints[field.name] is float:
            object.__setattr__(instance, field.name, float(value))


def _check(owner: str, field: "dataclasses.Field[Any]", kind: type, value: Any, text: str) -> None:
    facts, types = field.metadata, (int, float) if kind is float else kind
    fits = (
        (kind not in get_args(Value) or isinstance(value, types))
        and (kind is bool or not isinstance(value, bool))
        and not (isinstance(value, float) and not math.isfinite(value))
        and (facts.get("choices") is None or value in facts["choices"])
        and (facts.get("low") is None or value >= facts["low"])
        and (facts.get("high") is None or value <= facts["high"])
    )
    if not fits:
        raise _misfit(owner, field, kind, text)


def _misfit(owner: str, field: "dataclasses.Field[Any]", kind: type, text: str) -> RequestError:
    return RequestError(f"{owner}[{field.name}={text}]: expected {_expected(field, kind)}")


def _expected(field: "dataclasses.Field[Any]", kind: type) -> str:
    facts = field.metadata
    if facts.get("choices"):
        return "one of " + ", ".join(str(choice) for choice in facts["choices"])
    text = _TYPES.get(kind.__name__, "a text")
    if facts.get("low") is not None:
        text += f" from {facts['low']}"
    if facts.get("high") is not None:
        text += f" up to {facts['high']}"
    return text


def describe(cls: type) -> list[str]:
    """List a method's or data set's parameters, each as `name (expected, default value)`."""
    hints = get_type_hints(cls)
    return [
        f"{field.name} ({_expected(field, hints[field.name])}, default "
        f"{shown(field.default) or 'empty'})"
        for field in dataclasses.fields(cls)
    ]


def explain(cls: type) -> list[str]:
    """List parameters as `describe` does, each with its help."""
    helps = [field.metadata.get("help", "") for field in dataclasses.fields(cls)]
    return [
        f"{text}: {given}" if given else text
        for text, given in zip(describe(cls), helps, strict=True)
    ]


def shown(value: object) -> str:
    """Format a value as it is written on the command line."""
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, float) else str(value)


def label(name: str, instance: object) -> str:
    """Format the canonical reference: the name, and every parameter that differs from its default.

    Parameters are in the order of the class, so that equal instances have equal labels.
    """
    changed = [
        f"{field.name}={shown(getattr(instance, field.name))}"
        for field in dataclasses.fields(instance)  # type: ignore[arg-type]
        if getattr(instance, field.name) != field.default
    ]
    return f"{name}[{','.join(changed)}]" if changed else name
