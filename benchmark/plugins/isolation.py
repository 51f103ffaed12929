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
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.plugins.torch_settings import Setting, torch_settings

# Modules, apart from the engine's own, whose functions compute its numbers.
_SHARED = (
    "builtins",
    "math",
    "random",
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
# Classes of torch whose methods do.
_CLASSES = ("Tensor", "nn.Module", "nn.Conv2d", "nn.Conv3d", "optim.Adam", "optim.SGD")
_ENGINE = __name__.partition(".")[0]
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
def process_kept() -> Iterator[Changes]:
    """Restore the state of the process after a block.

    Restored are the settings of torch, numpy and Python, the working folder, environment variables,
    random states, and functions of torch, numpy and the engine that were replaced.

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
    functions = _functions()
    with warnings.catch_warnings():
        try:
            yield changed
        finally:
            for number, (setting, value) in enumerate(zip(settings, before, strict=True)):
                if setting.read() != value:
                    setting.write(value)
                    changed.settings += [setting.name] * (number < len(named))
            changed.functions += _restore(functions)
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
        *(_of_sys(name) for name in ("argv", "stdin", "stdout", "stderr", "excepthook")),
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


def _functions() -> list[_Content]:
    """Copy the contents of all modules and classes that compute the engine's numbers."""
    owners: list[tuple[Any, str]] = []
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == _ENGINE:
            classes = [value for value in vars(module).values() if isinstance(value, type)]
            owners += [(one, f"{name}.{one.__name__}") for one in classes if one.__module__ == name]
            owners.append((module, name))
        elif name in _SHARED:
            owners.append((module, name))
    torch = sys.modules.get("torch")
    for path in _CLASSES if torch is not None else ():
        owner: Any = torch
        for part in path.split("."):
            owner = getattr(owner, part)
        owners.append((owner, f"torch.{path}"))
    return [(owner, name, dict(vars(owner))) for owner, name in owners]


def _restore(contents: list[_Content]) -> list[str]:
    """Put back the functions, classes and constants that were replaced; return their names."""
    replaced = []
    for owner, owners_name, before in contents:
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
