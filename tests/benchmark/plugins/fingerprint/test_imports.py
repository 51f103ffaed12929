"""What a method imports of its own package counts in its fingerprint, and nothing else."""

import importlib
import py_compile
import sys
from pathlib import Path

import pytest

from benchmark.dataset import DATASETS
from benchmark.method import METHODS, NetworkMethod
from benchmark.plugins.discovery import discover
from benchmark.plugins.fingerprint import source_of
from tests.benchmark.plugins.fingerprint.support import OWN, imported, names, write


@pytest.mark.parametrize("name", ["bicubic", "wiener", "srcnn", "espcn", "vdsr", "proposed"])
def test_a_method_of_the_checkout_counts_by_its_own_file(name: str) -> None:
    cls = METHODS.entry(name).cls
    assert names(source_of(cls)) == [f"methods.{name}"]
    assert f"name=[str '{cls.__name__}',]" in source_of(cls)


def test_docstrings_and_the_engine_do_not_count() -> None:
    text = source_of(METHODS.entry("proposed").cls)
    assert "name=[str 'Cascade',]" in text
    assert "residual network of Wang" not in text
    assert source_of(NetworkMethod) == ""


@pytest.mark.parametrize(
    "statement",
    [
        "import deep.kit.blocks",
        "import deep.kit.blocks as b",
        "import os, deep.kit.blocks",
        "from deep.kit import blocks",
        "from deep.kit import blocks as b, other",
        "from deep.kit.blocks import WIDTH",
        "from deep.kit.blocks import *",
        "from . import blocks",
        "from .blocks import WIDTH",
        "from ..kit import blocks",
        "from ..kit.blocks import WIDTH",
        "def network(self):\n    from .blocks import WIDTH",
        "class A:\n    def f(self):\n        if self:\n            import deep.kit.blocks",
        "try:\n    import faster_blocks\nexcept ImportError:\n    from . import blocks",
    ],
)
def test_what_a_method_imports_of_its_own_package_counts(place: Path, statement: str) -> None:
    write(
        place,
        {
            "deep/kit/method.py": f"{statement}\n{OWN}",
            "deep/kit/blocks.py": "WIDTH = 32\n",
            "deep/kit/other.py": "",
            "deep/kit/unused.py": "",
        },
    )
    before = source_of(imported("deep.kit.method"))
    others = ["deep.kit.other"] if "other" in statement else []
    assert names(before) == ["deep.kit.blocks", "deep.kit.method", *others]
    write(place, {"deep/kit/unused.py": "x = 1\n", "deep/kit/__init__.py": "x = 1\n"})
    assert source_of(imported("deep.kit.method")) == before
    write(place, {"deep/kit/blocks.py": "WIDTH = 64\n"})
    assert source_of(imported("deep.kit.method")) != before


def test_what_is_imported_counts_with_its_own_imports_once_each(place: Path) -> None:
    write(
        place,
        {
            "kit/method.py": f"from . import a, b\n{OWN}",
            "kit/a.py": "from .sub import far\n",
            "kit/b.py": "from kit.a import far\nfrom kit import method\n",
            "kit/sub/far.py": "from kit import a\nx = 1\n",
        },
    )
    before = source_of(imported("kit.method"))
    assert names(before) == ["kit.a", "kit.b", "kit.method", "kit.sub.far"]
    write(place, {"kit/sub/far.py": "from kit import a\nx = 2\n"})
    assert source_of(imported("kit.method")) != before


def test_a_package_counts_where_it_is_imported_itself(place: Path) -> None:
    write(
        place,
        {
            "kit/method.py": f"from kit import WIDTH\n{OWN}",
            "kit/hidden.py": "WIDTH = 3\n",
            "kit/__init__.py": "from .hidden import WIDTH\n",
        },
    )
    assert names(source_of(imported("kit.method"))) == ["kit", "kit.hidden", "kit.method"]


def test_exchanging_two_modules_changes_the_fingerprint(place: Path) -> None:
    write(place, {"kit/method.py": f"from . import a, b\n{OWN}", "kit/a.py": "x = 1\n"})
    write(place, {"kit/b.py": "x = 2\n"})
    before = source_of(imported("kit.method"))
    write(place, {"kit/a.py": "x = 2\n", "kit/b.py": "x = 1\n"})
    assert source_of(imported("kit.method")) != before


def test_what_a_method_inherits_from_counts_with_its_package(place: Path) -> None:
    write(
        place,
        {
            "kit/method.py": "from theirs.base import Base\n\nclass Own(Base):\n    pass\n",
            "theirs/base.py": "from benchmark.method import Method\nfrom .layers import WIDTH\n\n"
            "class Base(Method):\n    width = WIDTH\n",
            "theirs/layers.py": "from another import x\nWIDTH = 3\n",
            "another.py": "x = 1\n",
        },
    )
    assert names(source_of(imported("kit.method"))) == [
        "kit.method",
        "theirs.base",
        "theirs.layers",
    ]


def test_the_standard_library_and_installed_packages_do_not_count(place: Path) -> None:
    write(
        place,
        {
            "kit/method.py": "import json, torch\nimport numpy as np\nimport torch.nn.functional\n"
            "from torch import classes, ops\nfrom scipy import linalg\nfrom abc import ABC\n"
            "from typing import Generic, TypeVar\nfrom benchmark.method import Method\n\n"
            "class Own(Method, ABC, Generic[TypeVar('T')]):\n    pass\n",
        },
    )
    assert names(source_of(imported("kit.method"))) == ["kit.method"]


def test_nothing_is_executed(place: Path) -> None:
    lazy = "def network(self):\n    from .heavy.part import x\n"
    bad = "raise SystemExit('executed')\n"
    write(place, {"kit/method.py": lazy + OWN, "kit/heavy/part.py": bad})
    write(place, {"kit/heavy/__init__.py": bad})
    cls = imported("kit.method")
    known = set(sys.modules)
    assert names(source_of(cls)) == ["kit.heavy.part", "kit.method"]
    assert set(sys.modules) == known


def test_an_import_that_cannot_be_resolved_is_left_out(place: Path) -> None:
    lazy = "def f():\n    from . import gone\n    from .... import up\n    import kit.method.json\n"
    write(place, {"kit/method.py": lazy + OWN})
    assert names(source_of(imported("kit.method"))) == ["kit", "kit.method"]


def test_a_module_without_source_counts_by_its_bytes(place: Path) -> None:
    write(place, {"kit/method.py": f"from . import built\n{OWN}", "kit/built.py": "x = 1\n"})
    source, compiled = place / "kit" / "built.py", place / "kit" / "built.pyc"

    def build(text: str) -> str:
        source.write_text(text)
        py_compile.compile(str(source), str(compiled), doraise=True)
        source.unlink()
        importlib.invalidate_caches()
        return source_of(imported("kit.method"))

    before = build("x = 1\n")
    assert names(before) == ["kit.built", "kit.method"]
    assert before.startswith("kit.built: compiled ")
    assert build("x = 2\n") != before


def test_a_data_set_has_a_fingerprint_like_a_method() -> None:
    discover([DATASETS])
    assert names(source_of(DATASETS.entry("synthetic").cls))[-1] == "datasets.synthetic"
    text = source_of(DATASETS.entry("cave").cls)
    assert "cave_sha256.txt " in text  # a file that its source names
