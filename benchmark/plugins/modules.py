"""Import a plugin file as a package of its own, whose modules are the files beside it.

`import helper` in a plugin file imports `helper.py` from the plugin's folder, as it does in a
script. It becomes a submodule of the plugin, so that two plugins with different files of one name
do not share them, and the folder is not added to `sys.path`.
"""

import builtins
import hashlib
import importlib
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmark import CHECKOUT
from benchmark.plugins.reads import recorded

# Names that never mean a file beside the plugin.
_RESERVED = frozenset(
    {*sys.stdlib_module_names, "benchmark", "datasets", "methods", "reports", "torch", "numpy"}
)
# By the name of a plugin's package: its file, `sys.path` before its import, and what it has added.
_files: dict[str, Path] = {}
_paths: dict[str, list[str]] = {}
_added: dict[str, list[str]] = {}
# Name and SHA-256 of the data files that were read during its import.
_reads: dict[str, list[str]] = {}


def execute(file: Path) -> ModuleType:
    """Import a plugin file, anew at each call; its code runs.

    Raises:
        Exception: whatever its code raises.
    """
    digest = hashlib.sha256(os.fsencode(file)).hexdigest()[:8]
    name = f"plugin_{re.sub(r'[^A-Za-z0-9_]', '_', file.stem)}_{digest}"
    _forget(name)
    importlib.invalidate_caches()  # files may have been written a moment ago
    loader = _Loader(name, str(file))
    spec = ModuleSpec(name, loader, origin=str(file))
    spec.has_location = True
    spec.submodule_search_locations = [str(file.parent)]
    _files[name], _paths[name], _added[name] = file, list(sys.path), []
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        with recorded(file.parent) as read:
            loader.exec_module(module)
        _reads[name] = read
        added_folders(name)
    except BaseException:
        _forget(name)
        raise
    return module


def _forget(name: str) -> None:
    for known in [one for one in sys.modules if one.partition(".")[0] == name]:
        del sys.modules[known]


def plugin_file(module: str) -> Path | None:
    """Return the plugin file that a module was imported from or with; None for other modules."""
    return _files.get(module.partition(".")[0])


def files_read(module: str) -> list[str]:
    """Return name and SHA-256 of the data files read during the import of a module's plugin."""
    return _reads.get(module.partition(".")[0], [])


def added_folders(module: str) -> list[str]:
    """Return the folders that the plugin file of a module has added to `sys.path`."""
    package = module.partition(".")[0]
    if package not in _files:
        return []
    added = _added[package]
    added += [path for path in sys.path if path not in _paths[package] and path not in added]
    return added


def beside(importer: str, name: str) -> str | None:
    """Find a module beside a plugin file, without importing it.

    Args:
        importer: the name of the importing module.
        name: what it imports, such as `helper` or `helpers.blocks`.

    Returns:
        Its full name; None if the importer does not belong to a plugin file, or there is no such
        file. A folder without `__init__.py` counts if no other module has its name; a folder that
        the plugin has added to `sys.path` counts if it is inside the plugin's, or if another module
        of the name was imported from elsewhere.
    """
    package, top = importer.partition(".")[0], name.partition(".")[0]
    file = _files.get(package)
    if file is None or not top or top in _RESERVED or file.parent == CHECKOUT:
        return None
    for folder in (str(file.parent), *added_folders(importer)):
        spec = PathFinder.find_spec(top, [folder])
        if spec is None or not _is_private(spec, file, folder):
            continue
        if spec.origin is not None and Path(spec.origin) == file:
            return f"{package}{name.removeprefix(top)}"
        return f"{package}.{name}"
    return None


def _is_private(spec: ModuleSpec, file: Path, folder: str) -> bool:
    """Return True if a module that a plugin file finds in a folder is to be its own."""
    if spec.origin is None:  # a folder without __init__.py
        return not (spec.name in sys.modules or _is_found(spec.name))
    if file.parent in (Path(folder), *Path(folder).parents):
        return True
    # A folder elsewhere, which the plugin has added to `sys.path`: two plugins may have added two
    # folders with different modules of one name.
    known = getattr(sys.modules.get(spec.name), "__file__", None)
    return known is not None and Path(known) != Path(spec.origin)


def _is_found(name: str) -> bool:
    return any(finder.find_spec(name, None) is not None for finder in sys.meta_path)


class _Loader(SourceFileLoader):
    """Loads a plugin file or a module beside it."""

    def path_stats(self, path: str) -> Mapping[str, Any]:
        # Compiles the source each time: bytecode is matched by size and whole seconds only.
        raise OSError

    def exec_module(self, module: ModuleType) -> None:
        # Python looks up `__import__` here, also for imports inside functions.
        vars(module)["__builtins__"] = {**vars(builtins), "__import__": _import}
        super().exec_module(module)


class _Finder(MetaPathFinder):
    """Finds the modules beside plugin files."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package = fullname.partition(".")[0]
        if path is None or package not in _files:
            return None
        if fullname.count(".") == 1:
            path = [*path, *added_folders(package)]
        spec = PathFinder.find_spec(fullname, path)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(fullname, spec.loader.path)
        return spec


sys.meta_path.insert(0, _Finder())


def _import(
    name: str,
    globals: Mapping[str, Any] | None = None,  # noqa: A002 - as of `__import__`
    locals: Mapping[str, Any] | None = None,  # noqa: A002
    fromlist: Sequence[str] | None = (),
    level: int = 0,
) -> ModuleType:
    """Import as Python does, but prefer modules beside the plugin file."""
    importer = str((globals or {}).get("__name__", ""))
    full = beside(importer, name) if level == 0 else None
    if full is None:
        with _with_folders(added_folders(importer)):
            return builtins.__import__(name, globals, locals, fromlist or (), level)
    if fromlist:
        return builtins.__import__(full, globals, locals, fromlist)
    importlib.import_module(full)
    depth = name.count(".")
    return sys.modules[full.rsplit(".", depth)[0] if depth else full]


@contextmanager
def _with_folders(folders: Iterable[str]) -> Iterator[None]:
    """Add folders to `sys.path` inside a block."""
    missing = [folder for folder in folders if folder not in sys.path]
    sys.path.extend(missing)
    try:
        yield
    finally:
        for folder in missing:
            if folder in sys.path:
                sys.path.remove(folder)
