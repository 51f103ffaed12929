"""Modules beside a plugin file: found, its own, and part of its fingerprint."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmark.errors import RequestError
from benchmark.method import METHODS
from benchmark.plugins.discovery import discover, load, load_origins, origin
from benchmark.plugins.fingerprint import source_of

discover([METHODS])

PLUGIN = """
from benchmark.method import Method, register
{imports}

@register("{name}", title="Mine", paper="Me")
class Mine(Method):
    def upscale(self, low, problem, state):
        {late}
        return {value}
"""


@pytest.fixture(autouse=True)
def clean(registries: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forget what a test registers and imports; leave no compiled files."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = dict(sys.modules)
    yield
    for name in set(sys.modules) - set(before):
        del sys.modules[name]


def written(
    folder: Path,
    helpers: dict[str, str],
    imports: str = "",
    value: str = "0",
    *,
    name: str = "mine",
    late: str = "pass",
) -> Path:
    """Write a plugin file and the modules beside it."""
    folder.mkdir(exist_ok=True)
    for place, text in helpers.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_text(text)
    file = folder / f"{name}.py"
    file.write_text(PLUGIN.format(imports=imports, name=name, late=late, value=value))
    return file


def value_of(name: str = "mine") -> Any:
    """Call the method, which returns a value of its helper."""
    made: Any = METHODS.make(name)
    return made.upscale(None, None, {})


def modules_of(name: str = "mine") -> list[str]:
    """Name the modules of a method's fingerprint."""
    lines = source_of(METHODS.entry(name).cls).splitlines()
    return [line.partition(": ")[0] for line in lines]


IMPORTS = [
    ("import helper", "helper.GAIN"),
    ("import helper as h", "h.GAIN"),
    ("from helper import GAIN", "GAIN"),
    ("from helper import *", "GAIN"),
    ("import kit.helper", "kit.helper.GAIN"),
    ("import kit.helper as h", "h.GAIN"),
    ("import kit.inner.helper", "kit.inner.helper.GAIN"),
    ("from kit import helper", "helper.GAIN"),
    ("from kit.inner.helper import GAIN", "GAIN"),
    ("import bare.helper", "bare.helper.GAIN"),
    ("from . import helper", "helper.GAIN"),
    ("from .kit.helper import GAIN", "GAIN"),
]


@pytest.mark.parametrize(
    ("imports", "value", "late"),
    # Inside a function Python does not allow a star.
    [(*one, late) for one in IMPORTS for late in (False, True) if not (late and "*" in one[0])],
)
def test_a_module_beside_a_plugin_is_found_by_every_import(
    tmp_path: Path, imports: str, value: str, late: bool
) -> None:
    gain = "GAIN = 7\n"
    helpers = {
        "helper.py": gain,
        "kit/__init__.py": "",
        "kit/helper.py": gain,
        "kit/inner/__init__.py": "",
        "kit/inner/helper.py": gain,
        "bare/helper.py": gain,
    }
    before = list(sys.path)
    file = written(tmp_path, helpers, "" if late else imports, value, late=imports if late else "0")
    load(file, METHODS)
    assert value_of() == 7
    assert sys.path == before
    assert "helper" not in sys.modules
    assert "kit" not in sys.modules
    counted = modules_of()
    assert "mine" in counted
    assert any(one.rpartition(".")[2] == "helper" for one in counted)


def test_helpers_of_one_name_are_two_modules(tmp_path: Path) -> None:
    for folder, gain in (("a", 1), ("b", 2)):
        helpers = {
            "helper.py": "import deeper\nfrom deeper import GAIN\n",
            "deeper.py": f"GAIN = {gain}\n",
        }
        late = "import late"
        helpers["late.py"] = f"MORE = {10 * gain}\n"
        load(
            written(
                tmp_path / folder,
                helpers,
                "import helper",
                "helper.GAIN + late.MORE",
                name=f"mine_{folder}",
                late=late,
            ),
            METHODS,
        )
    assert (value_of("mine_a"), value_of("mine_b")) == (11, 22)
    one, other = (source_of(METHODS.entry(name).cls) for name in ("mine_a", "mine_b"))
    assert modules_of("mine_a") == ["deeper", "helper", "late", "mine_a"]
    assert one.replace("mine_a", "mine_b") != other


def test_a_helper_is_read_anew_with_its_plugin(tmp_path: Path) -> None:
    file = written(tmp_path, {"helper.py": "GAIN = 1\n"}, "import helper", "helper.GAIN")
    load(file, METHODS)
    before = source_of(METHODS.entry("mine").cls)
    (tmp_path / "helper.py").write_text("GAIN = 2\n")
    load(file, METHODS)
    assert value_of() == 2
    assert source_of(METHODS.entry("mine").cls) != before


def test_a_folder_that_the_plugin_adds_to_the_path_works_and_stays_its_own(tmp_path: Path) -> None:
    imports = "import sys, os\nsys.path.insert(0, os.path.join(os.path.dirname(__file__), 'lib'))\n"
    before = list(sys.path)
    for folder, gain in (("a", 1), ("b", 2)):
        helpers = {"lib/blocks.py": f"GAIN = {gain}\n", "lib/late.py": f"MORE = {10 * gain}\n"}
        file = written(
            tmp_path / folder,
            helpers,
            imports + "import blocks",
            "blocks.GAIN + late.MORE",
            name=f"mine_{folder}",
            late="import late",
        )
        load(file, METHODS)
    assert (value_of("mine_a"), value_of("mine_b")) == (11, 22)
    assert modules_of("mine_a") == ["blocks", "late", "mine_a"]
    assert sys.path == before


def test_folders_elsewhere_with_modules_of_one_name_do_not_mix(tmp_path: Path) -> None:
    for folder, gain in (("a", 1), ("b", 2)):
        (tmp_path / f"lib_{folder}").mkdir()
        (tmp_path / f"lib_{folder}" / "far_blocks.py").write_text(f"GAIN = {gain}\n")
        imports = f"import sys\nsys.path.insert(0, {str(tmp_path / f'lib_{folder}')!r})\n"
        file = written(
            tmp_path / folder, {}, imports + "import far_blocks", "far_blocks.GAIN",
            name=f"mine_{folder}",
        )  # fmt: skip
        load(file, METHODS)
    assert (value_of("mine_a"), value_of("mine_b")) == (1, 2)
    assert modules_of("mine_a") == ["far_blocks", "mine_a"]


def test_names_of_the_suite_and_of_python_mean_what_they_mean_everywhere(tmp_path: Path) -> None:
    helpers = dict.fromkeys(("random.py", "torch.py", "numpy.py", "benchmark/__init__.py"), "1 / 0")
    imports = "import random, torch, numpy\nfrom benchmark.method import Problem\n"
    load(written(tmp_path, helpers, imports, "7"), METHODS)
    assert value_of() == 7
    assert modules_of() == ["mine"]


def test_a_helper_that_is_missing_or_broken_is_named(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="ModuleNotFoundError: No module named 'helper_gone'"):
        load(written(tmp_path, {}, "import helper_gone"), METHODS)
    with pytest.raises(RequestError, match="ZeroDivisionError"):
        load(written(tmp_path, {"helper.py": "1 / 0\n"}, "import helper"), METHODS)


def test_a_method_that_a_helper_registers_comes_from_the_plugin(tmp_path: Path) -> None:
    inner = PLUGIN.format(imports="", name="inner", late="pass", value="1")
    file = tmp_path / "outer.py"
    (tmp_path / "inner.py").write_text(inner)
    file.write_text("import inner\n")
    for _ in range(2):
        load(file, METHODS)
        assert origin(METHODS, "inner") == {"file": str(file)}


def test_a_method_by_itself_and_through_another_plugin_has_one_fingerprint(tmp_path: Path) -> None:
    base = written(tmp_path, {"helper.py": "GAIN = 1\n"}, "import helper", "helper.GAIN")
    load(base, METHODS)
    alone = source_of(METHODS.entry("mine").cls)
    load(written(tmp_path, {}, "from mine import Mine as Base", "2", name="other"), METHODS)
    assert source_of(METHODS.entry("mine").cls) == alone
    assert modules_of("other") == ["helper", "mine", "other"]


def test_another_process_imports_what_a_class_comes_from_and_nothing_else(tmp_path: Path) -> None:
    load(written(tmp_path, {}, value="7"), METHODS)
    place = origin(METHODS, "mine")
    del METHODS._entries["mine"]
    load_origins([place], METHODS)
    assert value_of() == 7
    assert origin(METHODS, "bicubic") == {"module": "methods.bicubic"}
