"""A factory of stored cells with chosen scores."""

import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from benchmark.store import cells
from benchmark.store.address import Address

SCENES = ("balloons", "face", "flowers")
START = datetime(2026, 3, 1, 10, tzinfo=UTC)
Make = Callable[..., cells.Cell]


def has_latex() -> bool:
    """Return whether pdflatex is installed, and the packages that the tables need."""
    if shutil.which("pdflatex") is None or shutil.which("kpsewhich") is None:
        return False
    wanted = ["kpsewhich", "booktabs.sty", "siunitx.sty", "geometry.sty"]
    return subprocess.run(wanted, capture_output=True, check=False).returncode == 0


needs_latex = pytest.mark.skipif(not has_latex(), reason="pdflatex or siunitx is not installed")


def scores_csv(rows: Sequence[Mapping[str, object]]) -> bytes:
    """Return scores as the engine stores them."""
    lines = [",".join(rows[0]), *(",".join(str(value) for value in row.values()) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


def scored(psnr: float, sam: float, scenes: Sequence[str] = SCENES) -> list[dict[str, object]]:
    """Return one row per scene, spread evenly around the means."""
    middle = (len(scenes) - 1) / 2
    return [
        {
            "scene": scene,
            "psnr": psnr + (index - middle),
            "sam": sam + 0.5 * (index - middle),
            "sam_float": sam - 0.25,
            "ssim": 0.9 + psnr / 1000,
            "ergas": 100 / psnr,
            "rmse": 200 / psnr,
            "skipped": index,
        }
        for index, scene in enumerate(scenes)
    ]


def described(name: str, **facts: object) -> dict[str, object]:
    """Return the facts of a metric, as a cell lists them."""
    usual = {"title": name.upper(), "unit": "", "digits": 4, "higher": True, "meaning": ""}
    return {"name": name, **usual, "main": False, **facts}


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return a function that stores one cell below `tmp_path`."""

    # One cell after another: cells that ran at the same time are named in the head.
    times = (START + index * timedelta(minutes=13) for index in count())

    def maker(
        method: str = "srcnn",
        scale: int = 2,
        seed: int = 0,
        psnr: float = 35.0,
        sam: float = 4.0,
        *,
        dataset: str = "cave",
        protocol: str = "wang2017",
        profile: str = "standard",
        title: str | None = None,
        published: str = "",
        status: str = "done",
        reason: str = "",
        warnings: Sequence[str] = (),
        rows: Sequence[Mapping[str, object]] | None = None,
        trained: bool = True,
        curve: Sequence[Mapping[str, object]] | None = None,
        date: str = "",
        device: str = "NVIDIA H200",
        depends: Mapping[str, str] | None = None,
        environment: Mapping[str, object] | None = None,
        configuration: Mapping[str, object] | None = None,
        training: Mapping[str, object] | None = None,
        metrics: object = None,
        settings: Mapping[str, object] | None = None,
        fit_s: float = 754.0,
        upscale_s: float = 0.125,
        **data: Any,
    ) -> cells.Cell:
        facts: dict[str, Any] = {
            "key": "0" * 64,
            "depends": {"numerics": "a", "test": "a", "recipe": method, **(depends or {})},
            "status": status,
            "reason": reason,
            "configuration": {
                "method": {
                    "name": method.partition("[")[0],
                    "title": title or method.partition("[")[0].upper(),
                    "paper": "",
                    "published": published,
                    "parameters": {},
                },
                "dataset": {
                    "name": dataset.partition("[")[0],
                    "title": "CAVE",
                    "synthetic": False,
                    "remark": "",
                    "subset": False,
                    "trained_on": ["cave"],
                    "train": ["beads", "cd", "clay", "cloth"],
                    "validation": ["hairs", "paints"],
                    "test": list(SCENES),
                    **data,
                },
                "protocol": {
                    "name": protocol,
                    "summary": f"the summary of {protocol}",
                    **(settings or {}),
                },
                "profile": {"name": profile, "summary": f"the summary of {profile}"},
                "recipe": {"steps": 10} if trained else None,
                "engine": 2,
                **(configuration or {}),
            },
            "environment": {"device": device, **(environment or {})},
            "parameters": 57281 if trained else 0,
            "times": {"fit_s": fit_s if trained else 0.0, "upscale_s": upscale_s},
            "memory": {"peak_bytes": 1},
            "warnings": list(warnings),
            "date": date or next(times).isoformat(),
        }
        if metrics is not None:
            facts["metrics"] = metrics
        if training is not None:
            facts["training"] = dict(training)
        address = Address(dataset, protocol, profile, scale, method, seed)
        files = {}
        if status == "done":
            files["scores.csv"] = scores_csv(rows or scored(psnr, sam))
        if curve is not None:
            files["training.csv"] = scores_csv(curve)
        return cells.write(tmp_path, address, facts, files)

    return maker


def typed(text: str) -> str:
    """Replace typographic signs by ASCII, so that tests are readable."""
    signs = {"\N{MULTIPLICATION SIGN}": "x", "\N{MINUS SIGN}": "-", "\N{EN DASH}": "--"}
    return text.translate({ord(sign): key for sign, key in signs.items()})
