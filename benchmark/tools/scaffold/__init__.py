"""Write the template of a new plugin, for `run_all.py new`."""

import keyword
import re
from pathlib import Path
from string import Template
from typing import Any

from benchmark.dataset import DATASETS
from benchmark.errors import RequestError, unknown
from benchmark.method import METHODS
from benchmark.method.registration import GROUPS
from benchmark.metric import METRICS, RESERVED
from benchmark.plugins.registry import Registry
from benchmark.protocol import PROTOCOLS
from benchmark.store.files import write_file

_TEMPLATES = Path(__file__).with_name("templates")
REGISTRIES: dict[str, Registry[Any]] = {
    "method": METHODS,
    "dataset": DATASETS,
    "protocol": PROTOCOLS,
    "metric": METRICS,
}


def write(name: str, folder: Path, kind: str = "method") -> Path:
    """Write a plugin that works unchanged.

    Args:
        name: the plugin's name, a Python identifier in lower case.
        folder: where `<name>.py` is written.
        kind: which kind of plugin: a name of `REGISTRIES`.

    Returns:
        The file.

    Raises:
        RequestError: the kind is unknown, the name is invalid or that of a plugin, or the file
            exists already.
    """
    what = registry(kind).kind
    if (
        not (name.isascii() and name.isidentifier())
        or keyword.iskeyword(name)
        or name != name.lower()
    ):
        raise RequestError(
            f"'{name}' cannot name a {what}; expected lower-case letters, digits and _, "
            "not starting with a digit, and no keyword of Python"
        )
    if kind == "method" and name in GROUPS:
        raise RequestError(
            f"'{name}' cannot name a method, as it stands for several in --methods; choose another"
        )
    if kind == "metric" and name in RESERVED:
        raise RequestError(
            f"'{name}' cannot name a metric, as it is another column of the scores; choose another"
        )
    file = folder / f"{name}.py"
    if file.exists():
        raise RequestError(f"{file} exists already; choose another name or remove it")
    taken = {entry.name.casefold(): entry for entry in registry(kind)}
    if name in taken:
        raise RequestError(
            f"'{name}' is the {what} of {taken[name].file} already; choose another name"
        )
    write_file(file, source(name, kind).encode(), "--folder")
    return file


def registry(kind: str) -> Registry[Any]:
    """Return the registry of a kind of plugin.

    Raises:
        RequestError: the kind is unknown.
    """
    if kind not in REGISTRIES:
        raise unknown("kind of plugin", kind, REGISTRIES)
    return REGISTRIES[kind]


def source(name: str, kind: str = "method") -> str:
    """Return the template of a kind of plugin, filled in with a name."""
    words = name.split("_")
    camel = "".join(word.capitalize() for word in words)
    text = (_TEMPLATES / f"{kind}.py.txt").read_text(encoding="utf-8")
    imported = re.findall(r"\w+", " ".join(re.findall("^(?:from|import) .*", text, re.MULTILINE)))
    valid = camel.isidentifier() and not keyword.iskeyword(camel) and camel not in imported
    return Template(text).substitute(
        name=name,
        title=" ".join(words).strip().capitalize() or name,
        classname=camel if valid else "MyPlugin",
    )
