"""Small scenes and rosters to draw."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from reports.figures.drawing.style import Roster
    from reports.figures.drawing.text import Heading

# The same examples every time, and none kept on disk.
examples = settings(max_examples=25, deadline=None, database=None, derandomize=True)
METHODS = {"bicubic": "Bicubic", "srcnn": "SRCNN", "mine[x=1]": "Mine [x=1]"}


@dataclass(frozen=True)
class Scene:
    """A view of noise about a ramp, the same every time."""

    scene: str
    wavelengths: tuple[float, ...]
    truth: np.ndarray
    low: np.ndarray
    estimates: dict[str, np.ndarray]
    left_out: dict[str, str] = field(default_factory=dict)


def scene_of(labels: list[str], name: str = "ramp", seed: int = 0) -> Scene:
    """Make a scene of 36 x 48 pixels and 4 bands with an estimate for each label."""
    generator = np.random.default_rng(seed)
    truth = np.tile(np.linspace(10, 200, 48), (4, 36, 1))
    truth += np.arange(4).reshape(4, 1, 1) * np.linspace(0, 15, 36).reshape(1, 36, 1)
    estimates = {
        label: np.clip(truth + generator.normal(0, 1 + index, truth.shape), 0, 255).astype(np.uint8)
        for index, label in enumerate(labels)
    }
    whole = truth.astype(np.uint8)
    return Scene(name, (450.0, 500.0, 552.0, 600.0), whole, whole[:, ::3, ::3], estimates)


@pytest.fixture
def scene() -> Scene:
    return scene_of(list(METHODS))


@pytest.fixture
def scenes() -> Callable[..., Scene]:
    return scene_of


@pytest.fixture
def roster() -> "Roster":
    from reports.figures.drawing.style import Roster

    return Roster(METHODS)


@pytest.fixture
def heading() -> "Heading":
    from reports.figures.drawing.text import Heading

    return Heading("CAVE", 3, "protocol wang2017, profile quick, seed 0")
