"""The interface of metrics: what an author declares, and what is refused."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from benchmark.errors import RequestError
from benchmark.metric import (
    METRICS,
    BandPair,
    Metric,
    ScoredImage,
    code_of,
    is_outdated,
    metric_facts,
    parameter,
    register,
)
from benchmark.plugins.discovery import discover
from tests.benchmark.support import random

discover([METRICS])
pytestmark = pytest.mark.usefixtures("registries")

GOOD: dict[str, Any] = {
    "__doc__": "A metric.",
    "title": "Mine",
    "digits": 3,
    "higher": False,
    "meaning": "a number of mine",
}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"title": ...}, "expected one line of text as `title`, found None"),
        ({"title": " "}, "expected one line of text as `title`, found ' '"),
        ({"title": "a\nb"}, r"expected one line of text as `title`, found 'a\\nb'"),
        ({"unit": 1}, "expected one line of text as `unit`, found 1"),
        ({"digits": -1}, "expected a whole number from 0 to 10 as `digits`, found -1"),
        ({"digits": 99}, "expected a whole number from 0 to 10 as `digits`, found 99"),
        ({"digits": 1.5}, "expected a whole number from 0 to 10 as `digits`, found 1.5"),
        ({"digits": True}, "expected a whole number from 0 to 10 as `digits`, found True"),
        ({"higher": ...}, "expected True or False as `higher`, found None"),
        ({"higher": 1}, "expected True or False as `higher`, found 1"),
        ({"version": 0}, "expected a whole number from 1 as `version`, found 0"),
        ({"meaning": ...}, "expected one line of text as `meaning`, found None"),
        ({"units": "dB"}, "`units` is not known, did you mean `unit`. An attribute of your .*"),
    ],
)
def test_what_cannot_be_used_is_refused_when_it_is_declared(
    changed: dict[str, Any], expected: str
) -> None:
    declared = {key: value for key, value in {**GOOD, **changed}.items() if value is not ...}
    with pytest.raises(RequestError, match=f"^metric 'mine': {expected}$"):
        register("mine")(type("Mine", (Metric,), declared))
    assert "mine" not in {entry.name for entry in METRICS}


@pytest.mark.parametrize("name", ["scene", "skipped"])
def test_the_name_of_another_column_of_the_scores_is_refused(name: str) -> None:
    with pytest.raises(RequestError, match=f"^metric '{name}': this name is another column"):
        register(name)(type("Mine", (Metric,), dict(GOOD)))


def test_a_metric_is_the_mean_of_its_bands_unless_it_says_otherwise() -> None:
    @register("power_error")
    class PowerError(Metric):
        """The mean of a power of the error."""

        title = "PE"
        digits = 4
        higher = False
        meaning = "mean power of the absolute error"
        power: int = parameter(default=1, help="exponent", low=1)

        def of_band(self, pair: BandPair, image: ScoredImage) -> Tensor:
            return (pair.estimate - pair.truth).abs().pow(self.power).mean()

    x, y = random(3, 5, 6), random(3, 5, 6, seed=1)
    error = (x.double() - y.double()).abs()
    assert METRICS.make("power_error")(x, y) == pytest.approx(float(error.mean()))
    squared = METRICS.make("power_error[power=2]")
    assert squared(x, y) == pytest.approx(float(error.square().mean()))
    assert metric_facts(squared, 1, main=True) == {
        "name": "power_error[power=2]",
        "title": "PE",
        "unit": "",
        "digits": 4,
        "higher": False,
        "meaning": "mean power of the absolute error",
        "main": True,
        "code": code_of(squared),
    }
    assert re.fullmatch(r"version 1, source [0-9a-f]{16}", code_of(squared))
    assert code_of(METRICS.make("psnr")) == "version 1"


def test_the_code_of_a_plugin_is_what_it_computes_not_how_it_is_laid_out(tmp_path: Path) -> None:
    text = (
        "from benchmark.metric import Metric, register\n\n\n"
        "@register('mine')\nclass Mine(Metric):\n"
        "    title, digits, higher, meaning = 'Mine', 2, False, 'a number'\n\n"
        "    def of_band(self, pair, image):\n        return pair.squared_error\n"
    )
    codes = []
    for content in (text, f"# A comment.\n{text}", text.replace("_error", "_error * 2")):
        (tmp_path / "mine.py").write_text(content)
        METRICS._entries.pop("mine", None)
        discover([METRICS], [tmp_path / "mine.py"])
        codes.append(code_of(METRICS.make("mine")))
    assert codes[0] == codes[1] != codes[2]
    changed = {"name": "mine", "code": codes[0]}
    assert is_outdated(METRICS.make("mine"), changed)
    assert not is_outdated(METRICS.make("mine"), {"name": "mine"})  # a cell before version 0.7


def test_bands_come_in_order_with_their_scene_and_both_forms() -> None:
    seen: list[tuple[BandPair, ScoredImage]] = []

    @register("witness")
    class Witness(Metric):
        """Records what it is given."""

        title = meaning = "what is given"
        digits = 0
        higher = True

        def of_band(self, pair: BandPair, image: ScoredImage) -> Tensor:
            seen.append((pair, image))
            return torch.stack([pair.truth.min(), pair.truth.max()])

        def of_scene(self, values: Tensor, image: ScoredImage) -> float:
            assert values.shape == (4, 2)
            assert values.dtype == torch.float64
            return float(values[2, 1])

    x, y = 255 * random(4, 5, 6), 255 * random(4, 5, 6, seed=1)
    assert METRICS.make("witness")(x, y, peak=255, scale=8) == float(y[2].max())
    for band, (pair, image) in enumerate(seen):
        assert (image.bands, image.rows, image.columns) == (4, 5, 6)
        assert (image.peak, image.scale) == (255, 8)
        assert torch.equal(pair.estimate, x[band].double())
        assert torch.equal(pair.truth, y[band].double())
        assert torch.equal(pair.unrounded_estimate, x[band].double() / 255)
        assert torch.equal(pair.unrounded_truth, y[band].double() / 255)
        assert float(pair.squared_error) == pytest.approx(
            float((x[band] - y[band]).double().square().mean())
        )


@pytest.mark.parametrize(
    ("label", "peak", "title", "unit", "digits"),
    [
        ("psnr", 255, "PSNR", "dB", 2),
        ("mpsnr", 1, "MPSNR", "dB", 2),
        ("sam", 1, "SAM", "degrees", 2),
        ("rmse", 255, "RMSE", "grey levels", 2),
        ("rmse", 1, "RMSE", "", 4),
        ("ergas", 1, "ERGAS", "", 2),
        ("ergas[ratio=4]", 1, "ERGAS (ratio 4)", "", 2),
        ("cc", 1, "CC", "", 4),
    ],
)
def test_tables_learn_title_unit_and_digits_from_the_metric(
    label: str, peak: float, title: str, unit: str, digits: int
) -> None:
    facts = METRICS.make(label).describe(peak)
    assert (facts.name, facts.title, facts.unit, facts.digits) == (label, title, unit, digits)


def test_titles_are_unique() -> None:
    titles = [METRICS.make(entry.name).describe(1).title for entry in METRICS]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("reference", ["ergas[ratio=-1]", "ergas[ratio=x]", "psnr[a=1]", "pnsr"])
def test_a_metric_that_cannot_be_built_is_refused(reference: str) -> None:
    with pytest.raises(RequestError):
        METRICS.make(reference)
