"""Where the source of a class is: in a file, in what was imported, or nowhere."""

import abc
import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Generic, TypeVar

import pytest

from benchmark.errors import RequestError
from benchmark.method import Method
from benchmark.plugins.fingerprint import source_of
from tests.benchmark.plugins.fingerprint.support import OWN, imported, names, write

T = TypeVar("T")


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

    assert "tests.benchmark.plugins.fingerprint.test_sources" in names(source_of(Plain))
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
