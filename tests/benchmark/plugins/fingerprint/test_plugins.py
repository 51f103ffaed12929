"""The fingerprint of a plugin file: its own name and source, with what lies beside it."""

import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmark.method import METHODS
from tests.benchmark.plugins.fingerprint.support import PLUGIN, names, plugged, write
from tests.benchmark.plugins.reformatting import reformatted
from tests.benchmark.support import examples


def test_a_plugin_file_goes_by_its_own_name_in_any_folder(tmp_path: Path) -> None:
    texts = []
    for folder in ("one", "another"):
        write(tmp_path, {f"{folder}/mine.py": PLUGIN})
        METHODS._entries.pop("mine", None)
        texts.append(plugged(tmp_path / folder / "mine.py"))
    assert names(texts[0]) == ["mine"]
    assert texts[0] == texts[1]
    write(tmp_path, {"one/my.v2.py": PLUGIN})
    METHODS._entries.pop("mine", None)
    assert names(plugged(tmp_path / "one" / "my.v2.py")) == ["my.v2"]


def test_modules_beside_a_plugin_file_count(place: Path, tmp_path: Path) -> None:
    write(tmp_path, {"elsewhere.py": "x = 1\n"})
    sys.path.append(str(tmp_path))  # monkeypatch has kept the old path
    lines = "import blocks, elsewhere\nfrom parts.net import x\nimport bare.part\n"
    (place / "bare").mkdir()
    write(
        place,
        {
            "mine.py": lines + PLUGIN,
            "blocks.py": "def late():\n    import more, mine\n",
            "more.py": "",
            "unused.py": "",
            "parts/net.py": "from . import inner\nx = 1\n",
            "parts/inner.py": "import more\n",
        },
    )
    (place / "bare" / "part.py").write_text("x = 1\n")
    expected = ["bare.part", "blocks", "mine", "more", "parts.inner", "parts.net"]
    assert names(plugged(place / "mine.py")) == expected


def test_a_plugin_may_be_a_package(tmp_path: Path) -> None:
    write(tmp_path, {"kit/blocks.py": "x = 1\n", "kit/unused.py": ""})
    write(tmp_path, {"kit/__init__.py": f"from .blocks import x\n{PLUGIN}"})
    text = plugged(tmp_path / "kit" / "__init__.py")
    assert names(text) == ["__init__", "__init__.blocks"]


def test_a_plugin_that_uses_a_method_of_the_checkout_depends_on_it(tmp_path: Path) -> None:
    write(tmp_path, {"mine.py": f"from methods.vdsr import ResidualStack\n{PLUGIN}"})
    assert names(plugged(tmp_path / "mine.py")) == ["methods.vdsr", "mine"]


def test_an_own_encoding_is_followed(tmp_path: Path) -> None:
    text = PLUGIN.replace("feature maps", "h").replace('"mine", ', '"mine", note="größer", ')
    file = tmp_path / "mine.py"
    file.write_text(text, encoding="utf-8")
    before = plugged(file)
    file.write_text("# coding: latin-1\n" + text, encoding="latin-1")
    assert plugged(file) == before


few = settings(examples, max_examples=20, suppress_health_check=[HealthCheck.too_slow])


@given(seed=st.integers(0, 2**32))
@few
def test_a_plugins_source_is_that_of_any_way_to_write_it(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    random = Random(seed)
    folder = tmp_path_factory.mktemp("plugins")
    file = folder / "mine.py"
    file.write_text(PLUGIN)
    before = plugged(file)
    file.write_text(reformatted(PLUGIN, random))
    assert plugged(file) == before
    file.write_text(PLUGIN.replace("8", str(random.randrange(9, 99))))
    assert plugged(file) != before
    del METHODS._entries["mine"]
