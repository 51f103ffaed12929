"""Import plugins: folders of the checkout, installed packages, and files named with `--plugin`."""

import hashlib
import importlib
import importlib.machinery
import importlib.util
import os
import pkgutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from benchmark.errors import RequestError
from benchmark.plugins.registry import Registry


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
    for registry in registries:
        package = importlib.import_module(registry.folder)
        for module in sorted(info.name for info in pkgutil.iter_modules(package.__path__)):
            if not module.startswith("_"):
                with _importing(f"{registry.folder}/{module}.py"):
                    importlib.import_module(f"{registry.folder}.{module}")
        for point in entry_points(group=registry.group):
            package_name = point.dist.name if point.dist else point.value
            with _importing(f"{registry.kind} '{point.name}' of the package '{package_name}'"):
                point.load()
    for file in files:
        load(file, *registries)


class _Fresh(importlib.machinery.SourceFileLoader):
    """Compiles the source each time: cached bytecode is matched by size and whole seconds only."""

    def path_stats(self, path: str) -> Any:
        raise OSError


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
    if file.suffix != ".py":
        raise RequestError(f"{file} is not a Python file; a plugin's name ends in .py")
    digest = hashlib.sha256(os.fsencode(file)).hexdigest()[:8]
    module_name = f"plugin_{file.stem}_{digest}"
    loader = _Fresh(module_name, str(file))
    spec = importlib.machinery.ModuleSpec(module_name, loader, origin=str(file))
    spec.has_location = True
    if file.name == "__init__.py":
        spec.submodule_search_locations = [str(file.parent)]
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    before = [len(list(registry)) for registry in registries]
    with _importing(f"plugin {file}"):
        loader.exec_module(module)
    registered = any(entry.file == file for registry in registries for entry in registry)
    if not registered and before == [len(list(registry)) for registry in registries]:
        kinds = " and no ".join(registry.kind for registry in registries)
        raise RequestError(f"plugin {file} registers no {kinds}; decorate a class in it")


@contextmanager
def _importing(what: str) -> Iterator[None]:
    """Turn any exception of an import, SystemExit too, into a RequestError."""
    try:
        yield
    except RequestError:
        raise
    except (Exception, SystemExit) as error:
        raise RequestError(
            f"{what} cannot be imported: {type(error).__name__}: {error}; fix or remove it"
        ) from error
