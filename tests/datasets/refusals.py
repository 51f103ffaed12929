"""What the data sets say when they refuse, as the user reads it."""

from pathlib import Path

import pytest

from benchmark.dataset import DATASETS, DataSet
from benchmark.errors import RequestError
from datasets.cave import Cave


def cave_refusal(root: Path, *scenes: str) -> str:
    """Open and read scenes, `balloons` if none are named; gives the one line that it ends with."""

    def ask() -> None:
        source = Cave().open(root, scenes or ("balloons",))
        for scene in scenes or ("balloons",):
            source.read(scene)

    with pytest.raises(RequestError) as caught:
        ask()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def harvard_scaled(scaling: str) -> DataSet:
    """Make the data set as the command line does."""
    return DATASETS.make(f"harvard[scaling={scaling}]")


def harvard_refusal(root: Path, scaling: str = "image-maximum") -> str:
    """Open and read `img1`; gives the one line that it ends with."""
    with pytest.raises(RequestError) as caught:
        harvard_scaled(scaling).open(root, ["img1"]).read("img1")
    assert "\n" not in str(caught.value)
    return str(caught.value)
