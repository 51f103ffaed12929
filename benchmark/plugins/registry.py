"""Names to classes: how methods and data sets are found.

One `Registry` holds the methods, another the data sets. A class gets in through the registry's
decorator; the module that holds it is imported from a folder of the checkout, from a file that
the user names (`--plugin`), or through an entry point of an installed package.
"""

import dataclasses
import difflib
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Generic, TypeVar, dataclass_transform

from benchmark.errors import RequestError, listed
from benchmark.plugins.parameters import convert, label, parameter, split_reference

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Entry(Generic[T]):
    """A registered class: its name, where it was defined, and what is said about it."""

    name: str
    cls: type[T]
    file: Path
    facts: dict[str, str]


class Registry(Generic[T]):
    """The known methods, or the known data sets.

    Args:
        kind: "method" or "data set", as messages call it.
        folder: the package of the checkout that holds them, like `methods`.
        group: the entry-point group that installed packages announce theirs in.
    """

    def __init__(self, kind: str, folder: str, group: str) -> None:
        self.kind = kind
        self.folder = folder
        self.group = group
        self._entries: dict[str, Entry[T]] = {}

    @dataclass_transform(frozen_default=True, field_specifiers=(parameter,))
    def register(self, name: str, **facts: str) -> Callable[[type[T]], type[T]]:
        """Decorate a class so that it can be asked for by name; makes it a frozen dataclass.

        Raises:
            RequestError: the name is taken by another file.
        """

        def keep(cls: type[T]) -> type[T]:
            made: type[T] = dataclasses.dataclass(frozen=True)(cls)
            file = Path(inspect.getfile(cls)).resolve()
            there = self._entries.get(name)
            if there is not None and there.file != file:
                raise RequestError(
                    f"two {self.kind}s are named '{name}': {there.file} and {file}; rename one"
                )
            made.name = name  # type: ignore[attr-defined]
            self._entries[name] = Entry(name, made, file, facts)
            return made

        return keep

    def entry(self, name: str) -> Entry[T]:
        """Look a name up.

        Raises:
            RequestError: it is not registered; the nearest names are given.
        """
        if name not in self._entries:
            near = difflib.get_close_matches(name, self._entries, 3, 0.5)
            guess = f"did you mean {' or '.join(near)}? " if near else ""
            raise RequestError(
                f"unknown {self.kind} '{name}'; {guess}known: {listed(self._entries, 30)}"
            )
        return self._entries[name]

    def make(self, reference: str) -> T:
        """Build what `name[key=value,...]` asks for.

        Raises:
            RequestError: unknown name, unknown or ill-typed parameter.
        """
        name, settings = split_reference(reference, self.kind)
        cls = self.entry(name).cls
        return cls(**convert(name, cls, settings))

    def label(self, instance: T) -> str:
        """Give an instance's canonical reference, as used in paths and tables."""
        return label(instance.name, instance)  # type: ignore[attr-defined]

    def __iter__(self) -> Iterator[Entry[T]]:
        return iter(self._entries.values())
