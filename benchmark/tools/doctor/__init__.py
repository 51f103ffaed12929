"""Check the installation, the machine, the folders and the data, for `run_all.py doctor`.

Checks import what they need inside their functions, and the failure of one does not stop the
others, so that the doctor works on a broken installation.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from benchmark.tools.doctor import folders, installation
from benchmark.tools.doctor.finding import Examination, Finding

__all__ = ["Examination", "Finding", "examine"]


def examine(data: Path, results: Path, cache: Path) -> Examination:
    """Run all checks without changing anything; methods and data sets are registered.

    Args:
        data: the folder that holds the data sets.
        results: the results folder.
        cache: the folder for prepared scenes.
    """
    facts: dict[str, Any] = {}
    checks: dict[str, Callable[[], Iterable[Finding]]] = {
        "packages": installation.packages,
        "modules": installation.modules,
        "environment": partial(_describe, facts),
        "gpu": installation.gpu,
        "methods": partial(installation.plugins, "benchmark.method", "METHODS"),
        "datasets": partial(installation.plugins, "benchmark.dataset", "DATASETS"),
        "results": partial(folders.folder, "results", results),
        "cache": partial(folders.folder, "cache", cache),
        "data": partial(folders.folder, "data", data),
        "damaged cells": partial(folders.damaged_cells, results),
        "data sets": partial(folders.data_sets, data),
    }
    findings = [finding for name, check in checks.items() for finding in _guarded(name, check)]
    return Examination(facts, tuple(findings))


def _guarded(name: str, check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """Run a check; turn an exception into a finding, so that the other checks still run."""
    try:
        yield from check()
    except Exception as error:  # noqa: BLE001 - a broken package raises nearly anything
        remedy = f"{installation.INSTALL}, in a new environment if that does not help"
        yield Finding(name, "error", f"cannot be checked: {type(error).__name__}: {error}", remedy)


def _describe(facts: dict[str, Any]) -> Iterable[Finding]:
    """Collect the environment as stored in cells; `gpu` reports a GPU that fails."""
    from benchmark.engine.machine.device import choose
    from benchmark.engine.machine.environment import describe
    from benchmark.errors import RequestError

    try:
        device = choose("auto")
    except RequestError:
        device = choose("cpu")
    facts.update(describe(device))
    return ()
