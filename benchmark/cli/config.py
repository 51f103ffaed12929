"""The options of a run in a TOML file (`--config`), and such a file made from a run's options."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints

import typer
from typer.core import TyperGroup

from benchmark.errors import RequestError, listed, meant, redact_paths
from benchmark.plugins.parameters import shown

# Options whose values may be lists in a file.
LISTS = frozenset({"dataset", "train-on", "scenes", "scales", "methods", "metrics", "seeds"})
# Options of a single call.
_OF_A_CALL = frozenset({"config", "print-config", "plan", "json", "help"})
# Folders of one machine; they are not stored with cells.
_FOLDERS = frozenset({"data", "results", "cache", "weights-from", "scratch"})
_EXPECTED = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    Path: "a path as a text",
}


def read_config(command: TyperGroup, file: Path) -> dict[str, Any]:
    """Read a file of options.

    Args:
        command: the command that has the options.
        file: a TOML file, whose keys are the long names of options; or the `cell.json` of a stored
            cell, which holds the options of its run.

    Returns:
        Values as texts, numbers and booleans, by the names of the command's parameters.

    Raises:
        RequestError: the file cannot be read, a key is not an option, or a value has another type.
    """
    options = {
        name.removeprefix("--"): param
        for param in command.params
        for name in param.opts
        if name.startswith("--")
    }
    kinds = get_type_hints(command.callback)
    values = {}
    for key, given in _content(file).items():
        if key in _OF_A_CALL:
            raise RequestError(f"{file}: {key} is for the command line alone; leave it out")
        if key not in options:
            known = [name for name in options if name not in _OF_A_CALL]
            advice = meant(key, known) or f"the keys are: {listed(known, 50)}"
            raise RequestError(f"{file}: '{key}' is not an option; {advice.strip()} (see --help)")
        param = options[key]
        value = _converted(f"{file}: {key}", key, given, kinds[str(param.name)])
        allowed = not param.default or "if empty" in (getattr(param, "help", None) or "")
        if value == "" and not allowed:
            raise RequestError(f"{file}: {key} is empty; give it a value or leave it out")
        values[str(param.name)] = value
    return values


def _content(file: Path) -> dict[str, Any]:
    """Return what a file holds.

    Raises:
        RequestError: it cannot be read, or is neither TOML nor a stored cell.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
        if file.suffix.lower() != ".json":
            return tomllib.loads(text)
        found = json.loads(text)
    except OSError as error:
        raise RequestError(f"--config {file}: it cannot be read: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise RequestError(f"{file} is not TOML: {error}") from error
    except json.JSONDecodeError as error:
        raise RequestError(f"{file} is not JSON: {error}") from error
    except (ValueError, RecursionError) as error:
        raise RequestError(f"{file} cannot be read as text: {error}") from error
    request = found.get("request") if isinstance(found, dict) else None
    if not isinstance(request, dict):
        raise RequestError(
            f"{file} has no entry `request`; expected the cell.json of a cell that version 0.7.0 "
            "or a later one has computed, or a TOML file"
        )
    return request


def _converted(place: str, key: str, value: Any, kind: Any) -> Any:
    """Convert a value to what the command line would give.

    Args:
        place: file and key, for the message.
        key: the option.
        value: as read.
        kind: the annotation of the option's parameter.

    Raises:
        RequestError: it has another type.
    """
    if kind == list[Path] | None:
        items = value if isinstance(value, list) else [value]
        if items and all(isinstance(item, str) and item for item in items):
            return items
        raise RequestError(f"{place}: expected a path or a list of paths, found {_found(value)}")
    kind = Path if kind == Path | None else kind
    if key in LISTS:
        items = value if isinstance(value, list) else [value]
        if all(isinstance(item, str | int) and not isinstance(item, bool) for item in items):
            return ",".join(map(str, items))
        expected = "a text, a whole number, or a list of these"
        raise RequestError(f"{place}: expected {expected}, found {_found(value)}")
    types: Any = {float: (int, float), Path: str}.get(kind, kind)
    if not isinstance(value, types) or (isinstance(value, bool) and kind is not bool):
        raise RequestError(f"{place}: expected {_EXPECTED[kind]}, found {_found(value)}")
    return value


def _found(value: Any) -> str:
    """Describe a value of a file for a message."""
    if isinstance(value, dict):
        return "a table"
    return repr(value) if isinstance(value, str) else _written(value)


def given_options(context: typer.Context) -> dict[str, Any]:
    """Return the options that the command line or a file gives, by their long names."""
    found = {}
    for param in context.command.params:
        source = context.get_parameter_source(str(param.name))
        name = max(param.opts, key=len).removeprefix("--")
        if source and source.name in ("COMMANDLINE", "DEFAULT_MAP") and name not in _OF_A_CALL:
            value = context.params[str(param.name)]
            several = [str(item) for item in value] if isinstance(value, list) else value
            found[name] = str(several) if isinstance(several, Path) else several
    return found


def stored_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as they are stored with cells: without this machine's folders."""
    kept = {}
    for name, value in options.items():
        if name == "plugin":
            kept[name] = [redact_paths(file, argument=True) for file in value]
        elif name not in _FOLDERS:
            kept[name] = value
    return kept


def written_config(options: Mapping[str, Any]) -> str:
    """Write options as the TOML that `read_config` reads."""
    return "\n".join(f"{name} = {_written(value)}" for name, value in options.items())


def _written(value: Any) -> str:
    """Write a value as TOML; a text of JSON is one of TOML too."""
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else shown(value)
