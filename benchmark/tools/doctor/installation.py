"""Is the suite installed as it should be: Python, packages, modules, plugins, checkout."""

import importlib.util
import os
import sys
import tomllib
from collections.abc import Collection, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmark.errors import RequestError, listed
from benchmark.tools.doctor.finding import Finding

MODULES = ("benchmark", "datasets", "methods", "reports")
INSTALL = "pip install -r requirements.txt"


def python(checkout: Path) -> Iterator[Finding]:
    """Compare the running Python with the range of `pyproject.toml`."""
    running = ".".join(str(number) for number in sys.version_info[:3])
    asked = _project(checkout).get("requires-python", "")
    text = f"{running} runs; pyproject.toml asks for {asked or 'any'}"
    try:
        from packaging.specifiers import SpecifierSet
    except ImportError:  # `packages` says what to do
        yield Finding("python", "ok", f"{text}, which was not compared")
        return
    if SpecifierSet(asked).contains(running, prereleases=True):
        yield Finding("python", "ok", text)
    else:
        remedy = f"make an environment with Python {asked} and install there: {INSTALL}"
        yield Finding("python", "error", text, remedy)


def packages(checkout: Path) -> Iterator[Finding]:
    """Compare the installed packages with the ranges of `pyproject.toml`."""
    asked = _project(checkout).get("dependencies", [])
    if not asked:
        where = checkout / "pyproject.toml"
        yield Finding("packages", "warning", f"{where} names none; is the checkout complete?")
        return
    try:
        from packaging.requirements import Requirement
    except ImportError:
        yield Finding(
            "packages",
            "warning",
            "versions were not compared: the package 'packaging' is not installed",
            "pip install packaging",
        )
        return
    sound = []
    for one in map(Requirement, asked):
        if one.marker is not None and not one.marker.evaluate():
            continue
        wanted = f"pyproject.toml asks for {one.specifier or 'any version'}"
        try:
            found = version(one.name)
        except PackageNotFoundError:
            yield Finding(f"package {one.name}", "error", f"not installed; {wanted}", INSTALL)
            continue
        if one.specifier.contains(found, prereleases=True):
            sound.append(f"{one.name} {found}")
        else:
            yield Finding(f"package {one.name}", "error", f"{found} installed; {wanted}", INSTALL)
    if sound:
        yield Finding("packages", "ok", listed(sound, len(sound)))


def _project(checkout: Path) -> dict[str, Any]:
    try:
        with (checkout / "pyproject.toml").open("rb") as stream:
            project: dict[str, Any] = tomllib.load(stream).get("project", {})
    except (OSError, tomllib.TOMLDecodeError):
        return {}
    return project


def modules(checkout: Path) -> Iterator[Finding]:
    """Say of each of the suite's packages whether the checkout's own one is imported.

    Their names are common: another `datasets` is installed on many machines.
    """
    shadowed = False
    for name in MODULES:
        place = _place(name)
        if place is None or place != (checkout / name).resolve():
            shadowed = True
            won = f"{place} is imported" if place else "no such module is found"
            yield Finding(
                f"module {name}",
                "error",
                f"{won} instead of {checkout / name}: {_why(place, checkout)}",
                f"run 'python {checkout / 'run_all.py'}' as a script, without -P or -I, and with "
                "no other folder before the checkout in PYTHONPATH",
            )
    if not shadowed:
        yield Finding("modules", "ok", f"{', '.join(MODULES)} are the checkout's, {checkout}")


def _place(name: str) -> Path | None:
    """Give the folder, or the file, that `import name` takes; imports nothing."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    if spec.origin is None:  # a folder without __init__.py
        folders = list(spec.submodule_search_locations or ())
        return Path(folders[0]).resolve() if folders else None
    file = Path(spec.origin).resolve()
    return file.parent if file.name == "__init__.py" else file


def _why(place: Path | None, checkout: Path) -> str:
    path = [Path(entry).resolve() for entry in sys.path]  # an empty entry is the current folder
    ours = "the checkout stands later" if checkout.resolve() in path else "the checkout is not"
    if place is None:
        return f"{ours} in Python's path"
    named = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if place.parent in [Path(entry).resolve() for entry in named if entry]:
        return f"PYTHONPATH names {place.parent}, and {ours} in Python's path"
    if place.parent == Path.cwd().resolve():
        return f"the current folder is in Python's path, and {ours}"
    return f"it is installed or imported already, and {ours} in Python's path"


def plugins(shadowed: Collection[str]) -> Iterator[Finding]:
    """Import the methods and data sets of the checkout and of installed packages.

    Args:
        shadowed: modules that are not the checkout's, which are left alone.
    """
    from benchmark.dataset import DATASETS
    from benchmark.method import METHODS
    from benchmark.plugins.discovery import discover
    from benchmark.plugins.registry import Registry

    kinds: tuple[Registry[Any], ...] = (METHODS, DATASETS)
    for registry in kinds:
        folder = registry.folder
        if folder in shadowed:
            continue
        try:
            discover([registry])
        except RequestError as error:
            yield Finding(folder, "error", str(error), "no run starts before that is mended")
            continue
        names = [entry.name for entry in registry]
        yield Finding(folder, "ok", f"{len(names)} known: {listed(names, 30)}")


def commit(checkout: Path) -> Iterator[Finding]:
    """Say which commit the cells of a run will name."""
    from benchmark.engine.environment import revision

    state = revision(checkout)
    if state is None:
        yield Finding(
            "git",
            "warning",
            f"no commit is known for {checkout}, so no cell can say which code made it",
            "install git, and take the suite with 'git clone' rather than as an archive",
        )
    elif state.changed:
        text = f"commit {state.commit[:12]} with changes in {state.changed} tracked files"
        remedy = "see 'git status'; cells say dirty, so commit before numbers are published"
        yield Finding("git", "ok", text, remedy)
    else:
        yield Finding("git", "ok", f"commit {state.commit[:12]}, tracked files as committed")
