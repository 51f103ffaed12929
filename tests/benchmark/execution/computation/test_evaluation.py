"""Cells that are computed in this process: what their warnings say, and what they train on."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from benchmark.data.split import Split
from benchmark.engine.training.checkpoint import NullCheckpointer
from benchmark.engine.training.listener import ProgressListener
from benchmark.engine.training.profiles import Profile
from benchmark.execution.computation.evaluation import compute, train_network
from benchmark.execution.planning.plan import CellPlan
from benchmark.method import METHODS, Inputs, Method, NetworkMethod, Problem, Recipe, State
from tests.benchmark.execution.computation.support import BRIEF, planned
from tests.benchmark.support import CPU, Gain

pytestmark = pytest.mark.usefixtures("registries")

OWN = Profile("own", "", patches=24, patch=24, epochs=0)


class Levels(Method):
    """Estimates grey levels from 0 to 255 of the interpolated image."""

    def upscale(self, low: Tensor, problem: Problem, state: State) -> Tensor:
        return 255 * low


class Integers(Method):
    """Estimates them as integers."""

    def upscale(self, low: Tensor, problem: Problem, state: State) -> Tensor:
        return (255 * low).to(torch.uint8)


class Learner(NetworkMethod):
    """Learns one weight by a recipe of its own, and remembers the ground truths it was shown."""

    recipe = Recipe(optimiser="sgd", lr=0.1, batch_size=4, epochs=1, schedule="constant")
    shown: list[Tensor]

    def network(self, problem: Problem) -> nn.Module:
        return Gain(0.9)

    def loss(self, output: Any, truth: Tensor, inputs: Inputs, problem: Problem) -> Tensor:
        self.shown.append(truth.clone())
        return super().loss(output, truth, inputs, problem)


def made(base: type[Method], **attributes: object) -> Method:
    """Register a method and return it."""
    name = base.__name__.lower()
    cls = type(name, (base,), {"__module__": __name__, **attributes})
    METHODS._entries.pop(name, None)
    return METHODS.register(name)(cls)()


def plan_of(split: Split, method: Method, profile: Profile = BRIEF) -> CellPlan:
    return planned(split, method, profile=profile)


def warnings_of(split: Split, method: Method) -> list[str]:
    """Compute a cell and return the notes that stand under its table."""
    facts, _ = compute(plan_of(split, method), CPU, ProgressListener(), NullCheckpointer())
    warnings: list[str] = facts["warnings"]
    return warnings


def test_an_estimate_from_0_to_255_is_noted(tiny: Split) -> None:
    (note,) = warnings_of(tiny, made(Levels))
    assert note.startswith("estimates are expected in [0, 1], found ")
    assert note.endswith(" % (above 1) of the values were clipped, in 4 of 4 scenes")


def test_an_estimate_from_0_to_1_is_not(tiny: Split) -> None:
    assert warnings_of(tiny, METHODS.make("bicubic")) == []


def test_integers_are_refused_by_name(tiny: Split) -> None:
    with pytest.raises((TypeError, ValueError), match=r"uint8.* expected "):
        warnings_of(tiny, made(Integers))


def test_a_recipe_with_augmentation_trains_on_turned_scenes(tiny: Split) -> None:
    shown: dict[bool, list[Tensor]] = {False: [], True: []}
    keys = set()
    for augment, truths in shown.items():
        recipe = replace(Learner.recipe, augment=augment)
        method = made(Learner, recipe=recipe, shown=truths)
        plan = plan_of(tiny, method, OWN)
        keys.add(plan.key)
        train_network(plan, CPU, ProgressListener(), NullCheckpointer())
    assert len(keys) == 2  # cells of the two are told apart
    plain, turned = (torch.cat(patches) for patches in shown.values())
    assert plain.shape == turned.shape
    same = (plain == turned).flatten(1).all(dim=1).double().mean()
    assert same < 0.5  # about an eighth stays as it is
    assert same > 0
