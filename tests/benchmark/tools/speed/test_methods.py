"""The facts of methods, and what they cost."""

import json

import pytest

from benchmark.engine.inference.building import start
from benchmark.method import METHODS, NetworkMethod, Problem
from benchmark.tools.speed import items, methods, resources
from benchmark.tools.speed.methods import measure_methods, method_facts
from tests.benchmark.support import CPU, problem


def test_the_facts_of_a_method_without_a_network_have_no_sizes() -> None:
    facts = method_facts(METHODS.make("bicubic"))
    assert (facts["title"], facts["inputs"], facts["published"]) == (
        "Bicubic",
        ["upscaled"],
        ["Bicubic"],
    )
    assert not {"parameters", "operations", "tiles"} & set(facts)


@pytest.mark.parametrize("reference", ["espcn", "sspsr[blocks=1,maps=16]", "f3dun[maps=2]"])
def test_parameters_are_those_of_the_network(reference: str) -> None:
    method = METHODS.make(reference)
    assert isinstance(method, NetworkMethod)
    facts = method_facts(method)
    for scale, count in facts["parameters"].items():
        network = start(method, problem(scale, 31), method.recipe)
        assert count == sum(one.numel() for one in network.parameters())
    assert facts["label"] == METHODS.label(method)
    assert facts["tiles"] is (reference[:5] != "sspsr")


def test_operations_are_two_for_each_multiplication_of_all_bands() -> None:
    """Of ESPCN: kernels of 5, 3 and 3 on 32 x 32 pixels of 31 bands."""
    multiplications = 25 * 64 + 9 * 64 * 32 + 9 * 32 * 4**2
    assert method_facts(METHODS.make("espcn"))["operations"] == 2 * multiplications * 32**2 * 31


def test_what_a_method_refuses_has_no_size(monkeypatch: pytest.MonkeyPatch) -> None:
    method = METHODS.make("espcn")

    def refusal(self: NetworkMethod, task: Problem) -> str:
        return "no" if task.scale == 4 else ""

    monkeypatch.setattr(type(method), "refusal", refusal)
    facts = method_facts(method)
    assert facts["parameters"] == {2: 21284, 4: None}
    assert facts["operations"] is facts["tiles"] is None


def test_networks_are_measured_with_their_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(methods, "SECONDS", 0.0)
    monkeypatch.setattr(methods, "TURNS", 1)
    monkeypatch.setattr(resources, "SIDE", {"cpu": 64})
    monkeypatch.setattr(resources, "COPIED", 1 << 20)
    messages: list[str] = []
    asked = [METHODS.make(name) for name in ("bicubic", "espcn", "sspsr[blocks=1,maps=16]")]
    found = measure_methods(asked, CPU, messages.append, size=64)
    assert list(found["methods"]) == messages[1:] == ["espcn", "sspsr[blocks=1,maps=16]"]
    for figures in found["methods"].values():
        assert figures["rate"] > 0
        assert figures["seconds"] > 0
        assert figures["share"] > 0
        assert figures["rate_share"] > 0
    assert "31 x 64 x 64 at x4" in found["conditions"]
    assert found["methods"]["espcn"]["batch"] == 64 / 31
    json.dumps(found)


@pytest.mark.parametrize(
    ("flops", "bandwise", "batch"),
    [(1e3, True, 64), (1e3, False, 32), (12.3e9, False, 32), (1e11, False, 4), (1e12, False, 2)],
)
def test_large_networks_take_fewer_samples_a_step(flops: float, bandwise: bool, batch: int) -> None:
    assert items.batch_size(flops, CPU, bandwise=bandwise) == batch


@pytest.mark.parametrize(
    ("flops", "corner"), [(0, 512), (1e3, 512), (4e6, 512), (4e7, 128), (1e12, 64)]
)
def test_the_baseline_estimates_a_smaller_corner_by_large_networks(
    flops: float, corner: int
) -> None:
    assert items.corner_of(flops) == corner


@pytest.mark.parametrize(
    ("flops", "bandwise", "kept"),
    [
        (0.0, True, (31, 512, 512)),
        (items.IMAGE_OPERATIONS / 512**2, False, (31, 512, 512)),
        (31 * items.IMAGE_OPERATIONS / 512**2 / 7.5, True, (7, 512, 512)),
        (1e12, True, (items.BANDS, 512, 512)),
        (4 * items.IMAGE_OPERATIONS / 512**2, False, (31, 256, 256)),
        (1e12, False, (31, items.SMALLEST, items.SMALLEST)),
    ],
)
def test_the_engine_estimates_a_part_of_a_large_image(
    flops: float, bandwise: bool, kept: tuple[int, int, int]
) -> None:
    assert items.kept_of((31, 512, 512), flops, bandwise=bandwise) == kept


def test_the_time_of_a_part_is_scaled_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(items, "IMAGE_OPERATIONS", 1.0)
    method = METHODS.make("espcn")
    assert isinstance(method, NetworkMethod)
    item = items.inference(method, (8, 64, 64), CPU, 1)
    assert item.share == items.BANDS / 8
    item.seconds = [2.0]
    assert item.row(1.0).value == pytest.approx(8.0)


def test_an_estimate_that_takes_long_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(items, "LONG", 0.0)
    method = METHODS.make("espcn")
    assert isinstance(method, NetworkMethod)
    item = items.inference(method, (3, 64, 64), CPU, 5)
    assert item.turns == len(item.seconds) == 1
