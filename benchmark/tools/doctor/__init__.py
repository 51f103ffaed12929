"""What is installed, which device there is, where the data are, and what is wrong with it."""

import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmark import CHECKOUT
from benchmark.tools.doctor import installation
from benchmark.tools.doctor.finding import Finding, wrapped

__all__ = ["Examination", "Finding", "examine"]


_Check = Callable[[], Iterable[Finding]]


@dataclass(frozen=True)
class Examination:
    """What `examine` found.

    Attributes:
        environment: as every cell stores it; empty where the engine cannot be imported.
        findings: in the order in which they are shown.
    """

    environment: dict[str, Any]
    findings: tuple[Finding, ...]

    @property
    def failed(self) -> bool:
        """Whether any finding is an error."""
        return any(finding.level == "error" for finding in self.findings)

    def lines(self) -> list[str]:
        """Write it down for a terminal."""
        shown = ["Environment"]
        for name, value in self.environment.items():
            shown += wrapped(f"  {name:<16}  ", "none" if value is None else str(value))
        shown.append("Findings")
        for finding in self.findings:
            shown += finding.lines()
        errors, notes = self._count("error"), self._count("warning")
        shown.append(f"{errors} error{'s' * (errors != 1)}, {notes} warning{'s' * (notes != 1)}")
        return shown

    def as_dict(self) -> dict[str, Any]:
        """Give it for `--json`: environment, findings, and how many are errors and warnings."""
        return {
            "environment": self.environment,
            "findings": [asdict(finding) for finding in self.findings],
            "errors": self._count("error"),
            "warnings": self._count("warning"),
        }

    def _count(self, level: str) -> int:
        return sum(finding.level == level for finding in self.findings)


def examine(data: Path, results: Path, cache: Path) -> Examination:
    """Look at the installation, the folders and the machine; nothing is changed.

    It registers the methods and data sets itself, and works where packages are missing: then
    it says so and looks no further.

    Args:
        data: the folder that holds the data sets.
        results: the results folder.
        cache: the folder for prepared scenes.
    """
    found = list(
        _checked(
            python=partial(installation.python, CHECKOUT),
            packages=partial(installation.packages, CHECKOUT),
            modules=partial(installation.modules, CHECKOUT),
        )
    )
    try:
        from benchmark.engine import environment
        from benchmark.engine.device import choose
        from benchmark.errors import RequestError
        from benchmark.tools.doctor import hardware, scenes, storage
    except Exception as error:  # noqa: BLE001 - a broken package raises nearly anything
        text = f"it cannot be imported: {type(error).__name__}: {error}"
        remedy = f"{installation.INSTALL}, in a fresh environment if that does not help"
        return Examination({}, (*found, Finding("engine", "error", text, remedy)))

    shadowed = {one.name.removeprefix("module ") for one in found if one.level == "error"}
    found += _checked(
        plugins=partial(installation.plugins, shadowed),
        git=partial(installation.commit, CHECKOUT),
        gpu=hardware.gpu,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `gpu` has told what torch warns of
        try:
            device = choose("auto")
        except RequestError as error:
            found.append(Finding("device", "error", str(error), "--device cpu does without"))
            device = choose("cpu")
        facts = environment.describe(device)
    writable = {"results": results, "cache": cache}
    folders = {**writable, "data": data}
    found += _checked(
        precision=partial(hardware.precision, device),
        threads=hardware.threads,
        load=hardware.load,
        memory=hardware.memory,
        **{option: partial(storage.folder, option, path) for option, path in folders.items()},
        space=partial(storage.space, folders),
        file_system=partial(storage.file_systems, writable),
        leftovers=partial(storage.leftovers, results, cache),
        damaged=partial(storage.damaged, results),
        data_sets=partial(scenes.data_sets, data),
    )
    return Examination(facts, tuple(found))


def _checked(**checks: _Check) -> Iterator[Finding]:
    """Run checks; one that fails itself is a finding too, and the others still run."""
    for name, check in checks.items():
        try:
            yield from check()
        except Exception as error:  # noqa: BLE001 - the sick machine is what it is made for
            text = f"this could not be looked at: {type(error).__name__}: {error}"
            yield Finding(name.replace("_", " "), "error", text)
