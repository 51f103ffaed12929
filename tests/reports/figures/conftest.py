"""Small scenes and a context to draw."""

from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import settings

from benchmark.tools.images.model import View

if TYPE_CHECKING:
    from reports.figures.drawing.context import FigureContext

# Figures need matplotlib, an optional dependency.
collect_ignore_glob = [] if find_spec("matplotlib") else ["test_*.py", "*/test_*.py"]
# The same examples every time, and none kept on disk.
examples = settings(max_examples=25, deadline=None, database=None, derandomize=True)
METHODS = {"bicubic": "Bicubic", "srcnn": "SRCNN", "mine[x=1]": "Mine [x=1]"}


def view_of(labels: list[str], name: str = "ramp", seed: int = 0) -> View:
    """Make a scene of 36 x 48 pixels and 4 bands with an estimate for each label."""
    generator = np.random.default_rng(seed)
    truth = np.tile(np.linspace(10, 200, 48), (4, 36, 1))
    truth += np.arange(4).reshape(4, 1, 1) * np.linspace(0, 15, 36).reshape(1, 36, 1)
    estimates = {
        label: np.clip(truth + generator.normal(0, 1 + index, truth.shape), 0, 255).astype(np.uint8)
        for index, label in enumerate(labels)
    }
    whole = truth.astype(np.uint8)
    return View(name, (450.0, 500.0, 552.0, 600.0), whole, whole[:, ::3, ::3], estimates, {})


@pytest.fixture
def view() -> View:
    return view_of(list(METHODS))


@pytest.fixture
def context() -> "FigureContext":
    return context_for(METHODS)


def many(number: int) -> dict[str, str]:
    """Return labels and long titles of a number of methods."""
    return {f"m{index}": f"A method of many words, {index}" for index in range(number)}


def context_for(titles: dict[str, str]) -> "FigureContext":
    """Make the context of some methods."""
    from reports.figures.drawing.context import FigureContext
    from reports.figures.drawing.style import MethodStyles

    settings = "protocol wang2017, profile quick, seed 0"
    return FigureContext("CAVE, \N{MULTIPLICATION SIGN}3", settings, MethodStyles(titles))
