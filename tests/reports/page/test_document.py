"""The HTML file without a browser: its policy, its data, and escaped names."""

import base64
import hashlib
import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from benchmark.store.cells import cells, write
from reports.page import write_page
from reports.page.document import embedded, policy
from reports.page.facts import finite, words
from reports.writers.files import write_tables
from tests.reports.analysis.comparison.support import SEVEN, marks, stored
from tests.reports.analysis.provenance.test_machines import NOTE, mixed
from tests.reports.conftest import Make, scored
from tests.reports.page.conftest import Report, written
from tests.reports.test_hostile import HOSTILE


class Parts(HTMLParser):
    """Parse a page into its tags and the content of its scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.blocks: list[tuple[dict[str, str | None], str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.cdata_elem == self.tags[-1][0]:
            self.blocks.append((self.tags[-1][1], data))


def facts_of(page: Path) -> dict[str, Any]:
    """Read the data that a page holds."""
    text = page.read_text(encoding="utf-8")
    block = re.search(r'<script type="application/json" id="facts">(.*?)</script>', text, re.DOTALL)
    assert block is not None
    found: dict[str, Any] = json.loads(block[1])
    return found


def test_the_numbers_are_those_of_the_cells(report: Report) -> None:
    facts = facts_of(report.page)
    checked = 0
    for section in facts["sections"]:
        for method in section["methods"]:
            for place in method["places"]:
                for metric, mean in place["means"].items():
                    stored = [report.cells[number] for number in place["cells"]]
                    tables = [
                        one.scores().set_index("scene") for one in stored if one.status == "done"
                    ]
                    if not tables:
                        assert mean["value"] is None
                        continue
                    seeds = [float(table[metric].mean()) for table in tables]
                    assert mean["value"] == pytest.approx(sum(seeds) / len(seeds), abs=1e-12)
                    values = zip(section["scenes"], place["scores"][metric], strict=True)
                    for scene, value in values:
                        if scene not in tables[0].index:  # the cell says that it was tested on it
                            assert value is None
                            continue
                        known = [float(table.loc[scene, metric]) for table in tables]
                        assert value == pytest.approx(sum(known) / len(known), abs=1e-12)
                        checked += 1
    assert checked > 100


def test_a_mean_says_over_how_many_scenes_and_seeds_it_is(make: Make, tmp_path: Path) -> None:
    gap = [{**row, "sam": math.nan if row["scene"] == "face" else 4.0} for row in scored(36.0, 4.0)]
    without = [{name: row[name] for name in ("scene", "psnr", "sam")} for row in gap]
    make("vdsr", seed=0)
    make("vdsr", seed=1, rows=without)
    make("vdsr", seed=2, status="failed", reason="no")
    make("srcnn", rows=gap)
    (section,) = facts_of(write_page(tmp_path, list(cells(tmp_path))).path)["sections"]
    found = {
        (method["title"], name): (mean["scenes"], mean["seeds"])
        for method in section["methods"]
        for name, mean in method["places"][0]["means"].items()
    }
    assert found["VDSR", "psnr"] == ("3", 2)
    assert found["VDSR", "sam"] == ("2 to 3", 2)
    assert found["VDSR", "ssim"] == ("3", 1)
    assert found["SRCNN", "sam"] == ("2", 1)


def test_every_cell_is_there_with_its_provenance(report: Report) -> None:
    told = facts_of(report.page)["cells"]
    assert len(told) == len(report.cells)
    folder = report.page.parent.parent
    for one, cell in zip(told, report.cells, strict=True):
        assert folder / Path(one["path"]).relative_to("results") == cell.folder
        assert one["key"] == cell.facts["key"]
        assert one["status"] == cell.status
        assert one["device"] == cell.facts["environment"]["device"]
        assert one["date"] == cell.facts["date"]


def test_states_and_reasons_are_there(report: Report) -> None:
    (section,) = [
        one for one in facts_of(report.page)["sections"]
        if (one["dataset"], one["profile"]) == ("cave", "standard")
    ]  # fmt: skip
    states = {
        (method["label"], scale): (place["state"], place["why"])
        for method in section["methods"]
        for scale, place in zip(section["scales"], method["places"], strict=True)
    }
    assert states["broken", 2] == ("failed", "RuntimeError: out of memory")
    assert states["srcnn", 3] == ("missing", "not run: no cell is stored")
    assert states["vdsr", 3] == ("done", "")


def test_marks_and_remarks_are_those_of_the_tables(make: Make, tmp_path: Path) -> None:
    stored(make, SEVEN)
    (section,) = write_tables(tmp_path, "cave").sections
    (shown,) = facts_of(written(tmp_path).page)["sections"]
    assert shown["remarks"] == list(section.grids[0].remarks)
    assert dict(shown["head"]) == dict(section.provenance)
    found = {
        method["title"]: tuple(
            method["places"][0]["means"][one]["marks"] for one in ("psnr", "sam")
        )
        for method in shown["methods"]
    }
    assert found == marks(section)
    assert set(found.values()) == {("", ""), ("≈", ""), ("∘", "")}


def test_cells_of_another_machine_are_named_and_noted(make: Make, tmp_path: Path) -> None:
    made = mixed(make, tmp_path)
    facts = facts_of(written(tmp_path).page)
    (section,) = facts["sections"]
    assert section["notes"] == list(made.sections[0].notes) == [NOTE]
    noted = {one["label"]: one["places"][0]["means"]["psnr"]["notes"] for one in section["methods"]}
    assert noted == {"bicubic": [], "srcnn": [], "espcn": [], "vdsr": [1]}
    assert {one["method"]: one["elsewhere"] for one in facts["cells"]} == {
        "bicubic": "", "srcnn": "", "espcn": "", "vdsr": NOTE
    }  # fmt: skip


def test_the_policy_fits_the_script_and_the_style_and_forbids_the_rest(report: Report) -> None:
    parts = Parts(report.page.read_text(encoding="utf-8"))
    (said,) = [
        one["content"] for tag, one in parts.tags
        if tag == "meta" and one.get("http-equiv") == "Content-Security-Policy"
    ]  # fmt: skip
    (script,) = [
        text for attributes, text in parts.blocks if not attributes and "use strict" in text
    ]
    (style,) = [text for attributes, text in parts.blocks if not attributes and ":root" in text]
    assert said == policy(style, script)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in said
    assert said.startswith("default-src 'none'")
    assert "unsafe" not in said
    assert "http" not in said


def test_nothing_in_the_file_points_elsewhere(report: Report) -> None:
    parts = Parts(report.page.read_text(encoding="utf-8"))
    for tag, attributes in parts.tags:
        for name in ("src", "href", "action", "srcset", "style", "data"):
            assert (attributes.get(name) or "#").startswith("#"), (tag, attributes)
        assert not any(name.startswith("on") for name in attributes)
        assert tag not in ("link", "base", "iframe", "object", "embed", "img")
    own = [text for attributes, text in parts.blocks if not attributes]
    for text in own:
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|@import|url\(", text)
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)
        assert not re.search(r"fetch\(|XMLHttpRequest|WebSocket|sendBeacon|importScripts", text)


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_words_stay_within_the_data(make: Make, tmp_path: Path, what: str) -> None:
    evil = HOSTILE[what]
    make("good", 2, psnr=31.0)
    make("evil", 2, title=evil, published=evil, warnings=[evil], remark=evil, device=evil,
         date=evil, rows=scored(30.0, 5.0, ["face", "x"]))  # fmt: skip
    make("broken", 2, status="failed", reason=evil, title=evil)
    page = write_page(tmp_path, list(cells(tmp_path))).path
    parts = Parts(page.read_text(encoding="utf-8"))
    tags = [tag for tag, _ in parts.tags]
    plain = Parts((Path(__file__).parents[3] / "reports/page/assets/page.html").read_text())
    assert [tag for tag in tags if tag != "script"] == [
        tag for tag, _ in plain.tags if tag != "script"
    ]
    assert tags.count("script") == 2
    facts = facts_of(page)
    failed = next(one for one in facts["cells"] if one["status"] == "failed")
    assert failed["reason"] == words(evil)
    assert failed["reason"].isprintable()


def test_script_ends_and_comments_cannot_leave_the_data() -> None:
    text = embedded({"a": "</script><!-- & \u2028"})
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"a": "</script><!-- & \u2028"}


def test_no_folder_of_the_machine_is_named(make: Make, tmp_path: Path) -> None:
    where = f"cannot open {tmp_path}/weights/model.bin (see '/home/someone/x y/log.txt')"
    make("srcnn", 2, warnings=[where])
    make("broken", 2, status="failed", reason=where)
    made = written(tmp_path, damaged=[f"{tmp_path}/cave/cell.json is no cell"], without=where).page
    text = made.read_text(encoding="utf-8")
    assert str(tmp_path) not in text
    assert tmp_path.name not in text
    assert "/home/someone" not in text
    assert "model.bin" in text
    assert facts_of(made)["damaged"] == ["results/cave/cell.json is no cell"]


def test_texts_are_one_line_without_folders() -> None:
    assert words("/home/me/data/x.png is\n\u202emissing") == "x.png is missing"
    assert words("3 s/image, see https://example.org/a") == "3 s/image, see https://example.org/a"


def test_numbers_that_json_lacks_are_written() -> None:
    values = (1.5, float("inf"), float("-inf"), float("nan"), None, "x", True)
    found = [finite(value) for value in values]
    assert found == [1.5, "Infinity", "-Infinity", None, None, None, None]
    assert finite(10**400) == 10**400  # beyond any float, as another program may write


def test_a_perfect_scene_and_one_without_a_score_differ(make: Make, tmp_path: Path) -> None:
    good = scored(30.0, 5.0)
    good[0]["psnr"] = "inf"
    good[1]["psnr"] = ""
    make("srcnn", 2, rows=good)
    facts = facts_of(written(tmp_path).page)
    (method,) = facts["sections"][0]["methods"]
    assert sorted(map(str, method["places"][0]["scores"]["psnr"])) == ["31.0", "Infinity", "None"]
    assert len(list(cells(tmp_path))) == 1


def test_facts_of_the_wrong_kind_do_not_end_the_page(make: Make, tmp_path: Path) -> None:
    """Another program may have written a cell."""
    cell = make("srcnn", test=7)
    facts = {name: cell.facts[name] for name in cell.facts if name not in ("sums", "seal")}
    scores = (cell.folder / "scores.csv").read_bytes()
    wrong = {**facts, "warnings": 3, "environment": "a machine", "date": 5, "memory": []}
    write(tmp_path, cell.address, wrong, {"scores.csv": scores})
    assert write_page(tmp_path, list(cells(tmp_path))).size > 10_000
