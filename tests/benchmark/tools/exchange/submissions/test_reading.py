"""What is refused of a submission before anything of it is used."""

import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from safetensors.torch import save

from benchmark.errors import RequestError
from benchmark.store.cells import WEIGHTS
from benchmark.store.remedies import GET_WEIGHTS
from benchmark.tools.exchange.submissions import opened
from tests.benchmark.tools.exchange.submissions.support import (
    Content,
    cell_in,
    edited,
    with_code,
    with_facts,
    with_file,
)
from tests.command_line import CommandLine


def manifest(**facts: object) -> Callable[[Content], None]:
    def change(content: Content) -> None:
        found = json.loads(content["manifest.json"])
        content["manifest.json"] = json.dumps({**found, **facts}).encode()

    return change


def code(**facts: object) -> Callable[[Content], None]:
    return manifest(code={"plugins": [], "modules": [], **facts})


def file(name: str, one: bytes) -> Callable[[Content], None]:
    return lambda content: content.update({name: one})


def form(text: str) -> Callable[[Content], None]:
    return lambda content: with_code(content, "submission.yaml", text.encode())


def failed(content: Content) -> None:
    with_facts(content, lambda facts: facts.update(status="failed", reason="it was NaN"))


def weights(one: bytes) -> Callable[[Content], None]:
    return lambda content: with_file(content, WEIGHTS, one)


def without(name: str) -> Callable[[Content], None]:
    def change(content: Content) -> None:
        del content[(cell_in(content) if name == WEIGHTS else "") + name]

    return change


def twice(content: Content) -> None:
    place = cell_in(content)
    for name in [one for one in content if one.startswith(place)]:
        content[f"cells/again/{name.removeprefix('cells/')}"] = content[name]


def code_files(*names: str) -> Callable[[Content], None]:
    def change(content: Content) -> None:
        for name in names:
            with_code(content, f"code/plugin/{name}", b"x")

    return change


class Shell:
    """Runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("unpickled",)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (without("manifest.json"), "is no submission: it has no submission.yaml and manifest.json"),
        (without("submission.yaml"), "is no submission"),
        (without(WEIGHTS), f"its weights are not there; {GET_WEIGHTS}"),
        (failed, "it failed: it was NaN; repeat its run with --retry-failed, or leave it out"),
        (weights(pickle.dumps(Shell())), "its weights cannot be read: "),
        (weights(save({"a": torch.full((2,), torch.nan)})), "its weights a are not finite"),
        (weights(save({"a": torch.full((2,), torch.nan).to(torch.float8_e4m3fn)})),
         "its weights a are not finite"),
        (file("../../mine.py", b"x"), "'../../mine.py', which leads out of its folder"),
        (file("/etc/mine.py", b"x"), "which leads out of its folder"),
        (file("evil.py", b"x"), "evil.py, which no submission has"),
        (file("cells/evil.py", b"x"), "cells/evil.py, which no submission has"),
        (file("code/plugin/mine.py", b"x"), "code/plugin/mine.py is there and not named"),
        (file("submission.yaml", b"authors: [Me]\nlicence: MIT\npaper: x\n"
              b"not_trained_on_test_scenes: true\n"),
         "submission.yaml does not match its checksum: it was edited"),
        (manifest(format=9), "manifest.json is of 'HSI-SR Bench submission 9', expected"),
        (file("manifest.json", b"[1"), "manifest.json cannot be read"),
        (code(plugins=["mine.py"]), "its manifest names code/plugin/mine.py, which is not there"),
        (code(plugins=["../mine.py"]), "its manifest names code that no submission has"),
        (code(modules=["os.path"]), "its manifest names code that no submission has"),
        (form("authors: Me\n"), "the submission lacks paper, licence, not_trained_on_test_scenes"),
        (form("- 1\n"), "expected entries such as `licence: MIT`"),
        (form("a: !!python/object/apply:os.system [ls]\n"), "is not YAML: "),
        (file("submission.yaml", b"#" * 1_100_000), "submission.yaml is larger than"),
        (twice, "seed0 cannot be unpacked: File exists; submit again"),
        (code_files("mine.py", "mine.py/data"), "mine.py/data cannot be unpacked: "),
        (code_files(f"{'a' * 300}.py"), "cannot be unpacked: File name too long"),
    ],
)  # fmt: skip
def test_a_malformed_or_unsafe_submission_is_refused(
    theirs: CommandLine,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[Content], None],
    reason: str,
) -> None:
    zipped = edited(theirs.folder / "espcn.zip", theirs.folder / "other.zip", change)
    with pytest.raises(RequestError) as error, opened(zipped):
        pass
    assert reason in str(error.value)
    assert "unpickled" not in capsys.readouterr().out
    assert not (theirs.folder.parent.parent / "mine.py").exists()


def test_a_submission_that_was_zipped_again_is_read(theirs: CommandLine) -> None:
    def moved(content: Content) -> None:
        for name in list(content):
            content[f"espcn/{name}"] = content.pop(name)
        content["__MACOSX/espcn/._manifest.json"] = b"x"

    zipped = edited(theirs.folder / "espcn.zip", theirs.folder / "again.zip", moved)
    with opened(zipped) as found:
        assert found.form.authors == ("Jane Doe", "John Doe")
        assert [cell.address.method for cell in found.cells] == ["espcn"]
        folder = found.folder
        assert folder.exists()
    assert not folder.exists()
    assert theirs("import", "again.zip").out.startswith("1 cell added")


def test_an_export_is_no_submission_and_a_missing_file_is_named(theirs: CommandLine) -> None:
    assert theirs("import", "espcn.zip").code == 0
    assert theirs("export", "out.zip", "--weights").code == 0
    answer = theirs("verify", "out.zip")
    assert (answer.code, answer.out) == (2, "")
    assert "`import` takes cells that `export` packed" in answer.err
    assert "no submission at none.zip" in theirs("verify", "none.zip").err


def test_an_import_runs_no_code_and_refuses_an_incomplete_form(theirs: CommandLine) -> None:
    def change(content: Content) -> None:
        with_code(content, "code/plugin/mine.py", b"raise SystemExit('it ran')")

    edited(theirs.folder / "espcn.zip", theirs.folder / "more.zip", change)
    assert theirs("import", "more.zip").code == 0
    edited(theirs.folder / "espcn.zip", theirs.folder / "poor.zip", form("authors: Me\n"))
    answer = theirs("import", "poor.zip", "--results", "others")
    assert answer.code == 2
    assert "the submission lacks paper" in answer.err


def test_records_in_a_zip_count_for_nothing(theirs: CommandLine) -> None:
    def change(content: Content) -> None:
        record = {"format": 1, "computed": {"metrics": ["psnr"], "cell": "0" * 64}}
        place = cell_in(content).rstrip("/").replace("cells/", "cells/.origins/")
        content[f"{place}.json"] = json.dumps(record).encode()

    zipped = edited(theirs.folder / "espcn.zip", theirs.folder / "other.zip", change)
    assert theirs("import", "other.zip").code in (0, 1)
    (file,) = (theirs.results / ".origins").rglob("*.json")
    assert set(json.loads(file.read_text())) == {"format", "submitted"}
    with opened(zipped) as found:
        assert len(found.cells) == 1
