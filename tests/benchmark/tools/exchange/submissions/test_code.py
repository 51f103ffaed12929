"""The code of a submission: which files it is, and which of them are foreign."""

from pathlib import Path

import pytest

from benchmark.errors import RequestError
from benchmark.execution.registries import REGISTRIES
from benchmark.method import METHODS
from benchmark.plugins.discovery import discover, load
from benchmark.tools.exchange.submissions.code import Code, collect, foreign

discover(REGISTRIES)
PLUGIN = '''
from pathlib import Path

from benchmark.method import Method, register
from helper import gain
from methods._blocks.means import __name__ as used

GAINS = Path(__file__).with_name("gains.txt")


@register("mine", title="Mine", paper="Me, 2026")
class Mine(Method):
    """A gain."""

    def upscale(self, low, problem, state):
        return gain(low)
'''


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a plugin file with a module, a data file, and what is not its own beside it."""
    monkeypatch.setattr(METHODS, "_entries", dict(METHODS._entries))
    file = tmp_path / "mine.py"
    file.write_text(PLUGIN)
    (tmp_path / "helper.py").write_text("def gain(x):\n    return x\n")
    (tmp_path / "gains.txt").write_text("1 2 3")
    (tmp_path / "secret.txt").write_text("not for others")
    (tmp_path / "other.py").write_text("unused = True\n")
    return file


def test_the_files_of_the_fingerprint_are_packed_and_no_others(plugin: Path) -> None:
    load(plugin, *REGISTRIES)
    code = collect([METHODS.make("mine")])
    assert (code.plugins, code.modules) == (["mine.py"], [])
    assert set(code.files) == {
        "code/plugin/mine.py",
        "code/plugin/helper.py",
        "code/plugin/gains.txt",
        "code/checkout/methods/_blocks/means.py",
    }
    assert code.files["code/plugin/gains.txt"] == b"1 2 3"
    assert set(foreign(code)) == {name for name in code.files if "/plugin/" in name}


def test_the_code_of_this_checkout_is_not_foreign_unless_it_was_changed() -> None:
    code = collect([METHODS.make("srcnn")])
    assert code.modules == ["methods.srcnn"]
    assert "code/checkout/methods/srcnn.py" in code.files
    assert foreign(code) == []
    changed = dict(code.files)
    changed["code/checkout/methods/srcnn.py"] += b"\n"
    assert foreign(Code(changed, [], code.modules)) == ["code/checkout/methods/srcnn.py"]


def test_a_file_elsewhere_is_refused(plugin: Path, tmp_path: Path) -> None:
    away = tmp_path / "away"
    away.mkdir()
    (plugin.parent / "helper.py").rename(away / "helper.py")
    plugin.write_text(f"import sys\n\nsys.path.append({str(away)!r})\n{PLUGIN}")
    inner = plugin.parent / "inner"
    inner.mkdir()
    moved = plugin.rename(inner / "mine.py")
    load(moved, *REGISTRIES)
    with pytest.raises(RequestError, match="is outside the folder of the plugin that uses it"):
        collect([METHODS.make("mine")])
