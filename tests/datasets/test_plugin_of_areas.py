"""A data set outside the checkout, of areas of one image, in a file of a few lines."""

from pathlib import Path

import numpy as np

from tests.command_line import CommandLine, rows

FIELD = '''
"""A field, divided into three areas of one image."""

from benchmark.data.areas import AreaDataSet, AreaSource
from benchmark.data.formats.images import read
from benchmark.data.search import stamp
from benchmark.dataset import Area, Scene, register


@register("field")
class Field(AreaDataSet):
    """The image `field.npy` in the data folder."""

    title = "Field"
    test = ("south",)
    validation = ("east",)
    areas = {
        "north": Area(range(48), range(48)),
        "east": Area(range(48), range(48, 96)),
        "south": Area(range(56, 88), range(96)),
    }

    def open(self, root, scenes):
        file = root / "field.npy"

        def whole():
            image = read(file, wavelengths=(450.0, 550.0, 650.0, 750.0))
            return Scene("field", image.cube, image.wavelengths, 4095.0)

        return AreaSource({name: self.areas[name] for name in scenes}, stamp([file], root), whole)
'''


def test_a_data_set_of_areas_from_a_file_is_raced(hsisr: CommandLine) -> None:
    assert len(FIELD.splitlines()) < 40
    (hsisr.folder / "field.py").write_text(FIELD, encoding="utf-8")
    level = np.add.outer(np.arange(90), np.arange(96))[..., None] * np.array([3, 5, 7, 9])
    noise = np.random.default_rng(0).integers(0, 300, level.shape)
    (hsisr.folder / "data").mkdir()
    np.save(hsisr.folder / "data" / "field.npy", (level + noise).astype(np.uint16))
    answer = hsisr("--plugin", "field.py", "--dataset", "field", "--methods", "bicubic,wiener",
                   "--scales", "2")  # fmt: skip
    assert answer.code == 0, answer.err
    assert answer.out.startswith("Field\n")
    assert float(rows(answer.out)["Bicubic"][0]) > 20
    facts = hsisr.cells()["bicubic 0"]["configuration"]["dataset"]
    assert (facts["independent"], facts["bands"]) == (False, 4)
    assert (facts["train"], facts["validation"], facts["test"]) == (["north"], ["east"], ["south"])
    assert "not independent" in facts["remark"]


def test_a_missing_image_of_a_plugin_is_one_line(hsisr: CommandLine) -> None:
    (hsisr.folder / "field.py").write_text(FIELD, encoding="utf-8")
    answer = hsisr("--plugin", "field.py", "--dataset", "field", "--methods", "bicubic")
    assert answer.code == 2
    assert answer.err.count("\n") == 1
    assert str(Path("data", "field.npy")) in answer.err
