"""Which scenes of CAVE each protocol tests on, trains on and leaves out."""

import pytest

from benchmark.dataset import DATASETS
from benchmark.plugins.discovery import discover
from benchmark.protocol import PROTOCOLS
from tests.benchmark.degradation.support import NAMES, every_protocol

discover([DATASETS, PROTOCOLS])

CAVE = DATASETS.make("cave")
CAVES_SCENES = """
    balloons beads cd chart_and_stuffed_toy clay cloth egyptian_statue face fake_and_real_beers
    fake_and_real_food fake_and_real_lemon_slices fake_and_real_lemons fake_and_real_peppers
    fake_and_real_strawberries fake_and_real_sushi fake_and_real_tomatoes feathers flowers
    glass_tiles hairs jelly_beans oil_painting paints photo_and_face pompoms real_and_fake_apples
    real_and_fake_peppers sponges stuffed_toys superballs thread_spools watercolors"""
ALL = CAVES_SCENES.split()
PAPER = [
    "balloons",
    "chart_and_stuffed_toy",
    "face",
    "flowers",
    "jelly_beans",
    "oil_painting",
    "real_and_fake_apples",
]
RECOVERED = [
    "balloons",
    "cloth",
    "face",
    "fake_and_real_lemons",
    "flowers",
    "hairs",
    "oil_painting",
]
TESTS = {
    "wang2017": PAPER,
    "wang2017-float": PAPER,
    "li2020": RECOVERED,
    "jiang2020": ALL[20:],
    "liu2023": ALL[:12],
}
# Scenes that are not for testing, validation among them.
OTHERS = {"wang2017": 25, "wang2017-float": 25, "li2020": 24, "jiang2020": 20, "liu2023": 20}


@every_protocol
def test_the_test_scenes_of_cave_are_those_of_the_paper(name: str) -> None:
    roles = PROTOCOLS.make(name).roles(CAVE, CAVE.scenes)
    assert sorted(roles.test) == sorted(TESTS[name])


@every_protocol
def test_every_scene_has_one_role_or_is_left_out(name: str) -> None:
    protocol = PROTOCOLS.make(name)
    roles = protocol.roles(CAVE, CAVE.scenes)
    left_out = list(protocol.division(CAVE).left_out)
    assert sorted([*roles.train, *roles.validation, *roles.test, *left_out]) == ALL
    assert left_out == (["watercolors"] if name == "li2020" else [])
    assert len(roles.train) + len(roles.validation) == OTHERS[name]
    assert len(roles.validation) == 2


def test_jiang2020_and_liu2023_share_no_test_scene() -> None:
    assert not set(TESTS["jiang2020"]) & set(TESTS["liu2023"])
    assert (len(TESTS["jiang2020"]), len(TESTS["liu2023"])) == (12, 12)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("reference", ["harvard", "synthetic"])
def test_another_data_set_keeps_its_own_division(name: str, reference: str) -> None:
    dataset = DATASETS.make(reference)
    roles = PROTOCOLS.make(name).roles(dataset, dataset.scenes)
    assert roles.test == [scene for scene in dataset.scenes if scene in dataset.test]
    assert set(roles.validation) == set(dataset.validation)
    assert not PROTOCOLS.make(name).division(dataset).left_out
