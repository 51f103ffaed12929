"""Data sets are named to later commands as they were named to the run."""

from pathlib import Path

import pytest

from benchmark.cli.stored import stored_labels
from benchmark.dataset import DATASETS
from benchmark.store.address import Address, place_name
from tests.command_line import SCENES, CommandLine

LABEL = "folder[path=my images,test=fields+river,peak=10000.0,wavelengths=400:10:1000]"
TYPED = "folder[path=my images,test=fields+river,peak=10000,wavelengths=400:10:1000]"
ORDERED = "folder[wavelengths=400:10:1000,test=fields+river,peak=1e4,path=my images]"
OTHER = "synthetic[bands=5,columns=40,rows=48]"


@pytest.mark.parametrize(
    ("typed", "label"),
    [
        ("", []),
        (LABEL, [LABEL]),
        (TYPED, [LABEL]),
        (ORDERED, [LABEL]),
        (place_name(LABEL), [LABEL]),
        (f"{TYPED}+fields+river", [f"{LABEL}+fields+river"]),
        (f"{TYPED}@cave+{ORDERED}", [f"{LABEL}@cave+{LABEL}"]),
        (f"cave,{ORDERED},{LABEL}", ["cave", LABEL]),
        ("cave[", ["cave["]),
        ("nothing[x=1]", ["nothing[x=1]"]),
        (f"{TYPED}+nobody", [f"{TYPED}+nobody"]),
    ],
)
def test_a_label_is_found_by_every_way_to_write_it(
    tmp_path: Path, typed: str, label: list[str]
) -> None:
    for one in (LABEL, f"{LABEL}+fields+river", f"{LABEL}@cave+{LABEL}", "cave"):
        Address(one, "wang2017", "quick", 2, "bicubic", 0).folder(tmp_path).mkdir(parents=True)
    assert stored_labels(typed, "--dataset", DATASETS, tmp_path) == label


def test_every_command_takes_a_data_set_as_it_was_typed_for_the_run(hsisr: CommandLine) -> None:
    assert hsisr.tiny("espcn").code == 0
    typed = f"{OTHER}+{SCENES.replace(',', '+')}"
    for words in (
        ("tables", "--dataset", typed),
        ("report", "--no-images", "--dataset", typed),
        ("score", "--metrics", "cc", "--dataset", typed),
        ("export", "out.zip", "--dataset", typed),
    ):
        answer = hsisr(*words)
        assert answer.code == 0, (words[0], answer.err)
    form = ("--authors", "Me", "--paper", "none", "--licence", "MIT")
    submit = ("submit", "--methods", "espcn", *form, "--not-trained-on-test-scenes")
    # Found, and refused for the profile of these tests, which the receiver would not have.
    assert "1 cell refused" in hsisr(*submit, "--dataset", typed).err


def test_export_takes_the_other_labels_in_any_order_and_its_own_suggestions(
    hsisr: CommandLine,
) -> None:
    method = "total_variation[weight=0.01,iterations=2]"
    assert hsisr.tiny(method).code == 0
    (stored,) = {one["address"]["method"] for one in hsisr.cells().values()}
    other = "total_variation[iterations=2,weight=0.010]"
    assert stored != other
    assert hsisr("export", "out.zip", "--methods", other).out.startswith("1 cell in out.zip")
    label = "folder[path=x,test=a,wavelengths=400:10:700]"
    Address(label, "wang2017", "quick", 2, "bicubic", 0).folder(hsisr.results).mkdir(parents=True)
    refused = hsisr("export", "out.zip", "--dataset", label.replace("700", "800"))
    assert f"did you mean {label}? " in refused.err
