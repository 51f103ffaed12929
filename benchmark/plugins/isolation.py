"""Keep the state of this process while foreign code runs: the import of a plugin, or a cell.

It may set what belongs to everybody: the default type of torch, the working
folder, a function of numpy. Other plugins, and the engine, would compute something else then.
"""

import gc
import locale
import os
import random
import signal
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from operator import is_
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from benchmark.plugins.torch_settings import Setting, torch_settings

# Modules, apart from the engine's own, whose functions compute its numbers.
_SHARED = (
    "builtins",
    "hashlib",
    "json",
    "math",
    "random",
    "time",
    "numpy",
    "numpy.fft",
    "numpy.linalg",
    "scipy.ndimage",
    "torch",
    "torch.fft",
    "torch.linalg",
    "torch.nn",
    "torch.nn.functional",
    "torch.nn.init",
    "torch.optim",
)
# Modules of torch whose classes do, with their base classes.
_OF_CLASSES = ("torch.nn", "torch.optim", "torch.optim.lr_scheduler")
_ENGINE = __name__.partition(".")[0]
_NAMES, _BELOW = frozenset({*_SHARED, _ENGINE}), f"{_ENGINE}."
_PLAIN = (bool, int, float, str, tuple)


@dataclass
class Changes:
    """What a block changed of all that could change another plugin's numbers.

    Attributes:
        settings: names of settings.
        functions: names of functions, classes and constants that it replaced.
    """

    settings: list[str] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)

    @property
    def all(self) -> list[str]:
        """All names."""
        return self.settings + self.functions


@contextmanager
def process_kept(contents: "Contents | None" = None) -> Iterator[Changes]:
    """Restore the state of the process after a block.

    Restored are the settings of torch, numpy and Python, the working folder, environment variables,
    random states, and functions of torch, numpy and the engine that were replaced.

    Args:
        contents: shared by blocks that follow each other, with nothing but imports in between.

    Yields:
        What the block changed; complete after it.
    """
    changed = Changes()
    randomness = random.getstate(), np.random.get_state()  # noqa: NPY002 - the global state
    torch = sys.modules.get("torch")
    seeds = torch.get_rng_state() if torch is not None else None
    named = [*_settings(), *torch_settings()]
    settings = [*named, *_common_settings()]
    before = [setting.read() for setting in settings]
    contents = contents or Contents()
    contents.copy()
    with warnings.catch_warnings():
        try:
            yield changed
        finally:
            for number, (setting, value) in enumerate(zip(settings, before, strict=True)):
                if setting.read() != value:
                    setting.write(value)
                    changed.settings += [setting.name] * (number < len(named))
            changed.functions += contents.restore()
            random.setstate(randomness[0])
            np.random.set_state(randomness[1])  # noqa: NPY002
            if torch is not None:
                torch.set_rng_state(seeds)


def _settings() -> list[Setting]:
    """Return the settings of Python and numpy that another plugin's numbers may depend on."""
    return [
        Setting("the working folder", _folder, _set_folder),
        Setting("the recursion limit", sys.getrecursionlimit, sys.setrecursionlimit),
        Setting("numpy's treatment of errors", np.geterr, lambda kept: np.seterr(**kept)),
        Setting("the locale", lambda: locale.setlocale(locale.LC_ALL), _set_locale),
        Setting("the garbage collector", gc.isenabled, _set_gc),
    ]


def _common_settings() -> list[Setting]:
    """Return the settings that many libraries change when they are imported."""
    return [
        Setting("the environment variables", lambda: dict(os.environ), _set_environment),
        Setting("sys.path", lambda: list(sys.path), lambda kept: _set_items(sys.path, kept)),
        Setting("sys.argv", lambda: list(sys.argv), lambda kept: _set_items(sys.argv, kept)),
        *(_of_sys(name) for name in ("stdin", "stdout", "stderr", "excepthook")),
        *(_handler(name) for name in ("SIGINT", "SIGTERM")),
    ]


def _folder() -> str | None:
    with suppress(OSError):  # it was removed
        return str(Path.cwd())
    return None


def _set_folder(place: str | None) -> None:
    if place is not None:
        os.chdir(place)


def _set_locale(name: str) -> None:
    with suppress(locale.Error):  # a name that this system reports and does not accept
        locale.setlocale(locale.LC_ALL, name)


def _set_gc(on: bool) -> None:
    (gc.enable if on else gc.disable)()


def _set_environment(kept: dict[str, str]) -> None:
    for name in set(os.environ) - set(kept):
        del os.environ[name]
    os.environ.update(kept)


def _set_items(items: list[str], kept: list[str]) -> None:
    items[:] = kept


def _of_sys(name: str) -> Setting:
    return Setting(f"sys.{name}", lambda: getattr(sys, name), lambda v: setattr(sys, name, v))


def _handler(name: str) -> Setting:
    number = getattr(signal, name)

    def write(handler: Any) -> None:
        with suppress(ValueError, TypeError):  # outside the main thread; a handler not of Python
            signal.signal(number, handler)

    return Setting(f"the handler of {name}", lambda: signal.getsignal(number), write)


# A module or class, its name, and a copy of what it contains.
_Content = tuple[Any, str, dict[str, Any]]


class Contents:
    """Copies of all modules, classes and tables that compute the engine's numbers.

    Copying takes milliseconds, and a process imports dozens of plugins: the copies are kept as long
    as they are still those of the process.
    """

    def __init__(self) -> None:
        self._modules: dict[str, ModuleType] = {}
        self._functions: list[_Content] = []
        self._constants: list[tuple[Any, str, list[Any]]] = []

    def copy(self) -> None:
        """Copy everything, unless it is the same as when it was copied last."""
        if not self._modules:
            self._modules = _modules()
            self._functions, self._constants = _functions(), _constants()

    def restore(self) -> list[str]:
        """Put back what differs from the copies; return the names."""
        same = self._modules == _modules() and all(
            _is_same(vars(owner), before) for owner, _, before in self._functions
        )
        replaced = [] if same else _restore(self._functions)
        replaced += _restore_constants(self._constants)
        if not same:
            self._modules = {}
        return replaced


def _is_same(now: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Return True if all names are those of before, and stand for the same objects."""
    return list(now) == list(before) and all(map(is_, now.values(), before.values()))


def _functions() -> list[_Content]:
    """Copy the contents of all modules and classes that compute the engine's numbers."""
    owners: list[tuple[Any, str]] = []
    for name, module in _modules().items():
        if name.partition(".")[0] == _ENGINE:
            owners += [(one, f"{name}.{one.__name__}") for one in _classes(module, name)]
        owners.append((module, name))
    torch = sys.modules.get("torch")
    if torch is not None:
        public: dict[type, str] = {torch.Tensor: "torch.Tensor"}
        for name in _OF_CLASSES:
            for one in _classes(sys.modules[name], "torch"):
                public.setdefault(one, f"{name}.{one.__name__}")
        used = dict.fromkeys(base for one in public for base in one.__mro__)
        owners += [
            (one, public.get(one, f"{one.__module__}.{one.__name__}"))
            for one in used
            if one.__module__.startswith("torch")
        ]
    return [(owner, name, dict(vars(owner))) for owner, name in owners]


def _modules() -> dict[str, ModuleType]:
    """Return the imported modules that compute the engine's numbers."""
    return {
        name: module
        for name, module in list(sys.modules.items())
        if (name.startswith(_BELOW) or name in _NAMES) and isinstance(module, ModuleType)
    }


def _classes(module: ModuleType, home: str) -> list[type]:
    """Return the classes in a module that are defined in `home` or a module below it."""
    values = [value for value in vars(module).values() if isinstance(value, type)]
    return [one for one in values if f"{one.__module__}.".startswith(f"{home}.")]


def _restore(contents: list[_Content]) -> list[str]:
    """Put back the functions, classes and constants that were replaced; return their names."""
    replaced = []
    for owner, owners_name, before in contents:
        if isinstance(owner, ModuleType) and sys.modules.get(owners_name) is not owner:
            sys.modules[owners_name] = owner
            replaced.append(f"sys.modules['{owners_name}']")
        now = vars(owner)
        changed = [key for key, value in before.items() if now.get(key) is not value]
        hiding = _hiding(owner, before) if isinstance(owner, type) else []
        for key in changed:
            value = before[key]
            own = owners_name.partition(".")[0] == _ENGINE and isinstance(value, _PLAIN)
            if (own or _is_code(value)) and not _is_own_wrapper(now.get(key), owners_name):
                setattr(owner, key, value)
                replaced.append(f"{owners_name}.{key}")
        for key in hiding:
            if not _is_own_wrapper(now[key], owners_name):
                delattr(owner, key)
                replaced.append(f"{owners_name}.{key}")
    return replaced


def _constants() -> list[tuple[Any, str, list[Any]]]:
    """Return the tables of the engine, such as its profiles: each with its name and its items."""
    return [
        (value, f"{name}.{key}", _items(value))
        for name, module in _modules().items()
        if name.partition(".")[0] == _ENGINE
        for key, value in list(vars(module).items())
        if key.isupper() and isinstance(value, dict | list | set)
    ]


def _restore_constants(constants: list[tuple[Any, str, list[Any]]]) -> list[str]:
    """Put back the items of tables that were changed; return their names."""
    changed = []
    for table, name, before in constants:
        now = _items(table)
        if len(now) != len(before) or any(a is not b for a, b in zip(now, before, strict=True)):
            table.clear()
            add = table.extend if isinstance(table, list) else table.update
            add(zip(before[::2], before[1::2], strict=True) if isinstance(table, dict) else before)
            changed.append(name)
    return changed


def _items(table: Any) -> list[Any]:
    """Return the items of a table; of a dictionary, keys and values in turn."""
    if isinstance(table, dict):
        return [part for item in table.items() for part in item]
    return list(table)


def _hiding(cls: type, before: Mapping[str, Any]) -> list[str]:
    """Return the names that were added to a class and hide functions of its base classes."""
    added = [key for key in vars(cls) if key not in before]
    bases = [vars(base) for base in cls.__mro__[1:]]
    return [key for key in added if any(_is_code(base.get(key)) for base in bases)]


def _is_code(value: Any) -> bool:
    return callable(value) or isinstance(value, property | staticmethod | classmethod)


def _is_own_wrapper(value: Any, owner: str) -> bool:
    """Return True for a function that a library has put in the place of its own one."""
    code = getattr(value, "__code__", None)
    home = getattr(sys.modules.get(owner.partition(".")[0]), "__file__", None)
    if code is None or home is None:
        return False
    return Path(home).parent in Path(code.co_filename).parents
