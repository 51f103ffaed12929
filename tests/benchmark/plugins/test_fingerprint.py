"""Which modules a method's numbers depend on, and what becomes of them when files change."""

import abc
import importlib
import importlib.util
import py_compile
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Generic, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmark.dataset import DATASETS
from benchmark.errors import RequestError
from benchmark.method import METHODS, Method, NetworkMethod
from benchmark.plugins.discovery import discover, load
from benchmark.plugins.fingerprint import source_of
from tests.benchmark.plugins.reformatting import reformatted
from tests.benchmark.support import examples

T = TypeVar("T")

PLUGIN = """
from torch import nn

from benchmark.method import NetworkMethod, parameter, register


@register("mine", title="Mine")
class Mine(NetworkMethod):
    maps: int = parameter(default=8, help="feature maps", low=1)

    def network(self, problem):
        return nn.Sequential(nn.Conv2d(problem.bands, self.maps, 3, padding=1), nn.ReLU(),
                             nn.Conv2d(self.maps, problem.bands, 3, padding=1))
"""
OWN = "from benchmark.method import Method\n\nclass Own(Method):\n    pass\n"


@pytest.fixture(autouse=True)
def forgetful(
    registries: None, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Forget what the test wrote and imported; no bytecode hides an edit meanwhile."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = set(sys.modules)
    yield
    written = str(tmp_path_factory.getbasetemp())
    for name in set(sys.modules) - before:
        if written in f"{getattr(sys.modules[name], '__spec__', '')}":
            del sys.modules[name]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that Python imports from."""
    folder = tmp_path / "place"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return folder


def write(folder: Path, files: dict[str, str]) -> None:
    """Write files; the folders of packages get their `__init__.py`."""
    for name, text in files.items():
        file = folder / name
        for above in list(file.relative_to(folder).parents)[:-1]:
            (folder / above).mkdir(parents=True, exist_ok=True)
            (folder / above / "__init__.py").touch()
        file.write_text(text, encoding="utf-8")
    importlib.invalidate_caches()


def imported(name: str) -> type:
    """Import a module and all of its package anew, and give its class `Own`."""
    top = name.partition(".")[0]
    for known in [one for one in sys.modules if one.partition(".")[0] == top]:
        del sys.modules[known]
    cls: type = importlib.import_module(name).Own
    return cls


def plugged(file: Path) -> str:
    """Load a plugin file and give the source of its method `mine`."""
    load(file, METHODS)
    return source_of(METHODS.entry("mine").cls)


def names(text: str) -> list[str]:
    """Return the modules that count."""
    return [line.partition(": ")[0] for line in text.splitlines()]


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


def test_a_class_of_a_prompt_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    made: dict[str, type] = {}
    exec("class Own(Method):\n    pass", {"Method": Method}, made)
    assert made["Own"].__module__ == "builtins"
    prompt = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", prompt)
    for cls in (made["Own"], type("Own", (Method,), {"__module__": "__main__"})):
        with pytest.raises(RequestError) as error:
            source_of(cls)
        assert str(error.value) == (
            f"the class Own (in {cls.__module__}) has no source file, so its results "
            "could not be distinguished from those of another version; put it into a .py file and "
            "name that with --plugin"
        )


def test_a_base_of_a_prompt_is_refused_too(place: Path) -> None:
    made: dict[str, type] = {}
    exec("class Base(Method):\n    pass", {"Method": Method}, made)
    write(place, {"kit/method.py": OWN})
    with pytest.raises(RequestError, match=r"class Base \(in builtins\) has no source file"):
        source_of(type("Own", (imported("kit.method"), made["Base"]), {"__module__": "kit.method"}))


def test_builtin_bases_do_not_count() -> None:
    class Plain(Method, abc.ABC, Generic[T], dict[str, int]):
        pass

    assert "tests.benchmark.plugins.test_fingerprint" in names(source_of(Plain))
    assert names(source_of(int)) == []


def test_a_script_is_known_by_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"try_it.py": OWN})
    script = ModuleType("__main__")
    script.__file__ = str(tmp_path / "try_it.py")
    monkeypatch.setitem(sys.modules, "__main__", script)
    cls = type("Own", (Method,), {"__module__": "__main__"})
    assert names(source_of(cls)) == ["try_it"]


def test_what_was_imported_counts_not_what_was_written_since(place: Path) -> None:
    write(place, {"kit/method.py": f"from . import blocks\n{OWN}", "kit/blocks.py": "x = 1\n"})
    cls = imported("kit.method")
    before = source_of(cls)
    write(place, {"kit/blocks.py": "x = 2\n", "kit/method.py": f"{OWN}# broken ("})
    assert source_of(cls) == before
    importlib.reload(sys.modules["kit.blocks"])
    reloaded = source_of(cls)
    assert reloaded != before
    assert "x" in reloaded
    assert names(reloaded) == names(before)


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"def f(:\n", "invalid syntax"), (b"x\0y", "null bytes"), (None, "No such")],
)
def test_a_file_that_is_gone_or_broken_since_is_named(
    place: Path, content: bytes | None, why: str
) -> None:
    write(place, {"kit/method.py": OWN})
    cls = imported("kit.method")
    file = place / "kit" / "method.py"
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(RequestError) as error:
        source_of(cls)
    assert str(error.value).startswith(f"{file} was imported and cannot be read again: ")
    assert why in str(error.value)
    assert "\n" not in str(error.value)


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


@pytest.mark.parametrize(
    ("place", "read"),
    [
        ("gains.json", '"gains.json"'),
        ("weights_x2.npz", 'f"weights_x{scale}.npz"'),
        ("tables/gains.csv", '"tables/gains.csv"'),
        ("tables/gains.csv", '"tables", "gains.csv"'),
        ("tables/gains_x2.csv", '"tables", f"gains_x{scale}.csv"'),
        ("[odd] gains.txt", '"[odd] gains.txt"'),
    ],
)
def test_a_data_file_that_the_source_names_counts(tmp_path: Path, place: str, read: str) -> None:
    late = f"\ndef read(Path, scale):\n    return Path(__file__).parent.joinpath({read})\n"
    write(tmp_path, {"mine.py": PLUGIN + late})
    assert counts(tmp_path, place)


@pytest.mark.parametrize(
    "read",
    [
        "Path('gains.json').read_text()",
        "open('gains.json', 'rb').close()",
        "os.close(os.open('gains.json', os.O_RDONLY))",
        "[file.read_bytes() for file in Path().glob('*.json')]",
    ],
)
def test_a_data_file_that_is_read_at_the_import_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: str
) -> None:
    """Whatever its name comes from, by the plugin or by a module beside it."""
    monkeypatch.chdir(tmp_path)
    lines = f"import os\nfrom pathlib import Path\n{read}\n"
    write(tmp_path, {"mine.py": f"import helper\n{PLUGIN}", "helper.py": lines})
    assert counts(tmp_path, "gains.json")


@pytest.mark.parametrize("line", ["Path('log.txt').touch()", "Path('log.txt').write_text('x')"])
def test_a_file_that_a_method_writes_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    late = f"\ndef late():\n    {line}\n"
    write(tmp_path, {"mine.py": f"from pathlib import Path\n{line}\n{PLUGIN}{late}"})
    assert not counts(tmp_path, "log.txt")


def counts(folder: Path, place: str) -> bool:
    """Return whether a data file counts; others must not."""
    data = folder / place
    data.parent.mkdir(exist_ok=True)
    texts = []
    for content in (b"1", b"2", b"1"):
        data.write_bytes(content)
        texts.append(plugged(folder / "mine.py"))
        (folder / "other.dat").write_text("another file")
    assert texts[2] == texts[0]
    return texts[1] != texts[0]


def test_a_data_file_of_a_helper_counts(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"mine.py": f"import helper\n{PLUGIN}", "helper.py": 'NAME = __file__, "gains.json"\n'},
    )
    assert counts(tmp_path, "gains.json")


def test_texts_that_name_no_file_do_not_matter(tmp_path: Path) -> None:
    lines = ["'/'", "'..'", "'.'", "'*'", "''", "'\\0'", "'a' * 9", "f'{0}'", f"'{'x' * 5000}'"]
    write(tmp_path, {"mine.py": PLUGIN + "\nTEXTS = [__file__, " + ", ".join(lines) + "]\n"})
    before = plugged(tmp_path / "mine.py")
    (tmp_path / "data.json").write_text("1")
    assert plugged(tmp_path / "mine.py") == before


def test_a_data_set_has_a_fingerprint_like_a_method() -> None:
    discover([DATASETS])
    assert names(source_of(DATASETS.entry("synthetic").cls))[-1] == "datasets.synthetic"
    text = source_of(DATASETS.entry("cave").cls)
    assert "cave_sha256.txt " in text  # a file that its source names
