"""What comes from a file is never run: no unpickling, no evaluating, no unpacking by itself.

Plugins are code and run as such; the README says so. Everything else is data.
"""

import ast
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from benchmark import CHECKOUT

SOURCES = sorted(
    [
        *(
            file
            for folder in ("benchmark", "datasets", "methods", "reports")
            for file in (CHECKOUT / folder).rglob("*.py")
        ),
        *CHECKOUT.glob("*.py"),
    ]
)

# Functions by their whole names, whatever a module calls them.
NEVER = {
    *("eval", "exec", "compile", "builtins.eval", "builtins.exec", "builtins.compile"),
    *("pickle.load", "pickle.loads", "pickle.Unpickler", "pandas.read_pickle", "joblib.load"),
    *("dill.load", "dill.loads", "cloudpickle.load", "cloudpickle.loads", "marshal.load"),
    *("marshal.loads", "shelve.open", "jsonpickle.decode"),
    *("yaml.load", "yaml.load_all", "yaml.unsafe_load", "yaml.unsafe_load_all", "yaml.full_load"),
    *("torch.jit.load", "torch.hub.load", "torch.hub.load_state_dict_from_url"),
    *("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"),
    *("shutil.unpack_archive", "tempfile.mktemp"),
    # Its process may die of a damaged file; see WORKER.
    *("scipy.io.loadmat", "scipy.io.whosmat", "scipy.io.matlab.loadmat"),
}
# Methods by their last names, of any object.
NEVER_ON_ANYTHING = {"extractall", "extract", "read_pickle", "unsafe_load"}
# The module that runs in a process of its own, where a damaged file harms nobody else.
WORKER = "benchmark/data/formats/matlab_worker.py"
IN_A_WORKER = {"scipy.io.loadmat", "scipy.io.whosmat"}


def names_of(tree: ast.AST) -> dict[str, str]:
    """Return what a module's imports call what: local name to full name."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                names[name.asname or name.name.partition(".")[0]] = (
                    name.name if name.asname else name.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom):
            for name in node.names:
                names[name.asname or name.name] = f"{node.module}.{name.name}"
    return names


def whole_name(node: ast.expr, names: dict[str, str]) -> str:
    """Return the full dotted name of what is called, if it has one."""
    if isinstance(node, ast.Attribute):
        return f"{whole_name(node.value, names)}.{node.attr}"
    return names.get(node.id, node.id) if isinstance(node, ast.Name) else ""


def says(call: ast.Call, keyword: str, value: object) -> bool:
    """Return whether a call has this keyword with this very value."""
    return any(
        one.arg == keyword and isinstance(one.value, ast.Constant) and one.value.value is value
        for one in call.keywords
    )


def has(call: ast.Call, *keywords: str | None) -> bool:
    """Return whether a call has one of these keywords; None is what stars bring in unseen."""
    return any(one.arg in keywords for one in call.keywords)


def made_there(call: ast.Call, names: dict[str, str]) -> bool:
    """Return whether a call unpickles what it pickles itself, in the same expression."""
    return [
        whole_name(inner.func, names) for inner in call.args if isinstance(inner, ast.Call)
    ] == ["pickle.dumps"]


def dangers(source: str, allowed: Collection[str] = ()) -> Iterator[str]:
    """List where a source text would run, or unpack unseen, what a file says."""
    tree = ast.parse(source)
    names = names_of(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = whole_name(node.func, names)
        last = name.rpartition(".")[2]
        found = (
            (name in NEVER and not (name == "pickle.loads" and made_there(node, names)))
            or (
                isinstance(node.func, ast.Attribute)
                and node.func.attr in NEVER_ON_ANYTHING
                # A function that checks every member.
                and not (node.func.attr == "extractall" and has(node, "filter"))
            )
            or (name == "torch.load" and not says(node, "weights_only", True))
            or (name == "numpy.load" and not says(node, "allow_pickle", False))
            or (has(node, "allow_pickle") and not says(node, "allow_pickle", False))
            or (has(node, "shell", None) and name.startswith("subprocess."))
        )
        if found and name not in allowed:
            yield f"line {node.lineno} calls {name or last}"


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.relative_to(CHECKOUT).as_posix())
def test_no_file_is_run_unpickled_or_unpacked_unseen(file: Path) -> None:
    allowed = IN_A_WORKER if file == CHECKOUT / WORKER else ()
    assert list(dangers(file.read_text(encoding="utf-8"), allowed)) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import pickle\npickle.load(f)", ["line 2 calls pickle.load"]),
        ("import pickle as p\np.loads(b)", ["line 2 calls pickle.loads"]),
        ("from pickle import loads as get\nget(b)", ["line 2 calls pickle.loads"]),
        ("import pickle\npickle.Unpickler(f).load()", ["line 2 calls pickle.Unpickler"]),
        ("import pickle\npickle.loads(pickle.dumps(x))", []),
        ("import pickle\npickle.loads(dumps(x))", ["line 2 calls pickle.loads"]),
        ("import pickle\npickle.dumps(x)", []),
        ("import torch\ntorch.load(f)", ["line 2 calls torch.load"]),
        ("import torch\ntorch.load(f, weights_only=False)", ["line 2 calls torch.load"]),
        ("import torch\ntorch.load(f, weights_only=safe)", ["line 2 calls torch.load"]),
        ("import torch\ntorch.load(f, map_location='cpu', weights_only=True)", []),
        ("def f():\n    from torch import load\n    load(f)", ["line 3 calls torch.load"]),
        ("import numpy as np\nnp.load(f)", ["line 2 calls numpy.load"]),
        ("import numpy as np\nnp.load(f, allow_pickle=False)", []),
        ("from numpy.lib import npyio\nnpyio.NpzFile(f, allow_pickle=True)",
         ["line 2 calls numpy.lib.npyio.NpzFile"]),
        ("import numpy as np\nnp.load(f, **options)", ["line 2 calls numpy.load"] ),
        ("eval(text)", ["line 1 calls eval"]),
        ("exec(text)", ["line 1 calls exec"]),
        ("network.eval()", []),
        ("import re\nre.compile(text)", []),
        ("import subprocess\nsubprocess.run(text, shell=True)", ["line 2 calls subprocess.run"]),
        ("import subprocess\nsubprocess.run([text])", []),
        ("import os\nos.system(text)", ["line 2 calls os.system"]),
        ("archive.extractall(place)", ["line 1 calls archive.extractall"]),
        ("archive.extractall(place, filter=check)", []),
        ("open_it().extract(name)", ["line 1 calls .extract"]),
        ("archive.extractfile(name)", []),
        ("import yaml\nyaml.load(f)", ["line 2 calls yaml.load"]),
        ("import yaml\nyaml.safe_load(f)", []),
        ("from scipy.io import loadmat\nloadmat(f)", ["line 2 calls scipy.io.loadmat"]),
        ("import scipy.io\nscipy.io.loadmat(f)", ["line 2 calls scipy.io.loadmat"]),
    ],
)  # fmt: skip
def test_the_checker_of_dangers_finds_what_it_should(source: str, found: list[str]) -> None:
    assert list(dangers(source)) == found


def test_everything_is_looked_at() -> None:
    names = {file.relative_to(CHECKOUT).as_posix() for file in SOURCES}
    assert {
        "run_all.py",
        "benchmark/store/cells.py",
        "benchmark/data/archives/zips.py",
        "methods/srcnn.py",
    } <= names
