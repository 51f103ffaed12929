"""Profiles by name; one recipe for all, or every method's own."""

import pytest

from benchmark.engine.training import profiles
from benchmark.engine.training.profiles import PROFILES
from benchmark.errors import RequestError
from tests.benchmark.support import network_method

NAMES = ("srcnn", "espcn", "vdsr", "proposed")


def test_profiles_are_known_by_their_names() -> None:
    assert {"quick", "standard", "paper"} <= set(PROFILES)
    assert all(profiles.get(name).name == name for name in PROFILES)


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(RequestError, match="unknown profile 'fast'; known: quick, "):
        profiles.get("fast")


def test_the_paper_profile_trains_every_method_by_its_own_recipe() -> None:
    recipes = [profiles.get("paper").recipe(network_method(name)) for name in NAMES]
    assert recipes == [network_method(name).recipe for name in NAMES]
    assert len(set(recipes)) == len(NAMES)


@pytest.mark.parametrize("name", [name for name in PROFILES if name != "paper"])
def test_every_other_profile_trains_all_methods_by_one_recipe(name: str) -> None:
    chosen = profiles.get(name)
    recipes = {chosen.recipe(network_method(method)) for method in NAMES}
    assert len(recipes) == 1
    (recipe,) = recipes
    assert (recipe.epochs, recipe.batch_size) == (chosen.epochs, chosen.batch)


def test_the_facts_of_a_profile_are_all_of_it() -> None:
    facts = profiles.get("quick").facts()
    assert facts["name"] == "quick"
    assert profiles.Profile(**facts) == profiles.get("quick")


@pytest.mark.parametrize(("scale", "size"), [(2, 24), (4, 24), (8, 32)])
def test_low_resolution_patches_have_four_pixels_a_side_at_least(scale: int, size: int) -> None:
    assert profiles.get("quick").patch_size(network_method("edsr"), scale) == size
    assert profiles.get("standard").patch_size(network_method("edsr"), scale) == 32


@pytest.mark.parametrize(
    ("bands", "multiplications", "cost", "expected"),
    [
        (0, 0, 0.0, 31),  # all
        (4, 0, 0.0, 4),
        (4, 2_700_000, 664_704.0, 4),  # VDSR
        (4, 2_700_000, 8_032.0, 31),  # SRCNN
        (4, 2_700_000, 300_000.0, 9),
        (2, 2_700_000, 5e9, 2),
        (40, 0, 0.0, 31),
    ],
)
def test_bands_of_a_patch_are_as_many_as_the_budget_pays_for(
    bands: int, multiplications: int, cost: float, expected: int
) -> None:
    profile = profiles.Profile("p", "", 8, bands=bands, multiplications=multiplications)
    assert profile.bands_of_patch(31, cost) == expected


def test_keys_have_what_numbers_depend_on() -> None:
    facts = profiles.get("standard").numeric_facts()
    assert (facts["half_weights"], facts["tuning_patches"]) == (True, 1_500)
    assert not {"name", "summary"} & set(facts)
    assert "tuning_patches" not in profiles.get("evening").numeric_facts()  # it has no trials


@pytest.mark.parametrize("name", ["overnight", "standard"])
def test_trials_of_rates_take_15_percent_of_a_training(name: str) -> None:
    profile = profiles.get(name)
    assert 3 * profile.tuning_patches / profile.patches == pytest.approx(0.15)
