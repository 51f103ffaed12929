"""Importing a plugin leaves the process as it was, and what it changed is known."""

import builtins
import gc
import json
import locale
import math
import os
import random
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from benchmark.engine.machine.device import Device
from benchmark.engine.machine.torch_state import numeric_state
from benchmark.engine.scoring import scene as scoring
from benchmark.engine.training.profiles import PROFILES
from benchmark.method import METHODS
from benchmark.plugins import discovery
from benchmark.plugins.isolation import Contents, process_kept


def _numpy_state() -> np.ndarray:
    state: dict[str, Any] = np.random.get_state(legacy=False)  # noqa: NPY002
    key: np.ndarray = state["state"]["key"]
    return key


def _nesting() -> int:
    torch.autocast_increment_nesting()
    return torch.autocast_decrement_nesting()


def _gradient() -> torch.Tensor:
    values = torch.ones(1, requires_grad=True)
    return torch.autograd.grad((values * values).sum(), values)[0]


# What a plugin may do at its top, a probe of the state, and the name of what it changes.
NAMED: dict[str, tuple[str, Callable[[], Any], str]] = {
    "float64": (
        "torch.set_default_dtype(torch.float64)",
        torch.get_default_dtype,
        "the default type of torch",
    ),
    "no gradients": (
        "torch.set_grad_enabled(False)",
        torch.is_grad_enabled,
        "torch's recording of gradients",
    ),
    "default device": (
        "torch.set_default_device('meta')",
        lambda: torch.zeros(1).device.type,
        "the default device of torch",
    ),
    "threads": (
        "torch.set_num_threads(torch.get_num_threads() + 1)",
        torch.get_num_threads,
        "the number of torch's threads",
    ),
    "lower precision": (
        "torch.set_float32_matmul_precision('medium')",
        torch.get_float32_matmul_precision,
        "torch.backends.cuda.matmul.allow_tf32",
    ),
    "a hook of all modules": (
        "torch.nn.modules.module.register_module_forward_hook(lambda *_: torch.zeros(1))",
        lambda: float(torch.nn.ReLU()(torch.ones(1))),
        "torch's hooks of all modules",
    ),
    "sums in half precision": (
        "torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False",
        lambda: torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction,
        "torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction",
    ),
    "autocast entered": (
        "torch.autocast('cpu').__enter__()",
        lambda: (torch.is_autocast_enabled("cpu"), _nesting()),
        "torch's contexts of autocast",
    ),
    "hooks of saved tensors": (
        "torch.autograd.graph.saved_tensors_hooks(lambda t: t * 0, lambda t: t).__enter__()",
        lambda: float(_gradient()),
        "torch's hooks of saved tensors",
    ),
    "a device entered": (
        "torch.device('meta').__enter__()",
        lambda: torch.zeros(1).device.type,
        "torch's function modes",
    ),
    "a mode of functions entered": (
        "torch.overrides.BaseTorchFunctionMode().__enter__()",
        torch._C._len_torch_function_stack,
        "torch's function modes",
    ),
    "a mode of operators entered": (
        "from torch.utils.flop_counter import FlopCounterMode\nFlopCounterMode().__enter__()",
        torch._C._len_torch_dispatch_stack,
        "torch's dispatch modes",
    ),
    "folder": ("os.chdir('/')", Path.cwd, "the working folder"),
    "recursion": (
        "sys.setrecursionlimit(5000)",
        sys.getrecursionlimit,
        "the recursion limit",
    ),
    "numpy errors": (
        "np.seterr(all='raise')",
        np.geterr,
        "numpy's treatment of errors",
    ),
    "garbage": ("gc.disable()", gc.isenabled, "the garbage collector"),
    "locale": (
        "locale.setlocale(locale.LC_ALL, 'C.UTF-8')",
        lambda: locale.setlocale(locale.LC_ALL),
        "the locale",
    ),
    "a function of torch": (
        "functional.conv2d = lambda *_: 0",
        lambda: functional.conv2d,
        "torch.nn.functional.conv2d",
    ),
    "one function by another": ("torch.relu = torch.tanh", lambda: torch.relu, "torch.relu"),
    "a method of tensors": (
        "torch.Tensor.sum = lambda *_: 0",
        lambda: torch.Tensor.sum,
        "torch.Tensor.sum",
    ),
    "a method of tensors removed": (
        "torch.Tensor.mean = None",
        lambda: torch.Tensor.mean,
        "torch.Tensor.mean",
    ),
    "a layer's method": (
        "torch.nn.Conv2d.forward = lambda *_: 0",
        lambda: torch.nn.Conv2d.forward,
        "torch.nn.Conv2d.forward",
    ),
    "a method of a layer's base class": (
        "torch.nn.modules.conv._ConvNd.reset_parameters = lambda _: None",
        lambda: torch.nn.modules.conv._ConvNd.reset_parameters,
        "torch.nn.modules.conv._ConvNd.reset_parameters",
    ),
    "a schedule": (
        "torch.optim.lr_scheduler.LambdaLR.step = lambda _: None",
        lambda: torch.optim.lr_scheduler.LambdaLR.step,
        "torch.optim.lr_scheduler.LambdaLR.step",
    ),
    "a module": (
        "sys.modules['torch.nn.functional'] = None",
        lambda: sys.modules["torch.nn.functional"],
        "sys.modules['torch.nn.functional']",
    ),
    "how results are written": ("json.dumps = str", lambda: json.dumps, "json.dumps"),
    "the clock": ("time.perf_counter = float", lambda: time.perf_counter, "time.perf_counter"),
    "a table of the engine": (
        "PROFILES['quick'] = PROFILES['standard']",
        lambda: dict(PROFILES),
        "benchmark.engine.training.profiles.PROFILES",
    ),
    "a table of the engine emptied": (
        "PROFILES.clear()",
        lambda: dict(PROFILES),
        "benchmark.engine.training.profiles.PROFILES",
    ),
    "a function of numpy": ("np.round = np.floor", lambda: np.round, "numpy.round"),
    "a builtin": ("builtins.sum = lambda *_: 0", lambda: builtins.sum, "builtins.sum"),
    "mathematics": ("math.sqrt = lambda _: 0", lambda: math.sqrt, "math.sqrt"),
    "the scorer": (
        "scoring.score = lambda *_: 99",
        lambda: scoring.score,
        "benchmark.engine.scoring.scene.score",
    ),
    "the engine's class": (
        "Device.autocast = lambda _: None",
        lambda: Device.autocast,
        "benchmark.engine.machine.device.Device.autocast",
    ),
}
# The same for what many libraries do: it is restored, and not worth a word.
COMMON: dict[str, tuple[str, Callable[[], Any]]] = {
    "environment": ("os.environ['OMP_NUM_THREADS'] = '7'; del os.environ['PATH']", lambda: (
        os.environ.get("OMP_NUM_THREADS"), os.environ["PATH"])),
    "path": ("sys.path.insert(0, '/')", lambda: list(sys.path)),
    "output": ("sys.stdout = sys.stderr", lambda: sys.stdout),
    "arguments": ("sys.argv = []", lambda: list(sys.argv)),
    "arguments emptied": ("sys.argv.clear()", lambda: list(sys.argv)),
    "warnings": ("warnings.simplefilter('ignore')", lambda: list(warnings.filters)),
    "signals": (
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
        lambda: signal.getsignal(signal.SIGTERM),
    ),
    "seed of Python": ("random.seed(1)", random.getstate),
    "seed of numpy": ("np.random.seed(1)", lambda: _numpy_state().tolist()),
    "seed of torch": ("torch.manual_seed(1)", lambda: torch.get_rng_state().tolist()),
}  # fmt: skip
IMPORTS = """
import builtins, gc, json, locale, math, os, random, signal, sys, time, warnings
import numpy as np
import torch
from torch.nn import functional
from benchmark.engine.machine.device import Device
from benchmark.engine.training.profiles import PROFILES
from benchmark.engine.scoring import scene as scoring
"""
PLUGIN = """
from benchmark.method import Method, register

@register("mine", title="Mine", paper="Me")
class Mine(Method):
    def upscale(self, low, problem, state):
        return low
"""


@pytest.fixture(autouse=True)
def kept(registries: None) -> Iterator[None]:
    """Restore what a failing test leaves behind."""
    with numeric_state():
        yield


def imported(folder: Path, text: str) -> list[str]:
    """Import a plugin that does something at its top; return what that changed."""
    file = folder / "mine.py"
    file.write_text(IMPORTS + text + PLUGIN)
    discovery.load(file, METHODS)
    return discovery.changes(METHODS.entry("mine"))


@pytest.mark.parametrize(("text", "probe", "name"), NAMED.values(), ids=NAMED)
def test_what_would_change_others_is_undone_and_named(
    tmp_path: Path, text: str, probe: Callable[[], Any], name: str
) -> None:
    before = probe()
    assert name in imported(tmp_path, text)
    assert probe() == before


@pytest.mark.parametrize(("text", "probe"), COMMON.values(), ids=COMMON)
def test_what_libraries_commonly_change_is_undone_without_a_word(
    tmp_path: Path, text: str, probe: Callable[[], Any]
) -> None:
    before = probe()
    assert imported(tmp_path, text) == []
    assert probe() == before


def test_an_import_that_fails_is_undone_too(tmp_path: Path) -> None:
    text = "torch.set_default_dtype(torch.float64)\nraise ValueError"
    with pytest.raises(Exception, match="cannot be imported: ValueError"):
        imported(tmp_path, text)
    assert torch.get_default_dtype() == torch.float32


def test_a_quiet_import_changes_nothing(tmp_path: Path) -> None:
    assert imported(tmp_path, "torch.zeros(3).sum(); np.zeros(3).sum()") == []


def test_blocks_that_share_copies_notice_what_only_a_later_one_changes() -> None:
    contents, relu = Contents(), torch.relu
    quick, pixels = PROFILES["quick"], torch.nn.Conv2d.forward
    for change, name in (
        (lambda: None, ""),
        (lambda: setattr(torch, "relu", torch.tanh), "torch.relu"),
        (lambda: None, ""),
        (lambda: PROFILES.pop("quick"), "benchmark.engine.training.profiles.PROFILES"),
        (lambda: setattr(torch.nn.Conv2d, "forward", None), "torch.nn.Conv2d.forward"),
        (lambda: delattr(torch, "relu"), "torch.relu"),
    ):
        with process_kept(contents) as changed:
            change()
        assert changed.all == [name] * bool(name)
        assert torch.relu is relu
        assert PROFILES["quick"] is quick
        assert torch.nn.Conv2d.forward is pixels


def test_blocks_that_share_copies_notice_changes_of_modules_that_they_import(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What one block imports, or adds, belongs to what the next must leave as it is."""
    contents, name = Contents(), "benchmark.brand_new"
    module = ModuleType(name)
    vars(module)["gain"] = lambda: 2
    with process_kept(contents):
        monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.setattr(scoring, "added", lambda: 2, raising=False)
    kept = vars(module)["gain"], vars(scoring)["added"]
    with process_kept(contents) as changed:
        vars(module)["gain"] = vars(scoring)["added"] = lambda: 3
    assert set(changed.all) == {f"{name}.gain", f"{scoring.__name__}.added"}
    assert (vars(module)["gain"], vars(scoring)["added"]) == kept


def test_a_librarys_own_wrapper_stays() -> None:
    """Torch wraps its functions when parts of it are imported; that must not be undone."""
    namespace = {"former": torch.relu}
    code = "def wrapper(*args):\n    return former(*args)\n"
    exec(compile(code, str(Path(torch.__file__).parent / "part.py"), "exec"), namespace)
    former = torch.relu
    try:
        with process_kept() as changed:
            torch.relu = namespace["wrapper"]
        assert changed.all == []
        assert torch.relu is namespace["wrapper"]
    finally:
        torch.relu = former
