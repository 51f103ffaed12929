"""Fingerprint of a method or a data set: the source that its numbers depend on."""

import ast
import builtins
import hashlib
import importlib.util
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from glob import escape
from importlib.machinery import SOURCE_SUFFIXES, ModuleSpec
from pathlib import Path
from types import ModuleType
from weakref import WeakKeyDictionary

from benchmark import CHECKOUT
from benchmark.errors import RequestError
from benchmark.plugins import modules
from benchmark.plugins.reads import file_digests
from benchmark.plugins.syntax import ENGINE, canonical

# Versioned elsewhere: by the engine's numerics, and in the environment of every cell.
_OUTSIDE = frozenset({ENGINE, "torch"})


@dataclass(frozen=True)
class _Content:
    """The canonical text of a module, its imports as (module, name or ""), and its data files.

    A data file is its path below the module's folder and its SHA-256, separated by a space.
    """

    text: str
    imports: tuple[tuple[str, str], ...] = ()
    data: tuple[str, ...] = ()


# What the numbers of a class without a source file depend on; see `declare`.
_declared: WeakKeyDictionary[type, str] = WeakKeyDictionary()
# The content of an imported module, as it was at the first request.
_kept: WeakKeyDictionary[ModuleType, tuple[ModuleSpec | None, _Content]] = WeakKeyDictionary()


def declare(cls: type, text: str) -> None:
    """Take a text for the source of a class that has none of its own, for `source_of`.

    Args:
        cls: a class of the engine's, made for an object of a notebook.
        text: the same only for classes that compute the same.
    """
    _declared[cls] = text


def source_of_module(name: str) -> str:
    """Return the canonical text of a module and of what it imports, as `source_of` does.

    Args:
        name: of a module that can be imported.

    Raises:
        RequestError: it has no source file, or one that is not valid Python.
    """
    file = _file(name)
    if file is None:
        raise RequestError(f"the module {name} has no source file; put it into a .py file")
    return _text(_reached([(name, file)], {CHECKOUT, file.resolve().parent}))


def is_outside(module: str) -> bool:
    """Return True for modules of the engine, of torch, of Python and of installed packages."""
    top = module.partition(".")[0]
    if top in _OUTSIDE or top in sys.stdlib_module_names:
        return True
    # `__main__` has what a notebook defines, whatever file the process was started with.
    file = _file(top) if top not in ("", "__main__") else None
    return file is not None and bool({"site-packages", "dist-packages"} & set(file.parts))


def source_of(cls: type) -> str:
    """Return the canonical text of all source that a method's, or a data set's, numbers depend on.

    These modules are included, each once:

    - the modules of the class and of its base classes;
    - the imports of an included module, at its top or anywhere inside, if they are of the same
      top-level package, beside a plugin file, or in the checkout. `from x import y` includes the
      module x.y if there is one, else x.

    Data files beside a module are included by their SHA-256 if the module names them in a text,
    and its own place (`__file__`, `importlib.resources`): `"weights.npz"`,
    `f"weights_x{scale}.npz"`, also in a subfolder that it names. So are the files below a plugin
    file's folder that are read while it is imported.

    The engine, torch, the standard library and other installed packages are not included. Nor is
    what cannot be read off the source: environment variables, files elsewhere, files with computed
    names that are read later, and modules imported by `importlib.import_module`. A compiled module
    is represented by the SHA-256 of its file.

    Nothing is imported here: the text is read from the file of a module at the first request, and
    kept as long as the imported module lives. Editing a file during a run thus changes neither the
    code that runs nor this text. An edit between the import and the first call would go unnoticed,
    as Python does not keep the source; call this right after importing.

    Args:
        cls: the class of a method or a data set.

    Returns:
        Names and texts (`benchmark.plugins.syntax`) in the order of the names, the same on every
        machine and in every folder. A plugin file goes by its own name without `.py`.

    Raises:
        RequestError: the class was defined in a notebook or prompt and has no source file, or a
            file was removed or is not valid Python any more.
    """
    declared = next((_declared[base] for base in cls.__mro__ if base in _declared), None)
    return _text(_modules_of(cls)) if declared is None else declared


def _text(included: Iterable[tuple[str, Path, _Content]]) -> str:
    """Return the canonical text of modules, given by name, file and content."""
    texts: list[tuple[str, str]] = []
    reads: set[str] = set()
    for name, _, content in included:
        reads.update(modules.files_read(name))
        texts.append((_label(name), content.text))
    lines = [f"{label}: {text}" for label, text in sorted(texts)]
    return "\n".join([*lines, *sorted(reads)])


def files_of(cls: type) -> list[Path]:
    """Return the files whose content `source_of` has: modules, and the data files beside them.

    Raises:
        RequestError: as of `source_of`.
    """
    found: dict[Path, None] = {}
    for name, file, content in _modules_of(cls):
        plugin = modules.plugin_file(name)
        read = modules.files_read(name) if plugin else []
        folders = [(file.parent, content.data), (plugin.parent if plugin else file.parent, read)]
        paths = [folder / line.rpartition(" ")[0] for folder, data in folders for line in data]
        found |= dict.fromkeys(path.resolve() for path in (file, *paths))
    return list(found)


def _modules_of(cls: type) -> Iterator[tuple[str, Path, _Content]]:
    """Yield name, file and content of the modules that `source_of` includes, each once."""
    beside = {CHECKOUT}
    waiting: list[tuple[str, Path]] = []
    for base in cls.__mro__:
        if _foreign(base):
            continue
        name = base.__module__
        file = _file(name)
        if file is None:
            raise RequestError(
                f"the class {base.__qualname__} (in {name}) has no source file, so its "
                "results could not be distinguished from those of another version; put it into a "
                ".py file and name that with --plugin"
            )
        waiting.append((name, file))
        if _label(name) != name:
            beside.add(file.resolve().parent)
        beside.update(Path(folder).resolve() for folder in modules.added_folders(name))
    yield from _reached(waiting, beside)


def _reached(
    waiting: list[tuple[str, Path]], beside: set[Path]
) -> Iterator[tuple[str, Path, _Content]]:
    """Yield name, file and content of modules and of what they import, each once.

    Args:
        waiting: name and file of each module; emptied here.
        beside: the folders whose modules are included where they are imported.
    """
    seen: set[Path] = set()
    while waiting:
        name, file = waiting.pop()
        if file.resolve() in seen:
            continue
        seen.add(file.resolve())
        content = _content(name, file)
        yield name, file, content
        for target in dict.fromkeys(_target(name, *names) for names in content.imports):
            place = _file(target)
            if place is not None and _belongs(target, place.resolve(), name, beside):
                waiting.append((target, place))


def _foreign(base: type) -> bool:
    top = base.__module__.partition(".")[0]
    if top == "builtins":  # also the module of a class that was created by a bare `exec`
        return getattr(builtins, base.__name__, None) is base
    return top in _OUTSIDE or top in sys.stdlib_module_names


def _belongs(name: str, place: Path, importer: str, beside: Iterable[Path]) -> bool:
    """Return True if an import of an included module is to be included too."""
    top = name.partition(".")[0]
    return top == importer.partition(".")[0] or any(
        place.parent == folder or folder / top in place.parents for folder in beside
    )


def _target(importer: str, origin: str, name: str) -> str:
    """Return the module that `from origin import name` loads in a module."""
    origin = modules.beside(importer, origin) or origin
    inner = f"{origin}.{name}"
    return inner if name and _located(inner) != (None, None) else origin


def _located(name: str) -> tuple[str | None, Iterable[str] | None]:
    """Find a module without importing it: its file, and the folders of a package's modules."""
    module = sys.modules.get(name)
    if module is not None:
        return getattr(module, "__file__", None), getattr(module, "__path__", None)
    above = name.rpartition(".")[0]
    folders = _located(above)[1] if above else None
    if above and folders is None:
        return None, None
    # Not importlib.util.find_spec: that imports the packages above.
    for finder in sys.meta_path:
        spec = finder.find_spec(name, None if folders is None else list(folders))
        if spec is not None:
            return spec.origin if spec.has_location else None, spec.submodule_search_locations
    return None, None


def _file(name: str) -> Path | None:
    place = _located(name)[0]
    return Path(place).absolute() if place else None


def _label(name: str) -> str:
    """Return a module's name, or its file's if it was imported from a path (`--plugin`)."""
    above, dot, last = name.rpartition(".")
    plugin = modules.plugin_file(name)
    if dot and plugin is not None and plugin.name != "__init__.py":
        return name.partition(".")[2]  # the same, whichever plugin it is imported by
    file = _file(name)
    if file is not None:
        package = file.name.startswith("__init__.")
        if last != (file.parent.name if package else file.name.partition(".")[0]):
            return file.stem
    return f"{_label(above)}.{last}" if dot else last


def _content(name: str, file: Path) -> _Content:
    """Return the content of a module, read once for each import of it."""
    module = sys.modules.get(name)
    spec = getattr(module, "__spec__", None)  # replaced by `importlib.reload`
    kept = _kept.get(module) if module is not None else None
    if kept is not None and kept[0] is spec:
        return kept[1]
    try:
        data = file.read_bytes()
        if file.suffix.lower() in SOURCE_SUFFIXES:
            tree = ast.parse(data)
            package = name if _located(name)[1] is not None else name.rpartition(".")[0]
            files = tuple(_data_files(tree, file.parent))
            text = " ".join([canonical(tree), *files])
            content = _Content(text, tuple(_imports(tree, package)), files)
        else:
            content = _Content(f"compiled {hashlib.sha256(data).hexdigest()}")
    except (OSError, SyntaxError, ValueError) as error:  # ValueError: null bytes, before 3.11.4
        raise RequestError(
            f"{file} was imported and cannot be read again: {error}; it was edited or moved "
            "meanwhile: fix it and start again"
        ) from error
    if module is not None:
        _kept[module] = spec, content
    return content


def _data_files(tree: ast.Module, folder: Path) -> list[str]:
    """Return name and SHA-256 of the files below a folder that a module names in its texts."""
    located = any(_is_own_place(node) for node in ast.walk(tree))
    if not located:  # a bare name belongs to the working folder, and is often written to
        return []
    patterns = {_pattern(node) for node in ast.walk(tree)}
    found: set[Path] = set()
    places = [folder]
    for pattern in sorted(patterns - {""}):
        # ValueError and NotImplementedError: not a pattern; OSError: a name that is too long.
        with suppress(OSError, ValueError, NotImplementedError):
            places += [place for place in folder.glob(pattern) if place.is_dir()]
    for place in places:
        for pattern in patterns - {""}:
            with suppress(OSError, ValueError, NotImplementedError):
                found |= {file for file in place.glob(pattern) if file.is_file()}
    return file_digests(folder, iter(found))


def _is_own_place(node: ast.AST) -> bool:
    """Return True for the names by which a module finds the files beside it."""
    names = {getattr(node, "id", None), getattr(node, "attr", None), getattr(node, "name", None)}
    return bool(names & {"__file__", "resources", "importlib.resources", "get_data"})


def _pattern(node: ast.AST) -> str:
    """Return a glob pattern for a text, or an f-string, that may name a file; else ""."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    text = "".join(
        escape(part.value)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
        else "*"
        for part in parts
        if isinstance(part, ast.Constant | ast.FormattedValue)
    )
    plain = not Path(text).is_absolute() and ".." not in Path(text).parts
    named = bool(text.strip("*./")) and len(text) < 256 and text.isprintable() and plain
    return text if named else ""


def _imports(tree: ast.Module, package: str) -> Iterator[tuple[str, str]]:
    """Yield the imports of a module outside `_OUTSIDE`, with relative names resolved."""
    for node in ast.walk(tree):
        names: list[tuple[str, str]] = []
        if isinstance(node, ast.Import):
            names = [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            relative = "." * node.level + (node.module or "")
            # A name beyond the top of its package cannot have been imported.
            with suppress(ImportError):
                origin = importlib.util.resolve_name(relative, package)
                names = [(origin, alias.name) for alias in node.names]
        yield from (pair for pair in names if pair[0].partition(".")[0] not in _OUTSIDE)
