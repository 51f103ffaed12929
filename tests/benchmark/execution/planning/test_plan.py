"""Cells of a request, and the key: what it sees and what it does not."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from benchmark.data.split import SceneSet, Split
from benchmark.engine.training import profiles
from benchmark.engine.training.profiles import Profile
from benchmark.errors import RequestError
from benchmark.execution.planning import plan
from benchmark.execution.planning.plan import CellPlan, plan_cells
from benchmark.execution.planning.request import Experiment
from benchmark.method import METHODS, Method, Problem, State
from benchmark.plugins.discovery import load
from benchmark.protocol import GaussianDecimation, Protocol
from tests.benchmark.support import EIGHT_BIT, FLOAT, variant

QUICK = profiles.get("quick")

PLUGIN = """
from torch import Tensor, nn

from benchmark.method import NetworkMethod, Problem, parameter, register


@register("mine", title="Mine")
class Mine(NetworkMethod):
    maps: int = parameter(default=8, help="maps", low=1)

    def network(self, problem: Problem) -> nn.Module:
        return nn.Sequential(nn.Conv2d(problem.bands, self.maps, 3, padding=1), nn.ReLU(),
                             nn.Conv2d(self.maps, problem.bands, 3, padding=1))
"""

Load = Callable[[str], Method]


@pytest.fixture
def mine(registries: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Return a function that loads a plugin's text as the method `mine`."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def made(text: str) -> Method:
        file = tmp_path / "mine.py"
        file.write_text(text, encoding="utf-8")
        load(file, METHODS)
        return METHODS.make("mine")

    return made


def plan_of(
    split: Split,
    method: Method,
    *,
    protocol: Protocol = EIGHT_BIT,
    by: Profile = QUICK,
    scale: int = 2,
    seed: int = 0,
) -> CellPlan:
    """Plan one cell."""
    (plan,) = plan_cells(split, Experiment(protocol, by, (scale,), (method,), (seed,)))
    return plan


def addresses(made: Sequence[CellPlan]) -> list[tuple[int, str, int]]:
    """Return scale, method and seed of every cell."""
    return [(plan.address.scale, plan.address.method, plan.address.seed) for plan in made]


def test_every_scale_method_and_seed_has_a_cell(tiny: Split) -> None:
    methods = [METHODS.make(name) for name in ("bicubic", "wiener[joint=true]", "srcnn")]
    made = plan_cells(tiny, Experiment(EIGHT_BIT, QUICK, (2, 4), tuple(methods), (0, 7)))
    expected = [
        (scale, method, seed)
        for scale in (2, 4)
        for method, seeds in (("bicubic", [0]), ("wiener[joint=true]", [0]), ("srcnn", [0, 7]))
        for seed in seeds
    ]
    assert addresses(made) == expected
    assert len({plan.key for plan in made}) == len(made)
    assert {plan.address.dataset for plan in made} == {tiny.label}
    assert {(plan.address.protocol, plan.address.profile) for plan in made} == {
        ("wang2017", "quick")
    }


def test_a_method_that_draws_nothing_has_seed_0_whatever_the_seeds(tiny: Split) -> None:
    made = plan_cells(tiny, Experiment(EIGHT_BIT, QUICK, (2,), (METHODS.make("wiener"),), (3, 4)))
    assert addresses(made) == [(2, "wiener", 0)]


def test_the_same_request_has_the_same_keys(tiny: Split) -> None:
    first, second = (plan_of(tiny, METHODS.make("proposed")).key for _ in range(2))
    assert first == second
    assert len(first) == 64


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "# a comment\n" + text.replace("maps: int", "maps:   int"),
        lambda text: '"""A docstring."""\n' + text,
        lambda text: text.replace(
            "class Mine(NetworkMethod):", 'class Mine(NetworkMethod):\n    """About it."""\n'
        ),
        lambda text: text.replace("nn.Module:\n", 'nn.Module:\n        """Build."""\n'),
        lambda text: text.replace('"mine"', "'mine'").replace("(bands, ", "(\n bands,\n "),
        lambda text: text.replace("\n\n", "\n\n\n\n") + "\n# the end\n",
    ],
    ids=["comment", "module docstring", "class docstring", "docstring", "format", "lines"],
)
def test_the_key_does_not_see_comments_docstrings_or_format(
    tiny: Split, mine: Load, change: Callable[[str], str]
) -> None:
    before = plan_of(tiny, mine(PLUGIN)).key
    assert change(PLUGIN) != PLUGIN
    assert plan_of(tiny, mine(change(PLUGIN))).key == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("self.maps, 3, padding=1)", "self.maps, 5, padding=2)"),
        ("nn.ReLU()", "nn.Tanh()"),
        ("default=8", "default=9"),
        ("class Mine(NetworkMethod):", "class Mine(NetworkMethod):\n    bandwise = True"),
    ],
)
def test_the_key_sees_the_methods_source(tiny: Split, mine: Load, old: str, new: str) -> None:
    before = plan_of(tiny, mine(PLUGIN)).key
    assert plan_of(tiny, mine(PLUGIN.replace(old, new))).key != before


@pytest.mark.parametrize(
    "changes",
    [
        {"scale": 3},
        {"seed": 1},
        {"protocol": FLOAT},
        {"protocol": variant(EIGHT_BIT, down=GaussianDecimation(2.0))},
        {"protocol": variant(EIGHT_BIT, version=2)},
        {"protocol": variant(EIGHT_BIT, crops=True)},
        {"protocol": variant(EIGHT_BIT, scored_levels=None)},
        {"by": profiles.get("standard")},
        {"by": replace(QUICK, patches=7)},
        {"by": replace(QUICK, batch=QUICK.batch + 1)},
        {"by": profiles.get("paper")},
    ],
    ids=str,
)
def test_the_key_sees_the_cell(tiny: Split, changes: dict[str, Any]) -> None:
    method = METHODS.make("srcnn")
    assert plan_of(tiny, method, **changes).key != plan_of(tiny, method).key


def test_the_key_sees_parameters_and_the_method(tiny: Split) -> None:
    references = ["srcnn", "srcnn[middle=5]", "vdsr", "proposed", "proposed[alpha=0.25]"]
    keys = {plan_of(tiny, METHODS.make(reference)).key for reference in references}
    assert len(keys) == len(references)


def test_the_key_sees_the_recipe(tiny: Split, monkeypatch: pytest.MonkeyPatch) -> None:
    method = METHODS.make("srcnn")
    paper = profiles.get("paper")
    before = plan_of(tiny, method, by=paper).key
    recipe = replace(type(method).recipe, lr=0.5)  # type: ignore[attr-defined]
    monkeypatch.setattr(type(method), "recipe", recipe)
    assert plan_of(tiny, method, by=paper).key != before


def test_the_key_sees_the_engines_numerics(tiny: Split, monkeypatch: pytest.MonkeyPatch) -> None:
    before = plan_of(tiny, METHODS.make("bicubic")).key
    monkeypatch.setattr(plan, "NUMERICS", plan.NUMERICS + 1)
    assert plan_of(tiny, METHODS.make("bicubic")).key != before


def test_the_key_does_not_see_summaries(tiny: Split) -> None:
    method = METHODS.make("srcnn")
    before = plan_of(tiny, method).key
    assert plan_of(tiny, method, by=replace(QUICK, summary="other words")).key == before
    assert plan_of(tiny, method, protocol=variant(EIGHT_BIT, summary="other")).key == before


def fewer(scenes: SceneSet) -> SceneSet:
    """Leave the last scene out."""
    return SceneSet(scenes.entries[:-1])


@pytest.mark.parametrize("name", ["bicubic", "wiener", "srcnn"])
def test_the_key_sees_the_scenes_that_a_method_depends_on(tiny: Split, name: str) -> None:
    method = METHODS.make(name)
    before = plan_of(tiny, method).key
    for part, matters in (
        ("test", True),
        ("train", name != "bicubic"),
        ("validation", name == "srcnn"),
    ):
        changed = replace(tiny, **{part: fewer(getattr(tiny, part))})  # type: ignore[arg-type]
        assert (plan_of(changed, method).key != before) is matters, part


def test_the_key_of_a_method_without_training_does_not_see_the_profile(tiny: Split) -> None:
    for name in ("bicubic", "wiener"):
        keys = {
            plan_of(tiny, METHODS.make(name), by=profiles.get(by)).key for by in ("quick", "paper")
        }
        assert len(keys) == 1


def test_training_without_scenes_is_refused(tiny: Split) -> None:
    bare = replace(tiny, train=SceneSet(()), validation=SceneSet(()))
    assert (
        len(plan_cells(bare, Experiment(EIGHT_BIT, QUICK, (2,), (METHODS.make("bicubic"),)))) == 1
    )
    for name in ("wiener", "srcnn"):
        with pytest.raises(RequestError, match=f"{name} must be trained and there is no training"):
            plan_cells(bare, Experiment(EIGHT_BIT, QUICK, (2,), (METHODS.make(name),)))


def test_a_test_scene_smaller_than_the_scale_is_refused(tiny: Split) -> None:
    class Narrow(SceneSet):
        @property
        def shapes(self) -> list[tuple[int, int, int]]:
            return [(48, 3, 5) for _ in self.entries]

    split = replace(tiny, test=Narrow(tiny.test.entries))
    methods = (METHODS.make("bicubic"),)
    cut, whole = (variant(EIGHT_BIT, crops=crops) for crops in (True, False))
    assert len(plan_cells(split, Experiment(cut, QUICK, (3,), methods))) == 1
    assert len(plan_cells(split, Experiment(whole, QUICK, (4,), methods))) == 1
    wanted = r"scene \w+: expected 4 rows and columns or more at x4, found 48 x 3; leave it out"
    with pytest.raises(RequestError, match=wanted):
        plan_cells(split, Experiment(cut, QUICK, (3, 4), methods))


def test_scenes_smaller_than_a_patch_are_refused_where_a_network_is_asked_for(
    tiny: Split,
) -> None:
    large = replace(QUICK, patch=41)
    assert len(plan_cells(tiny, Experiment(EIGHT_BIT, large, (2,), (METHODS.make("wiener"),)))) == 1
    wanted = r"48 x 40 pixels is smaller than a patch of 41 x 41 \(srcnn at x2\); leave out the"
    with pytest.raises(RequestError, match=wanted):
        plan_cells(
            tiny,
            Experiment(EIGHT_BIT, large, (2,), (METHODS.make("wiener"), METHODS.make("srcnn"))),
        )


def test_the_problem_is_that_of_the_smallest_training_scene(tiny: Split) -> None:
    problem = plan_of(tiny, METHODS.make("wiener"), scale=3).problem()
    assert (problem.scale, problem.bands, problem.shape) == (3, 5, (48, 40))
    assert problem.degradation.stored_levels == 255
    assert problem.degradation.scale == 3
    bare = replace(tiny, train=SceneSet(()))
    assert plan_of(bare, METHODS.make("bicubic")).problem().shape == (48, 40)


def test_the_configuration_says_all_that_tables_show(tiny: Split) -> None:
    told = plan_of(tiny, METHODS.make("proposed[alpha=0.25]")).configuration
    assert told["method"]["name"] == "proposed"
    assert told["method"]["title"] == "Proposed"
    assert told["method"]["published"] == "Ours"
    assert told["method"]["trained"] is told["method"]["stochastic"] is True
    assert told["method"]["parameters"]["alpha"] == 0.25
    assert told["method"]["parameters"]["subnetworks"] == 6
    assert told["dataset"]["test"] == tiny.test.names
    assert told["protocol"]["down"]["sigma"] == 3
    assert told["protocol"]["version"] == 1
    assert told["profile"]["name"] == "quick"
    assert told["recipe"]["batch_size"] == QUICK.batch
    assert told["engine"] == plan.NUMERICS
    assert plan_of(tiny, METHODS.make("bicubic")).configuration["recipe"] is None


class Noise(Method):
    """Adds noise that follows from the cell's seed."""

    stochastic = True

    def upscale(self, low: Tensor, problem: Problem, state: State) -> Tensor:
        """Add noise."""
        return low + 1e-3 * torch.rand(low.shape, generator=problem.generator())


@pytest.mark.usefixtures("registries")
def test_a_stochastic_method_without_a_network_has_a_cell_for_every_seed(tiny: Split) -> None:
    method = METHODS.register("noise")(Noise)()
    made = plan_cells(tiny, Experiment(EIGHT_BIT, QUICK, (2,), (method,), (3, 4)))
    assert addresses(made) == [(2, "noise", 3), (2, "noise", 4)]
    # Reports have to know, and no cell gets stale by it.
    assert made[0].configuration["method"]["stochastic"] is True
    assert "stochastic" not in made[0].depends
    low = torch.zeros(5, 8, 8)
    first, again, other = (method.upscale(low, made[n].problem(), {}) for n in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
