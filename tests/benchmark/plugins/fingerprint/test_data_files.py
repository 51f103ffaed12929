"""The data files that a source names count in its fingerprint, those it writes do not."""

from pathlib import Path

import pytest

from tests.benchmark.plugins.fingerprint.support import PLUGIN, plugged, write


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
