"""The interface of a data set."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmark.dataset import DATASETS, DataSet, Source, register
from benchmark.errors import RequestError
from benchmark.plugins.discovery import discover
from benchmark.plugins.parameters import parameter


@pytest.mark.usefixtures("registries")
def test_a_data_set_is_registered_with_its_parameters(tmp_path: Path) -> None:
    @register("of-a-test")
    class Mine(DataSet):
        title = "Mine"
        scenes = ("a", "b")
        test = ("b",)
        validation = ()
        size: int = parameter(default=3, help="a size")

        def open(self, root: Path, scenes: Sequence[str]) -> Source:
            raise NotImplementedError

    made = DATASETS.make("of-a-test[size=4]")
    assert isinstance(made, Mine)
    assert made.size == 4
    assert made.name == "of-a-test"
    assert (made.home, made.synthetic, made.remark) == ("", False, "")
    with pytest.raises(RequestError, match="of-a-test is computed, not downloaded"):
        made.fetch(tmp_path)


def test_a_data_set_must_say_what_it_holds() -> None:
    class Half(DataSet):
        title = "Half"

    with pytest.raises(TypeError, match="abstract"):
        Half()  # type: ignore[abstract]


@pytest.mark.parametrize("name", ["cave", "harvard", "synthetic"])
def test_the_split_of_every_data_set_is_disjoint_and_within_its_scenes(name: str) -> None:
    discover([DATASETS])
    made = DATASETS.make(name)
    assert len(set(made.scenes)) == len(made.scenes)
    assert set(made.test) | set(made.validation) <= set(made.scenes)
    assert not set(made.test) & set(made.validation)
    assert len(made.validation) == 2
