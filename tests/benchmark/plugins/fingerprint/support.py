"""Packages and plugins that the tests of fingerprints write, import and take apart."""

import importlib
import sys
from pathlib import Path

from benchmark.method import METHODS
from benchmark.plugins.discovery import load
from benchmark.plugins.fingerprint import source_of

PLUGIN = """
from torch import nn

from benchmark.method import NetworkMethod, parameter, register


@register("mine", title="Mine")
class Mine(NetworkMethod):
    maps: int = parameter(default=8, help="feature maps", low=1)

    def network(self, problem):
        return nn.Sequential(nn.Conv2d(problem.bands, self.maps, 3, padding=1), nn.ReLU(),
                             nn.Conv2d(self.maps, problem.bands, 3, padding=1))
"""
OWN = "from benchmark.method import Method\n\nclass Own(Method):\n    pass\n"


def write(folder: Path, files: dict[str, str]) -> None:
    """Write files; the folders of packages get their `__init__.py`."""
    for name, text in files.items():
        file = folder / name
        for above in list(file.relative_to(folder).parents)[:-1]:
            (folder / above).mkdir(parents=True, exist_ok=True)
            (folder / above / "__init__.py").touch()
        file.write_text(text, encoding="utf-8")
    importlib.invalidate_caches()


def imported(name: str) -> type:
    """Import a module and all of its package anew, and give its class `Own`."""
    top = name.partition(".")[0]
    for known in [one for one in sys.modules if one.partition(".")[0] == top]:
        del sys.modules[known]
    cls: type = importlib.import_module(name).Own
    return cls


def plugged(file: Path) -> str:
    """Load a plugin file and give the source of its method `mine`."""
    load(file, METHODS)
    return source_of(METHODS.entry("mine").cls)


def names(text: str) -> list[str]:
    """Return the modules that count."""
    return [line.partition(": ")[0] for line in text.splitlines()]
