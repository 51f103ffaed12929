"""The pins of the requirements files and the ranges of pyproject.toml say the same thing."""

import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from benchmark import CHECKOUT

PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
RUNNING = PROJECT["dependencies"]
DEVELOPING = [item for group in PROJECT["optional-dependencies"].values() for item in group]


def lines(name: str) -> list[str]:
    """Return what a requirements file says, without comments."""
    text = (CHECKOUT / name).read_text(encoding="utf-8")
    bare = (line.partition(" #")[0].strip() for line in text.splitlines())
    return [line for line in bare if line and not line.startswith("#")]


def pins(name: str) -> dict[str, str]:
    """Return the pinned version of every package that a file names itself."""
    read = [Requirement(line) for line in lines(name) if not line.startswith("-")]
    found: dict[str, str] = {}
    for one in read:
        (version,) = one.specifier
        assert version.operator == "==", f"{name}: {one} is no pin"
        found[canonicalize_name(one.name)] = version.version
    assert len(found) == len(read), f"{name} names a package twice"
    return found


def problems(declared: list[str], pinned: dict[str, str]) -> list[str]:
    """List the declared packages without a pin, or with one outside their range."""
    found = []
    for one in map(Requirement, declared):
        version = pinned.get(canonicalize_name(one.name))
        if version is None:
            found.append(f"{one.name} has no pin")
        elif not one.specifier.contains(version, prereleases=True):
            found.append(f"{one.name}=={version} is not in {one.specifier}")
    return found


@pytest.mark.parametrize(
    ("name", "declared"),
    [("requirements.txt", RUNNING), ("requirements-dev.txt", DEVELOPING)],
)
def test_every_dependency_has_a_pin_within_its_range(name: str, declared: list[str]) -> None:
    assert problems(declared, pins(name)) == []


@pytest.mark.parametrize(
    ("name", "declared"),
    [("requirements.txt", RUNNING), ("requirements-dev.txt", DEVELOPING)],
)
def test_every_pin_is_of_a_declared_dependency(name: str, declared: list[str]) -> None:
    known = {canonicalize_name(Requirement(one).name) for one in declared}
    assert sorted(set(pins(name)) - known) == []


def test_the_development_pins_build_on_the_others() -> None:
    assert lines("requirements-dev.txt")[0] == "-r requirements.txt"
    assert not set(pins("requirements-dev.txt")) & set(pins("requirements.txt"))


def test_the_comparison_finds_what_does_not_fit() -> None:
    declared = ["torch>=2.9", "scikit_image>=0.24,<0.30", "typer>=0.29", "h5py"]
    pinned = {"torch": "2.8.0", "scikit-image": "0.30", "h5py": "3.0"}
    assert problems(declared, pinned) == [
        "torch==2.8.0 is not in >=2.9",
        "scikit_image==0.30 is not in <0.30,>=0.24",
        "typer has no pin",
    ]
