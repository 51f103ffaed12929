"""Registries, which map names to plugin classes.

One `Registry` contains the methods, another the data sets. A class is added by the registry's
decorator when its module is imported (see `benchmark.plugins.discovery`).
"""

import dataclasses
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar, dataclass_transform

from benchmark.errors import RequestError, unknown
from benchmark.plugins.parameters import (
    check_values,
    convert,
    label,
    parameter,
    split_reference,
    unify_values,
)

T = TypeVar("T")
BIBTEX = "bibtex"  # the fact of a registration that `run_all.py cite` prints


@dataclasses.dataclass(frozen=True)
class Entry(Generic[T]):
    """A registered class: its name, its file, and its description."""

    name: str
    cls: type[T]
    file: Path
    facts: dict[str, str]

    @property
    def described(self) -> dict[str, str]:
        """Return the facts that are stored with every cell: all but the BibTeX entries."""
        return {name: fact for name, fact in self.facts.items() if name != BIBTEX}


def check_name(name: str, kind: str, place: str = "") -> None:
    """Check that a plugin can be asked for by a name.

    Args:
        name: the name.
        kind: "method" or "data set", for the message.
        place: where it stands, for the message.

    Raises:
        RequestError: it cannot.
    """
    if re.fullmatch(r"[A-Za-z0-9_.-]+", name) is None:
        raise RequestError(
            f"{place}expected the name of a {kind}, found '{name}'; write it with letters from a "
            "to z, digits, _, - and . alone"
        )


class Registry(Generic[T]):
    """The known methods, or the known data sets.

    Args:
        kind: "method" or "data set", for messages.
        folder: the package of the checkout that contains the plugins, such as `methods`.
        group: the entry-point group of plugins in installed packages.
    """

    def __init__(self, kind: str, folder: str, group: str) -> None:
        self.kind = kind
        self.folder = folder
        self.group = group
        self._entries: dict[str, Entry[T]] = {}

    @dataclass_transform(frozen_default=True, field_specifiers=(parameter,))
    def register(self, name: str, **facts: str) -> Callable[[type[T]], type[T]]:
        """Register a class under a name, as a frozen dataclass; used as a decorator.

        Instances check the types and ranges of their parameters.

        Raises:
            RequestError: the name cannot be asked for on the command line, or another file, or
                another class of the file, has registered it.
        """

        def decorate(cls: type[T]) -> type[T]:
            file = Path(inspect.getfile(cls)).resolve()
            self._check_name(name, cls, file)
            own_check = getattr(cls, "__post_init__", None)

            def check(instance: T) -> None:
                check_values(name, instance)
                unify_values(instance)
                if own_check:
                    own_check(instance)

            cls.__post_init__ = check  # type: ignore[attr-defined]
            plugin: type[T] = dataclasses.dataclass(frozen=True)(cls)
            plugin.name = name  # type: ignore[attr-defined]
            self._entries[name] = Entry(name, plugin, file, facts)
            return plugin

        return decorate

    def _check_name(self, name: str, cls: type[T], file: Path) -> None:
        """Check that a class may be registered under a name.

        Raises:
            RequestError: it cannot be a name, or is another plugin's.
        """
        check_name(name, self.kind, f"{file}: ")
        for existing in self._entries.values():
            # Names are folders of results, which some systems compare without case.
            if existing.name.casefold() != name.casefold():
                continue
            other = "" if existing.name == name else f" and '{existing.name}'"
            named = f"two {self.kind}s are named '{name}'{other}"
            if (existing.name, existing.file) != (name, file):
                raise RequestError(f"{named}: {existing.file} and {file}; rename one")
            if _stands_beside(existing.cls, cls):
                raise RequestError(
                    f"{named}: {existing.cls.__name__} and {cls.__name__} in {file}; rename one"
                )

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Forget after the block what it has registered."""
        before = dict(self._entries)
        try:
            yield
        finally:
            self._entries = before

    def entry(self, name: str) -> Entry[T]:
        """Return the entry of a name.

        Raises:
            RequestError: the name is unknown; the message suggests similar ones.
        """
        if name not in self._entries:
            raise unknown(self.kind, name, self._entries)
        return self._entries[name]

    def make(self, reference: str) -> T:
        """Build the plugin that `name[key=value,...]` describes.

        Raises:
            RequestError: the name or a parameter is unknown, a value has another type or range, or
                the class cannot be instantiated.
        """
        name, settings = split_reference(reference, self.kind)
        entry = self.entry(name)
        values = convert(name, entry.cls, settings)
        try:
            return entry.cls(**values)
        except RequestError:
            raise
        except Exception as error:
            raise RequestError(
                f"{self.kind} '{reference}' cannot be built: {type(error).__name__}: {error}; "
                f"correct {entry.file}"
            ) from error

    def label(self, instance: T) -> str:
        """Return an instance's canonical reference, as used in paths and tables."""
        return label(instance.name, instance)  # type: ignore[attr-defined]

    def __iter__(self) -> Iterator[Entry[T]]:
        return iter(self._entries.values())


def _stands_beside(first: type, second: type) -> bool:
    """Return True if two classes have different names in one module; False if it was reloaded."""
    module = sys.modules.get(second.__module__)
    return first.__name__ != second.__name__ and getattr(module, first.__name__, None) is first
