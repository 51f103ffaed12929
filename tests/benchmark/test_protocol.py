"""The interface of protocols: what an author declares, and what is refused."""

from typing import Any

import pytest
import torch

from benchmark.dataset import DATASETS
from benchmark.errors import RequestError
from benchmark.plugins.discovery import discover
from benchmark.protocol import (
    MATLAB,
    OPENCV,
    PROTOCOLS,
    Division,
    GaussianDecimation,
    Operator,
    Protocol,
    Resize,
    parameter,
    register,
)
from tests.benchmark.support import random

discover([DATASETS])
pytestmark = pytest.mark.usefixtures("registries")

GOOD: dict[str, Any] = {
    "__doc__": "A protocol.",
    "summary": "MATLAB's bicubic down and up",
    "scales": (2,),
    "down": MATLAB,
    "up": MATLAB,
    "metrics": ("psnr", "sam"),
    "main_metrics": ("psnr",),
}


def registered(name: str = "mine", **changed: Any) -> Protocol:
    """Register a protocol that declares other values, and build it."""
    declared = {key: value for key, value in {**GOOD, **changed}.items() if value is not ...}
    register(name, title=name)(type("Mine", (Protocol,), declared))
    return PROTOCOLS.make(name)


def test_a_protocol_is_what_it_declares() -> None:
    protocol = registered()
    truth = random(2, 9, 10)
    degradation = protocol.degradation(2)
    low = degradation.low(degradation.ground_truth(truth))
    assert low.shape == (2, 4, 5)
    assert protocol.version == 1
    assert protocol.numeric_facts() == {
        "version": 1,
        "down": {"operator": "Resize", "a": -0.5, "antialias": True, "border": "mirror"},
        "up": MATLAB.facts(),
        "crops": True,
        "stored_levels": None,
        "scored_levels": None,
    }


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"summary": ...}, "expected one line of text as `summary`, found None"),
        ({"summary": "two\nlines"}, "expected one line of text as `summary`"),
        ({"version": 0}, "expected a whole number from 1 as `version`, found 0"),
        ({"version": True}, "expected a whole number from 1 as `version`, found True"),
        ({"scales": ()}, r"expected a tuple of whole numbers as `scales`, found \(\)"),
        ({"scales": (2.0,)}, r"expected a tuple of whole numbers as `scales`, found \(2.0,\)"),
        ({"scales": 2}, "expected a tuple of whole numbers as `scales`, found 2"),
        ({"down": ...}, "expected an Operator as `down`, found "),
        ({"up": 0.5}, "expected an Operator as `up`, found 0.5"),
        ({"crops": 1}, "expected True or False as `crops`, found 1"),
        ({"stored_levels": 255.0}, "expected a whole number from 1, or None as `stored_levels`"),
        ({"scored_levels": 0}, "expected a whole number from 1, or None as `scored_levels`"),
        ({"metrics": "psnr"}, "expected a tuple of names as `metrics`, found 'psnr'"),
        ({"main_metrics": ()}, "expected a tuple of names as `main_metrics`"),
        ({"main_metrics": ("cc",)}, "expected names of `metrics` in `main_metrics`, found cc"),
        ({"splits": {"cave": ("a",)}}, "expected a mapping to Divisions as `splits`"),
        ({"own_splits": "cave"}, "expected several names, not a text as `own_splits`, found 'cave"),
        ({"trained_together": "cave"}, "expected several names, not a text as `trained_together`"),
    ],
)
def test_what_cannot_be_used_is_refused_when_it_is_declared(
    changed: dict[str, Any], expected: str
) -> None:
    with pytest.raises(RequestError, match=f"^protocol 'mine': {expected}"):
        registered(**changed)
    assert "mine" not in {entry.name for entry in PROTOCOLS}


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [("store_levels", "stored_levels"), ("crop", "crops"), ("main_metric", "main_metrics")],
)
def test_a_misspelt_attribute_is_refused(misspelt: str, meant: str) -> None:
    declared: dict[str, Any] = {misspelt: 255}
    with pytest.raises(RequestError, match=f"`{misspelt}` is not known, did you mean `{meant}`"):
        registered(**declared)
    own: dict[str, Any] = {f"_{misspelt}": 255}
    assert registered(**own).version == 1


def test_what_it_declares_may_be_a_parameter() -> None:
    class Chosen(Protocol):
        """Crops or not."""

        summary = "MATLAB's bicubic down and up"
        scales = (2,)
        down = up = MATLAB
        metrics = main_metrics = ("psnr",)
        crops: bool = parameter(  # type: ignore[misc]
            default=False, help="cut to a multiple of the scale"
        )

    register("chosen", title="Chosen")(Chosen)
    cropped, whole = PROTOCOLS.make("chosen[crops=true]"), PROTOCOLS.make("chosen")
    assert cropped.degradation(2).crop_shape((9, 9)) == (8, 8)
    assert whole.degradation(2).crop_shape((9, 9)) == (9, 9)
    assert cropped.numeric_facts() != whole.numeric_facts()


@pytest.mark.parametrize("down", [5, None])
def test_what_a_property_returns_is_named_if_it_is_no_operator(down: object) -> None:
    protocol = registered(down=property(lambda _: down))
    with pytest.raises(RequestError, match=r"^protocol mine: AttributeError: .*; correct "):
        protocol.numeric_facts()


def test_a_published_scale_beyond_8_is_accepted() -> None:
    protocol = registered(scales=(4, 16))
    assert protocol.degradation(16).scale == 16
    with pytest.raises(RequestError, match=r"^scale 12 is not in protocol mine: .* 2 to 8; publ"):
        protocol.degradation(12)


def test_a_parameter_changes_the_operator_and_the_key() -> None:
    @register("sharper", title="Sharper")
    class Sharper(Protocol):
        """A blur of any width."""

        summary = "a blur and every s-th sample"
        scales = (2,)
        up = OPENCV
        metrics = main_metrics = ("psnr",)
        sigma: float = parameter(default=3.0, help="standard deviation of the blur", low=0.1)

        @property
        def down(self) -> Operator:
            return GaussianDecimation(self.sigma)

    wide, narrow = (PROTOCOLS.make(name) for name in ("sharper", "sharper[sigma=1]"))
    assert PROTOCOLS.label(narrow) == "sharper[sigma=1.0]"
    assert wide.numeric_facts() != narrow.numeric_facts()
    assert narrow.facts()["parameters"] == {"sigma": 1.0}
    image = random(1, 20, 20)
    smooth, sharp = (protocol.degradation(2).low(image) for protocol in (wide, narrow))
    assert not torch.allclose(smooth, sharp, atol=0.01)
    with pytest.raises(RequestError, match="sigma"):
        PROTOCOLS.make("sharper[sigma=0]")


def test_an_operator_of_a_plugin_is_part_of_the_key_with_its_code() -> None:
    class Own(Resize):
        """An operator that the suite does not have."""

    assert "source" not in MATLAB.facts()
    own = Own(-0.5, True, "mirror")
    assert own.facts()["source"]
    assert registered(down=own).numeric_facts()["down"] == own.facts()


def test_a_refused_scale_says_why() -> None:
    def refusal(self: Protocol, scale: int) -> str:
        return "" if scale == 2 else "its grid is of 2 only"

    protocol = registered(refusal=refusal)
    assert protocol.degradation(2).scale == 2
    with pytest.raises(
        RequestError,
        match=r"^scale 4 is not in protocol mine: its grid is of 2 only; published are 2$",
    ):
        protocol.degradation(4)


def test_scenes_are_divided_as_the_protocol_says() -> None:
    cave = DATASETS.make("cave")
    division = Division(test=("cd", "face"), validation=("beads",), left_out=("watercolors",))
    protocol = registered(splits={"cave": division})
    roles = protocol.roles(cave, ["watercolors", "face", "beads", "clay", "cd", "cloth"])
    assert roles.test == ["face", "cd"]
    assert roles.validation == ["beads"]
    assert roles.train == ["clay", "cloth"]


@pytest.mark.parametrize(
    ("scenes", "train", "validation"),
    [
        ("face clay cloth feathers", ["clay"], ["cloth", "feathers"]),  # the last two
        ("face clay cloth", ["clay", "cloth"], []),  # too few
        ("face beads", ["beads"], []),  # training needs a scene before validation does
        ("face watercolors", [], []),
    ],
)
def test_without_a_validation_scene_training_ones_stand_in(
    scenes: str, train: list[str], validation: list[str]
) -> None:
    cave = DATASETS.make("cave")
    division = Division(test=("face",), validation=("beads",), left_out=("watercolors",))
    roles = registered(splits={"cave": division}).roles(cave, scenes.split())
    assert (roles.train, roles.validation, roles.test) == (train, validation, ["face"])
