"""Checks of Python, packages, the checkout's modules, plugins, and the GPU."""

import importlib
import importlib.util
import os
import platform
import shutil
import tomllib
import warnings
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark import CHECKOUT
from benchmark.errors import RequestError, listed
from benchmark.tools.doctor.finding import Finding

if TYPE_CHECKING:
    from benchmark.plugins.registry import Registry

MODULES = ("benchmark", "datasets", "methods", "reports")
INSTALL = "pip install -r requirements.txt"
TORCH = "install another build of torch: https://pytorch.org/get-started/locally/"


def packages() -> Iterator[Finding]:
    """Compare Python and the installed packages with the ranges of `pyproject.toml`."""
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

    text = (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    python, required = platform.python_version(), project["requires-python"]
    if not SpecifierSet(required).contains(python, prereleases=True):
        remedy = f"create an environment with Python {required}, then {INSTALL}"
        yield Finding("python", "error", f"{python} is running, {required} is required", remedy)
    valid = []
    for one in map(Requirement, project["dependencies"]):
        if one.marker is not None and not one.marker.evaluate():
            continue
        try:
            found = version(one.name)
        except PackageNotFoundError:
            found = ""
        if found and one.specifier.contains(found, prereleases=True):
            valid.append(f"{one.name} {found}")
        else:
            text = f"{found or 'nothing'} is installed, {one.specifier or 'any'} is required"
            yield Finding(f"package {one.name}", "error", text, INSTALL)
    yield Finding("packages", "ok", f"Python {python}, {', '.join(valid)}")


def modules() -> Iterator[Finding]:
    """Check that imports find this checkout's modules, not others of the same name.

    A well-known package is also called `datasets`.
    """
    for name in MODULES:
        if (origin := _other_origin(name)) is not None:
            yield Finding(
                f"module {name}",
                "error",
                f"import {name} finds {origin or 'nothing'} instead of {CHECKOUT / name}",
                f"run 'python {CHECKOUT / 'run_all.py'}' as a script, without -P or -I, and remove "
                "other folders from PYTHONPATH",
            )


def _other_origin(name: str) -> str | None:
    """Return the origin of a module that is not the checkout's, "" if not found; else None."""
    spec = importlib.util.find_spec(name)  # imports nothing
    if spec is None:
        return ""
    origin = spec.origin or next(iter(spec.submodule_search_locations or ()), "")
    return None if Path(origin).resolve() == CHECKOUT / name / "__init__.py" else origin


def plugins(module: str, name: str) -> Iterator[Finding]:
    """Import the plugins of one kind, of the checkout and of installed packages.

    Args:
        module: of their registry.
        name: of the registry in it.
    """
    from benchmark.plugins.discovery import discover

    registry: Registry[Any] = getattr(importlib.import_module(module), name)
    if _other_origin(registry.folder) is not None:  # reported by `modules`
        return
    try:
        discover([registry])
    except RequestError as error:
        yield Finding(registry.folder, "error", str(error), "fix it before the next run")
    else:
        names = sorted(entry.name for entry in registry)
        yield Finding(registry.folder, "ok", f"{len(names)} registered: {listed(names, 30)}")


def gpu() -> list[Finding]:
    """Compute on every GPU that torch sees, or report why it sees none."""
    import torch

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if torch.cuda.is_available():
            return [_compute(index) for index in range(torch.cuda.device_count())]
    return [_no_gpu("".join(f"; torch warns: {one.message}" for one in caught[:1]))]


def _compute(index: int) -> Finding:
    import torch

    try:
        known = torch.cuda.get_device_properties(index)
        torch.ones(1, device=f"cuda:{index}").add(1).cpu()
    except (RuntimeError, AssertionError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        remedy = f"see nvidia-smi for what occupies it, {TORCH}, or use --device cpu"
        return Finding(f"gpu {index}", "error", f"cannot compute: {reason}", remedy)
    return Finding(f"gpu {index}", "ok", f"{known.name}, {known.total_memory / 2**30:.1f} GiB")


def _no_gpu(warning: str) -> Finding:
    import torch

    from benchmark.engine.machine.environment import nvidia_driver

    nodes = sorted(Path("/dev").glob("nvidia[0-9]*"))
    sign = nodes[0] if nodes else shutil.which("nvidia-smi")
    if sign is None:
        return Finding("gpu", "ok", "no NVIDIA GPU found; networks run on the CPU")
    built = torch.version.cuda
    text = f"{sign} shows an NVIDIA GPU, but torch {torch.__version__}, built "
    text += f"for CUDA {built}, sees none" if built else "without CUDA, cannot use it"
    text += f"; driver {nvidia_driver() or 'unknown'}{warning}"
    remedy = f"install a driver for CUDA {built} or newer, check the permissions of /dev/nvidia*, "
    remedy = remedy + "and start a container with its GPUs" if built else TORCH
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "0")
    # A value that starts with neither an index nor an identifier of a GPU hides them all.
    if not visible.startswith(("GPU-", "MIG-", *"0123456789")):
        remedy = f"unset CUDA_VISIBLE_DEVICES, now '{visible}', if that was not intended"
        return Finding("gpu", "warning", text, remedy)
    return Finding("gpu", "error" if nodes else "warning", text, remedy)
