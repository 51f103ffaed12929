"""Import plugins: folders of the checkout, installed packages, and files named with `--plugin`."""

import importlib
import pkgutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any
from weakref import WeakKeyDictionary

from benchmark.errors import RequestError
from benchmark.plugins.isolation import Changes, Contents, process_kept
from benchmark.plugins.modules import execute
from benchmark.plugins.registry import Entry, Registry

# The plugin file of each class that one has registered.
_files: WeakKeyDictionary[type, Path] = WeakKeyDictionary()
# What the import of a file changed in this process.
_changes: dict[Path, list[str]] = {}


def discover(registries: Sequence[Registry[Any]], files: Sequence[Path] = ()) -> None:
    """Import all plugins: of the checkout, of installed packages, and of plugin files.

    In a registry's folder every public module is imported; modules whose name starts with `_`
    are helpers that the others import.

    Args:
        registries: the kinds of plugins to import.
        files: plugin files (`--plugin`), each of which may register in any of the registries.

    Raises:
        RequestError: one of them cannot be imported.
    """
    contents = Contents()
    installed = entry_points()  # once: it reads the files of every installed package
    for registry in registries:
        package = importlib.import_module(registry.folder)
        found = pkgutil.iter_modules(package.__path__)
        for module in sorted(info.name for info in found if not info.ispkg):
            name = f"{registry.folder}.{module}"
            # What is imported runs no code again; comparing the process with itself takes 10 ms.
            if not module.startswith("_") and name not in sys.modules:
                place = f"{registry.folder.replace('.', '/')}/{module}.py"
                with _importing(place, contents) as changed:
                    imported = importlib.import_module(name)
                _remember(imported, changed)
        for point in installed.select(group=registry.group):
            package_name = point.dist.name if point.dist else point.value
            place = f"{registry.kind} '{point.name}' of the package '{package_name}'"
            with _importing(place, contents) as changed:
                point.load()
            _remember(sys.modules.get(point.module), changed)
    for file in files:
        load(file, *registries)


def _remember(module: ModuleType | None, changed: Changes) -> None:
    file = getattr(module, "__file__", None)
    if changed.all and file:
        _changes[Path(file).resolve()] = changed.all


def load(file: Path, *registries: Registry[Any]) -> None:
    """Import one plugin file (`--plugin`); the file is code and runs as such.

    Args:
        file: the plugin.
        registries: where it may register classes.

    Raises:
        RequestError: the file does not exist, cannot be imported, or registers nothing.
    """
    file = file.expanduser().resolve()
    if not file.is_file():
        raise RequestError(f"no plugin file at {file}")
    if file.suffix.lower() != ".py":
        raise RequestError(f"{file} is not a Python file; a plugin's name ends in .py")
    before = {entry.cls for registry in registries for entry in registry}
    with _importing(f"plugin {file}") as changed:
        execute(file)
    _changes[file] = changed.all
    new = [entry.cls for registry in registries for entry in registry if entry.cls not in before]
    if not new:
        *kinds, last = (registry.kind for registry in registries)
        named = f"{', '.join(kinds)} or {last}" if kinds else last
        raise RequestError(f"plugin {file} registers no {named}; decorate a class in it")
    _files.update(dict.fromkeys(new, file))


def origin(registry: Registry[Any], name: str) -> dict[str, str]:
    """Return where a registered class comes from, for `load_origins` in another process.

    Returns:
        `{"file": ...}` for a plugin file, else `{"module": ...}`.

    Raises:
        RequestError: the name is unknown.
    """
    cls = registry.entry(name).cls
    file = _files.get(cls)
    return {"file": str(file)} if file is not None else {"module": cls.__module__}


def load_origins(places: Iterable[Mapping[str, str]], *registries: Registry[Any]) -> None:
    """Import what `origin` returned, and nothing else.

    Raises:
        RequestError: one of them does not exist any more, or cannot be imported.
    """
    contents = Contents()
    for place in places:
        if "file" in place:
            load(Path(place["file"]), *registries)
        elif place["module"] not in sys.modules:
            with _importing(f"module {place['module']}", contents):
                importlib.import_module(place["module"])


def changes(entry: Entry[Any]) -> list[str]:
    """Name what the import of a plugin changed in this process; it was put back at once."""
    return _changes.get(_files.get(entry.cls, entry.file), [])


def all_changes(*registries: Registry[Any]) -> dict[Path, list[str]]:
    """Return `changes` by file, of every file that registered a class and changed something."""
    files = {_files.get(entry.cls, entry.file) for registry in registries for entry in registry}
    return {file: changed for file, changed in _changes.items() if changed and file in files}


@contextmanager
def _importing(what: str, contents: Contents | None = None) -> Iterator[Changes]:
    """Turn any exception of an import, SystemExit too, into a RequestError.

    Args:
        what: is imported.
        contents: shared by imports that follow each other.

    Yields:
        What the import changed in this process, which is put back after the block.
    """
    try:
        with process_kept(contents) as changed:
            yield changed
    except RequestError:
        raise
    except (Exception, SystemExit) as error:
        raise RequestError(
            f"{what} cannot be imported: {type(error).__name__}: {error}; fix or remove it"
        ) from error
