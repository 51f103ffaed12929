"""What each protocol declares: scales, operators, rounding and metrics."""

import pytest

from benchmark.errors import RequestError
from benchmark.metric import METRICS
from benchmark.plugins.discovery import discover
from benchmark.protocol import MATLAB, OPENCV, PROTOCOLS, GaussianDecimation
from tests.benchmark.degradation.support import NAMES, every_protocol

discover([PROTOCOLS, METRICS])

BLUR = GaussianDecimation(sigma=3.0, truncate=4.0)


def test_these_protocols_are_there() -> None:
    assert {entry.name for entry in PROTOCOLS} >= set(NAMES)


@pytest.mark.parametrize(
    ("name", "scales", "down", "up", "stored", "scored", "crops"),
    [
        ("wang2017", (2, 3, 4), BLUR, OPENCV, 255, 255, False),
        ("wang2017-float", (2, 3, 4), BLUR, OPENCV, None, 255, False),
        ("li2020", (2, 3, 4, 8), MATLAB, MATLAB, None, None, True),
        ("jiang2020", (4, 8), MATLAB, MATLAB, None, None, True),
        ("liu2023", (4, 8), OPENCV, OPENCV, None, None, True),
    ],
)
def test_what_a_protocol_is(
    name: str,
    scales: tuple[int, ...],
    down: object,
    up: object,
    stored: int | None,
    scored: int | None,
    crops: bool,
) -> None:
    protocol = PROTOCOLS.make(name)
    assert protocol.scales == scales
    assert (protocol.down, protocol.up) == (down, up)
    assert (protocol.stored_levels, protocol.scored_levels) == (stored, scored)
    assert protocol.crops is crops


@pytest.mark.parametrize(
    ("name", "main", "further"),
    [
        ("wang2017", "psnr sam", "sam_float ssim ergas rmse"),
        ("wang2017-float", "psnr sam", "sam_float ssim ergas rmse"),
        ("li2020", "psnr ssim sam", "mpsnr ergas rmse cc"),
        ("jiang2020", "mpsnr ssim_matlab sam", "cc rmse ergas psnr"),
        ("liu2023", "mpsnr ssim_uniform sam", "rmse ergas[ratio=4] ergas cc psnr"),
    ],
)
def test_the_metrics_of_a_protocol(name: str, main: str, further: str) -> None:
    protocol = PROTOCOLS.make(name)
    assert list(protocol.main_metrics) == main.split()
    assert set(protocol.metrics) == set(main.split()) | set(further.split())
    assert [METRICS.label(METRICS.make(one)) for one in protocol.metrics] == list(protocol.metrics)


@every_protocol
@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_all_scales_are_accepted(name: str, scale: int) -> None:
    assert PROTOCOLS.make(name).refusal(scale) == ""
    assert PROTOCOLS.make(name).degradation(scale).scale == scale


@every_protocol
@pytest.mark.parametrize("scale", [0, 1, 9, -2])
def test_a_scale_out_of_range_is_refused(name: str, scale: int) -> None:
    with pytest.raises(RequestError, match=f"scale {scale} is not in protocol {name}"):
        PROTOCOLS.make(name).degradation(scale)


def test_wang2017_differs_from_its_float_form_in_what_is_stored_alone() -> None:
    one, other = (PROTOCOLS.make(name).numeric_facts() for name in ("wang2017", "wang2017-float"))
    assert {key for key in one if one[key] != other[key]} == {"stored_levels"}


@every_protocol
def test_the_facts_of_a_protocol_say_its_version_and_operators(name: str) -> None:
    protocol = PROTOCOLS.make(name)
    facts = protocol.facts()
    assert facts["name"] == name
    assert facts["version"] == protocol.version >= 1
    assert facts["down"] == protocol.down.facts()
    assert facts["up"] == protocol.up.facts()
    assert facts["summary"] == protocol.summary
    assert protocol.numeric_facts().items() <= facts.items()


def test_an_unknown_protocol_is_refused_with_the_known_ones() -> None:
    with pytest.raises(RequestError, match=r"'wang'; did you mean wang2017\?.* wang2017"):
        PROTOCOLS.make("wang")
