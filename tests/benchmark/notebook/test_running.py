"""Runs from Python: the cells of the command line, and methods that are Python objects."""

import inspect
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import typer
from torch import nn

import benchmark
import run_all
from benchmark import CHECKOUT, Custom, Run, results, run
from benchmark.engine.training.profiles import PROFILES
from benchmark.errors import RequestError
from benchmark.method import METHODS
from benchmark.notebook.reading import COLUMNS
from tests.benchmark.tools.exchange.support import address, put
from tests.command_line import SCENES, SMALL, CommandLine


@pytest.fixture
def go(hsisr: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run methods at x3 by the profile `tiny`, in this process, in an empty folder."""
    monkeypatch.chdir(hsisr.folder)
    for name in ("HSISR_DATA", "HSISR_CACHE"):
        monkeypatch.delenv(name, raising=False)
    quick = PROFILES["quick"]
    tiny = replace(quick, name="tiny", patches=16, patch=16, batch=8, epochs=1)
    monkeypatch.setitem(PROFILES, "tiny", tiny)

    def go(methods: object, **options: Any) -> Run:
        known: dict[str, Any] = {"scenes": SCENES.split(","), "profile": "tiny", "in_process": True}
        return run(methods, SMALL, 3, **known | options)

    return go


def repeated(low: np.ndarray[Any, Any], scale: int) -> np.ndarray[Any, Any]:
    assert type(low) is np.ndarray
    assert (low.dtype, low.shape) == (np.float32, (5, 16, 14))
    assert low.min() >= 0
    assert low.max() <= 1
    return low.repeat(scale, 1).repeat(scale, 2)


def as_tensor(low: torch.Tensor, scale: int) -> torch.Tensor:
    assert isinstance(low, torch.Tensor)
    return low.repeat_interleave(scale, 1).repeat_interleave(scale, 2)


class Net(nn.Module):
    """Three bands more than enough."""

    def __init__(self, bands: int, scale: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(bands, bands * scale**2, 1), nn.PixelShuffle(scale))

    def forward(self, low: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self.body(low)
        return made


def test_python_and_the_command_line_share_cells(go: Any, hsisr: CommandLine) -> None:
    first = go(["bicubic", "wiener[joint=true]"])
    assert len(first.done) == 2
    answer = hsisr.tiny("bicubic,wiener[joint=true]", "--json")
    assert sorted(answer.json()["found"]) == sorted(first.done)
    again = go("wiener[joint=true],bicubic")
    assert (again.done, len(again.found), again.failures) == ([], 2, {})
    assert list(again.table.index) == ["Wiener [joint=true]", "Bicubic"]  # as asked
    cell = hsisr.cells()["bicubic 0"]
    assert cell["environment"]["command"] == "benchmark.run"
    assert cell["request"]["methods"] == ["bicubic", "wiener[joint=true]"]


def test_functions_and_networks_run_beside_named_methods(go: Any) -> None:
    torch.manual_seed(0)
    made = go(
        [
            "bicubic", repeated, as_tensor, Net,
            {"instance": Net(5, 3), "fixed": Custom(Net(5, 3), train=False)},
            {"full": Custom(lambda bands: nn.Conv2d(bands, bands, 1), inputs="upscaled")},
            {"one": Custom(lambda: nn.Conv2d(1, 1, 1), inputs="upscaled", bandwise=True)},
        ]
    )  # fmt: skip
    assert made.failures == {}
    names = ["Bicubic", "repeated", "as_tensor", "Net", "instance", "fixed", "full", "one"]
    assert list(made.table.index) == names
    scores = made.scores.set_index(["method", "metric"])["value"]
    assert scores["repeated", "psnr"] == scores["as_tensor", "psnr"]
    trained = {cell.address.method: cell.facts["training"] is not None for cell in made.cells}
    assert [name for name in trained if trained[name]] == ["Net", "instance", "full", "one"]
    assert not any(entry.name == "Net" for entry in METHODS)  # forgotten after the run


def test_a_function_may_name_its_image_anywhere(go: Any) -> None:
    def behind(scale: int, low: torch.Tensor) -> torch.Tensor:
        return as_tensor(low, scale)

    def by_name(*, low: Any, scale: int) -> Any:
        return repeated(low, scale)

    def first(low: Any, /, scale: int) -> Any:
        return repeated(low, scale)

    made = go([repeated, behind, by_name, first])
    assert made.failures == {}
    assert len(set(made.table["PSNR (dB)", "x3"])) == 1


def test_two_inputs_may_be_a_list(go: Any) -> None:
    class Both(nn.Module):
        def __init__(self, bands: int) -> None:
            super().__init__()
            self.layer = nn.Conv2d(bands, bands, 1)

        def forward(self, low: torch.Tensor, upscaled: torch.Tensor) -> torch.Tensor:
            return torch.add(upscaled + self.layer(upscaled), 0 * low.mean())

    for inputs in (["low", "upscaled"], ("low", "upscaled")):
        made = go({"both": Custom(Both, inputs=inputs)})
        assert made.failures == {}
    assert len(made.found) == 1


def test_whole_numbers_of_numpy_are_whole_numbers(go: Any) -> None:
    assert len(go("bicubic", seeds=np.int64(0)).done) == 1


def test_an_object_is_found_again_only_while_it_is_the_same(go: Any) -> None:
    def make(gain: float) -> Any:
        def mine(low: Any, scale: int) -> Any:
            return gain * low.repeat(scale, 1).repeat(scale, 2)

        return mine

    assert len(go(make(1.0)).done) == 1
    assert len(go(make(1.0)).found) == 1
    changed = go(make(0.5))
    assert (len(changed.done), len(changed.found)) == (1, 0)
    assert len(list(Path("results/.superseded").rglob("cell.json"))) == 1


def test_what_cannot_be_compared_is_computed_in_every_run(
    go: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    noise = np.random.default_rng(0)

    def noisy(low: Any, scale: int) -> Any:
        return low.repeat(scale, 1).repeat(scale, 2) + 0 * noise.random(1, np.float32)

    assert len(go(noisy).done) == 1
    assert len(go(noisy).done) == 1
    note = "note: noisy is computed in every run: it depends on a Generator, which cannot be"
    assert note in capsys.readouterr().err


def test_a_method_that_fails_costs_its_row(go: Any) -> None:
    made = go(["bicubic", {"small": lambda low: low, "none": lambda low: low.sort()}])
    assert list(made.table.index) == ["Bicubic"]
    reasons = {title.split()[0]: why for title, why in made.failures.items()}
    assert (
        reasons["small"] == "ValueError: the estimate has shape (5, 16, 14), expected (5, 48, 40)"
    )
    assert reasons["none"].startswith("TypeError: upscale returned None, expected a tensor")
    page = made._repr_html_()
    assert "<table" in page
    assert "expected (5, 48, 40)" in page
    assert "1 cell computed, 0 found, 2 failed; in results" in str(made)


def test_markup_in_a_message_is_escaped(go: Any) -> None:
    def bad(low: Any) -> Any:
        raise ValueError("<b>no</b>")

    assert "&lt;b&gt;no&lt;/b&gt;" in go(bad)._repr_html_()


@pytest.mark.parametrize(
    ("methods", "message"),
    [
        ("srcn", "unknown method 'srcn'; did you mean srcnn"),
        (3, "int: expected a torch.nn.Module, a class or function that builds one, or a fun"),
        ([dict], "dict: expected a torch.nn.Module, .* found the class dict"),
        (lambda low: low, "a lambda has no name .* methods={'mine': lambda ...}"),
        ({"srcnn": repeated}, "there is a method 'srcnn'; give yours another name: methods={'my_"),
        ([repeated, {"repeated": Net}], "two methods are named 'repeated'"),
        ({"a b": repeated}, "expected the name of a method, found 'a b'; write it with letters"),
        (nn.Conv2d, "Conv2d: its class needs in_channels, out_channels, kernel_size; expected par"),
        (
            {"x": lambda low, high: low + high},
            "x: expected a function of the low-resolution image, and",
        ),
        (
            {"x": lambda low, bands: low[:bands]},
            "x: expected a function of the low-resolution image, and",
        ),
        ({"x": Custom(repeated, inputs="high")}, "x: expected 'low', 'upscaled' or both"),
        (
            {"x": Custom(Net, inputs=[{}])},  # type: ignore[list-item]
            "x: expected 'low', 'upscaled' or both in a list",
        ),
        ({"x": Custom(repeated, inputs=("low", "upscaled"))}, "x: two inputs are for networks"),
        ({"x": Custom(Net, train=False)}, "x: train=False needs a module with its weights"),
    ],
)
def test_what_is_no_method_is_refused_in_one_line(go: Any, methods: Any, message: str) -> None:
    with pytest.raises(RequestError, match=re.escape(message).replace(r"\.\*", ".*")):
        go(methods)


def test_options_of_clusters_are_checked(go: Any) -> None:
    with pytest.raises(RequestError, match="partition needs on='slurm'"):
        go("bicubic", partition="x")
    with pytest.raises(RequestError, match="colour is not an option"):
        go("bicubic", colour="x")
    with pytest.raises(RequestError, match=r"scale is not an option; did you mean scales"):
        go("bicubic", scale=2)
    with pytest.raises(RequestError, match="repeated is given as a Python object, which is"):
        go(repeated, on="slurm")


@pytest.mark.parametrize("value", [None, 2.0])
def test_values_that_are_no_list_are_refused_in_one_line(go: Any, value: Any) -> None:
    with pytest.raises(RequestError, match=f"^seeds: expected a text, a whole .*, found {value}$"):
        go("bicubic", seeds=value)


def test_every_option_of_the_command_line_is_one_of_run() -> None:
    command = typer.main.get_command(run_all.app)
    own = inspect.signature(run).parameters
    names = {max(one.opts, key=len)[2:].replace("-", "_"): one for one in command.params}
    of_a_call = {"config", "print_config", "plan", "json", "help"}
    cluster = {"ray_address", "workers", "gpus_per_cell", "scratch", "partition", "gpus", "cpus",
               "mem", "time", "at_most", "slurm", "submit"}  # fmt: skip
    assert set(names) - of_a_call - cluster == set(own) - {"quiet", "cluster"}
    assert all(name in (run.__doc__ or "") for name in cluster)
    for name in set(own) & set(names) - {"data", "cache", "plugin"}:
        assert own[name].default == names[name].default, name


def test_results_are_one_table(go: Any) -> None:
    go(["bicubic", "wiener", {"small": lambda low: low}], seeds=[0])
    scores = results("results")
    assert tuple(scores.columns) == COLUMNS
    assert set(scores["scene"]) == {"leaves04"}
    psnr = scores[(scores.method == "wiener") & (scores.metric == "psnr")].iloc[0]
    assert (psnr["unit"], psnr["higher_is_better"], psnr["title"]) == ("dB", True, "Wiener")
    assert (str(scores["scale"].dtype), str(scores["value"].dtype)) == ("int64", "float64")
    stored = pd.read_csv(next(Path("results").rglob("wiener/seed0/scores.csv")))
    assert psnr["value"] == stored["psnr"][0]
    # Two cells of one test scene. The number of pixels that SAM leaves out is no metric.
    assert set(stored) == {"scene", "skipped", *scores["metric"]}
    assert len(scores) == 2 * (len(stored.columns) - 2)


def test_methods_of_one_title_are_told_apart_and_not_averaged(go: Any) -> None:
    titled = {"Back-projection": repeated}
    apart = ["Back-projection (back_projection)", "Back-projection (Back-projection)"]
    made = go(["back_projection[iterations=1]", "back_projection", titled])
    assert list(made.table.index) == ["Back-projection [iterations=1]", *apart]
    psnr = made.scores.query("metric == 'psnr'").set_index("title")["value"]
    assert set(psnr.index) == set(made.table.index)
    assert made.table["PSNR (dB)", "x3"].to_dict() == psnr.to_dict()


def test_no_results_and_damaged_cells_are_said(go: Any, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"no results in nowhere; make them with run"):
        results("nowhere")
    go(["bicubic", "wiener"])
    next(Path("results").rglob("wiener/seed0/scores.csv")).write_text("scene,psnr\nx,1\n")
    with pytest.warns(UserWarning, match="left out: .*scores.csv does not match its checksum"):
        assert set(results("results")["method"]) == {"bicubic"}


def test_a_cell_of_version_0_3_is_left_out(tmp_path: Path) -> None:
    put(tmp_path, metrics=[])
    put(tmp_path, address("bicubic"))  # without a list of metrics
    with pytest.warns(UserWarning, match="left out: .*does not say which metrics it has"):
        assert set(results(tmp_path)["method"]) == {"espcn"}


def test_columns_are_documented() -> None:
    page = (CHECKOUT / "docs" / "start" / "python.md").read_text(encoding="utf-8")
    for name in COLUMNS:
        assert f"`{name}`" in (results.__doc__ or "")
        assert f"`{name}`" in page


def test_importing_the_package_stays_light() -> None:
    code = (
        "import sys, benchmark; from benchmark import CHECKOUT; "
        "print({'torch', 'numpy', 'pandas', 'typer'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("set()\n", "")
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        benchmark.nothing  # noqa: B018
