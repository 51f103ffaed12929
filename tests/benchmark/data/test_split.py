"""Who trains, who validates, who tests; and scenes as tensors."""

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.data.split import DataRequest, Split, check_scenes, load_split, truth_of
from benchmark.dataset import DATASETS, Scene
from benchmark.errors import RequestError
from benchmark.plugins.discovery import discover
from tests.benchmark.support import EIGHT_BIT

discover([DATASETS])
TINY = "synthetic[rows=20,columns=18,bands=3]"


def loaded(
    cache: Path, reference: str = TINY, train_on: tuple[str, ...] = (), scenes: tuple[str, ...] = ()
) -> Split:
    """Load a split of synthetic scenes."""
    request = DataRequest(reference, train_on, scenes, Path("no-such-folder"), cache)
    return load_split(request, EIGHT_BIT)


def test_a_truth_has_bands_first_and_lies_within_zero_and_one() -> None:
    cube = np.random.default_rng(0).integers(0, 65536, (4, 5, 3), dtype=np.uint16)
    truth = truth_of(Scene("x", cube, (1.0, 2.0, 3.0), 65535.0))
    assert truth.dtype == torch.float32
    assert truth.is_contiguous()
    expected = (cube.astype(np.float64) / 65535).transpose(2, 0, 1)
    np.testing.assert_allclose(truth.numpy(), expected, rtol=1e-7)


def test_the_paper_split_is_used(tiny: Split) -> None:
    dataset = tiny.dataset
    assert tiny.test.names == list(dataset.test)
    assert tiny.validation.names == list(dataset.validation)
    rest = [n for n in dataset.scenes if n not in {*dataset.test, *dataset.validation}]
    assert tiny.train.names == rest
    assert not tiny.subset
    assert tiny.trained_on == (tiny.label,)


def test_iterating_reads_the_scenes_in_order(tiny: Split) -> None:
    source = tiny.dataset.open(Path("no-such-folder"), tiny.test.names)
    for name, truth, shape in zip(tiny.test.names, tiny.test, tiny.test.shapes, strict=True):
        assert torch.equal(truth, truth_of(source.read(name)))
        assert shape == (48, 40, 5)
    assert len(tiny.test) == 4
    assert len(set(tiny.train.digests + tiny.test.digests)) == 16


def test_roles_of_a_subset_keep_the_papers_test_scenes() -> None:
    dataset = DATASETS.make("synthetic")
    assigned = EIGHT_BIT.roles(dataset, ["leaves01", "leaves04", "leaves06"])
    assert (assigned.train, assigned.validation, assigned.test) == (
        ["leaves01"],
        ["leaves06"],
        ["leaves04"],
    )


def test_without_its_own_validation_scenes_the_last_two_of_three_are_held_out() -> None:
    dataset = DATASETS.make("synthetic")
    assigned = EIGHT_BIT.roles(dataset, ["leaves01", "leaves02", "leaves03", "leaves04"])
    assert (assigned.train, assigned.validation) == (["leaves01"], ["leaves02", "leaves03"])
    assigned = EIGHT_BIT.roles(dataset, ["leaves01", "leaves02", "leaves04"])
    assert (assigned.train, assigned.validation) == (["leaves01", "leaves02"], [])


def test_validation_scenes_alone_are_trained_on() -> None:
    assigned = EIGHT_BIT.roles(DATASETS.make("synthetic"), ["leaves06", "leaves04"])
    assert (assigned.train, assigned.validation, assigned.test) == (["leaves06"], [], ["leaves04"])


def test_a_subset_is_marked_and_has_a_folder_of_its_own(tmp_path: Path) -> None:
    split = loaded(tmp_path, scenes=("leaves04", "leaves02", "leaves01"))
    assert split.subset
    assert split.label == f"{TINY}+leaves01+leaves02+leaves04"
    assert split.test.names == ["leaves04"]
    assert split.train.names == ["leaves01", "leaves02"]
    facts = split.facts()
    assert facts["subset"] is True
    assert facts["synthetic"] is True
    assert facts["test"] == ["leaves04"]
    assert facts["train"] == ["leaves01", "leaves02"]


def test_a_long_subset_has_a_short_label(tmp_path: Path) -> None:
    names = tuple(f"leaves{number:02}" for number in range(1, 12))
    label = loaded(tmp_path, scenes=names).label
    assert label.startswith(f"{TINY}+11scenes-")
    assert len(label) == len(TINY) + len("+11scenes-") + 8
    assert loaded(tmp_path, scenes=names[::-1]).label == label


def test_training_on_other_data_is_part_of_the_label(tmp_path: Path) -> None:
    other = "synthetic[rows=20,columns=18,bands=3,seed=1]"
    split = loaded(tmp_path, train_on=(TINY, other))
    assert split.label == f"{TINY}@{TINY}+{other}"
    assert split.trained_on == (TINY, other)
    assert len(split.train) == 24
    assert len(split.validation) == 4
    assert len(split.test) == 4
    assert len(set(split.train.digests)) == 24
    elsewhere = loaded(tmp_path, train_on=(other,))
    assert elsewhere.label == f"{TINY}@{other}"
    assert elsewhere.train.digests == split.train.digests[12:]
    assert elsewhere.test.digests == split.test.digests


def test_a_data_set_named_twice_is_trained_on_once(tmp_path: Path) -> None:
    split = loaded(tmp_path, train_on=(TINY, TINY))
    assert split.label == TINY
    assert len(split.train) == 12


def test_training_on_the_same_data_said_aloud_changes_nothing(tmp_path: Path) -> None:
    assert loaded(tmp_path, train_on=(TINY,)).label == TINY


def test_two_spellings_of_one_data_set_have_one_label(tmp_path: Path) -> None:
    spelt = "synthetic[bands=3, columns=18, seed=0, rows=20]"
    assert loaded(tmp_path, spelt).label == TINY


def test_different_bands_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"found 4 in synthetic\[.*bands=4\], 3 in synthetic"):
        loaded(tmp_path, train_on=("synthetic[rows=20,columns=18,bands=4]",))


def test_an_unknown_scene_is_refused_with_the_nearest() -> None:
    with pytest.raises(RequestError, match=r"has no scene 'leave04'; did you mean leaves04"):
        check_scenes([TINY], ["leaves01", "leave04"])
    with pytest.raises(RequestError, match=r"cave has no scene 'zzz'; there are bal"):
        check_scenes([TINY, "cave"], ["zzz"])
    with pytest.raises(RequestError, match=r"has no scene 'BALLOON'; did you mean balloons\?$"):
        check_scenes([TINY, "cave"], ["BALLOON"])


def test_scenes_are_chosen_in_any_case(tmp_path: Path) -> None:
    check_scenes([TINY], ["Leaves01", "LEAVES04"])
    split = loaded(tmp_path, scenes=("Leaves01", "LEAVES04"))
    assert split.label == f"{TINY}+leaves01+leaves04"
    assert split.test.names == ["leaves04"]


def test_a_scene_of_any_of_the_data_sets_is_known() -> None:
    check_scenes([TINY, "cave"], ["leaves04", "balloons"])
    with pytest.raises(RequestError, match="has no scene 'balloons'"):
        check_scenes([TINY], ["leaves04", "balloons"])


def test_a_subset_without_a_test_scene_is_refused_with_the_test_scenes(tmp_path: Path) -> None:
    with pytest.raises(RequestError) as caught:
        loaded(tmp_path, scenes=("leaves01", "leaves02"))
    assert str(caught.value) == (
        f"--scenes leaves no test scene of {TINY}; "
        "under wang2017 its test scenes are leaves04, leaves08, leaves13, leaves17"
    )


def test_an_unknown_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="unknown data set 'syntetic'; did you mean synthetic"):
        loaded(tmp_path, "syntetic")


def test_progress_is_reported_once(tmp_path: Path) -> None:
    calls: list[tuple[str, int, int, str]] = []

    def progress(*now: object) -> None:
        calls.append(now)  # type: ignore[arg-type]

    for _ in range(2):
        load_split(DataRequest(TINY, (), (), Path("no-such-folder"), tmp_path), EIGHT_BIT, progress)
    assert [done for _, done, _, _ in calls] == list(range(19))
    assert calls[0] == (TINY, 0, 18, "leaves01")
    assert calls[-1] == (TINY, 18, 18, "")
