"""The house keeps its walls: who may import whom, and what every source file owes its reader."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
OURS = {"benchmark", "datasets", "methods", "reports", "run_all", "tests"}
LONGEST = 280  # lines; a file that outgrows it does two things

# English words that the engine needs for something else than a plugin's name.
WORDS = {"bicubic", "synthetic", "proposed"}


# The command line's own files, which alone may import typer.
COMMANDS = (
    "benchmark/cli/catalogue.py",
    "benchmark/cli/options.py",
    "reports/cli.py",
    "reports/cli.py",
)


@dataclass(frozen=True)
class Wall:
    """What one folder may import: of ours only these modules, of others all but those."""

    ours: tuple[str, ...]
    never: frozenset[str] = frozenset()


_SHARED = (
    "benchmark.errors",
    "benchmark.dataset",
    "benchmark.plugins.parameters",
    "benchmark.plugins.registry",
)
WALLS = {
    "datasets": Wall((*_SHARED, "datasets"), frozenset({"torch", "typer"})),
    "methods": Wall(("benchmark.method", "methods"), frozenset({"typer", "pandas", "h5py"})),
    "benchmark": Wall(("benchmark",), frozenset({"typer"})),
    "reports": Wall(
        ("benchmark.store.files", "benchmark.store.cells", "benchmark.errors", "reports"),
        frozenset({"torch", "typer"}),
    ),
}
SOURCES = [
    *(file for folder in WALLS for file in sorted((CHECKOUT / folder).rglob("*.py"))),
    CHECKOUT / "run_all.py",
]


def shown(file: Path) -> str:
    """Name a file by its place in the checkout."""
    return file.relative_to(CHECKOUT).as_posix()


def imported(tree: ast.AST, package: str) -> Iterator[tuple[int, str]]:
    """Give every import anywhere in a module as (line, dotted name).

    Names that `from x import y` brings in count as `x.y`; `import_module("x")` counts too.

    Args:
        tree: the module.
        package: where it lies, for relative imports.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = [package] * bool(node.level) + [node.module] * bool(node.module)
            origin = ".".join(str(part) for part in parts)
            yield from ((node.lineno, f"{origin}.{name.name}") for name in node.names)
        elif isinstance(node, ast.Call) and node.args:
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            first = node.args[0]
            if name in ("import_module", "__import__") and isinstance(first, ast.Constant):
                yield node.lineno, str(first.value)


def within(name: str, modules: tuple[str, ...]) -> bool:
    """Tell whether a dotted name is one of these modules or lies in it."""
    return any(name == module or name.startswith(f"{module}.") for module in modules)


def trespasses(source: str, folder: str) -> list[str]:
    """List the imports of a source text that its folder's wall does not allow."""
    wall = WALLS[folder]
    found = []
    for line, name in imported(ast.parse(source), folder):
        top = name.partition(".")[0]
        if top in wall.never or (top in OURS and not within(name, wall.ours)):
            found.append(f"line {line} imports {name}")
    return found


def documentable(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    """Give the public functions and classes of a module, and the classes' public methods."""
    waiting: list[ast.stmt] = list(tree.body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                waiting.extend(node.body)


def undocumented(source: str) -> list[str]:
    """List what is public in a source text and has no docstring."""
    tree = ast.parse(source)
    missing = [] if ast.get_docstring(tree) or not tree.body else ["the module"]
    return missing + [one.name for one in documentable(tree) if not ast.get_docstring(one)]


def texts(source: str) -> Iterator[tuple[int, str]]:
    """Give every string and every identifier of a source text, but for its docstrings."""
    tree = ast.parse(source)
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.lineno, node.value
        elif isinstance(node, ast.Name):
            yield node.lineno, node.id


def plugins() -> set[str]:
    """Name the methods and data sets of the checkout."""
    files = [
        file for folder in ("methods", "datasets") for file in (CHECKOUT / folder).glob("*.py")
    ]
    return {file.stem for file in files if not file.stem.startswith("_")}


def favourites(source: str) -> list[str]:
    """List where a source text names a method or a data set of the checkout."""
    names = plugins()
    strict = "|".join(sorted(names - WORDS))
    asked = "|".join(sorted(names))
    pattern = re.compile(rf"\b({strict})\b|--(?:methods|dataset|train-on) ({asked})\b")
    return [
        f"line {line} names {match[1] or match[2]}"
        for line, text in texts(source)
        for match in pattern.finditer(text)
    ]


@pytest.mark.parametrize("folder", WALLS)
def test_a_folder_imports_only_what_the_design_allows(folder: str) -> None:
    found = [
        f"{shown(file)}: {trespass}"
        for file in sorted((CHECKOUT / folder).rglob("*.py"))
        if shown(file) not in COMMANDS
        for trespass in trespasses(file.read_text(encoding="utf-8"), folder)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("folder", "source", "found"),
    [
        ("datasets", "import torch", ["line 1 imports torch"]),
        ("datasets", "from torch import Tensor", ["line 1 imports torch.Tensor"]),
        ("datasets", "from benchmark import metrics", ["line 1 imports benchmark.metrics.scoring"]),
        ("datasets", "from benchmark.dataset import Scene", []),
        ("datasets", "def f():\n    from methods.srcnn import SRCNN",
         ["line 2 imports methods.srcnn.SRCNN"]),
        ("datasets", "from ._png import read", []),
        ("methods", "from benchmark.metrics.scoring import psnr",
         ["line 1 imports benchmark.metrics.psnr.psnr"]),
        ("methods", "import benchmark.store.cells", ["line 1 imports benchmark.store.cells"]),
        ("methods", "import datasets.cave", ["line 1 imports datasets.cave"]),
        ("methods", "from benchmark.method import register", []),
        ("benchmark", "import reports", ["line 1 imports reports"]),
        ("benchmark", "import importlib\nimportlib.import_module('methods.vdsr')",
         ["line 2 imports methods.vdsr"]),
        ("benchmark", "from run_all import main", ["line 1 imports run_all.main"]),
        ("benchmark", "from . import store", []),
        ("reports", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch",
         ["line 3 imports torch"]),
        ("reports", "from benchmark import plan, store", ["line 1 imports benchmark.execution.plan"]),
        # A name that only begins like an allowed one is another module.
        ("reports", "import benchmark.storehouse", ["line 1 imports benchmark.storehouse"]),
    ],
)  # fmt: skip
def test_the_wall_checker_finds_what_it_should(folder: str, source: str, found: list[str]) -> None:
    assert trespasses(source, folder) == found


def test_data_sets_and_reports_work_without_torch() -> None:
    """What they import may import something in turn, so this asks the interpreter."""
    names = [
        shown(file).removesuffix(".py").replace("/", ".")
        for folder in ("datasets", "reports")
        for file in sorted((CHECKOUT / folder).glob("*.py"))
        if file.stem != "__init__"
    ]
    assert {"datasets.cave", "reports.writers.files"} <= set(names)
    code = f"import sys, {', '.join(names)}; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=CHECKOUT,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_the_command_line_imports_nothing_heavy_at_its_top() -> None:
    tree = ast.parse((CHECKOUT / "run_all.py").read_text(encoding="utf-8"))
    top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    tops = {name.partition(".")[0] for node in top for _, name in imported(node, "")}
    assert tops - set(sys.stdlib_module_names) == {"typer", "benchmark", "reports"}


@pytest.mark.parametrize("file", COMMANDS)
def test_commands_import_nothing_heavy_at_their_top(file: str) -> None:
    tree = ast.parse((CHECKOUT / file).read_text(encoding="utf-8"))
    top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    tops = {name.rpartition(".")[0] or name for node in top for _, name in imported(node, "")}
    others = {name for name in tops if name.partition(".")[0] not in sys.stdlib_module_names}
    assert others <= {"typer", "benchmark.cli.options"}


def test_the_engine_names_no_method_and_no_data_set() -> None:
    assert {"srcnn", "wiener", "cave", "harvard", "synthetic"} <= plugins()
    found = [
        f"{shown(file)}: {favourite}"
        for file in sorted((CHECKOUT / "benchmark").rglob("*.py"))
        if shown(file) not in COMMANDS  # examples in their texts name some
        for favourite in favourites(file.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('if name == "srcnn": pass', ["line 1 names srcnn"]),
        ('x = f"get {y} of cave now"', ["line 1 names cave"]),
        ("wiener = 1", ["line 1 names wiener"]),
        ('"ask for --methods bicubic"', []),
        ('x = "ask for --methods bicubic"', ["line 1 names bicubic"]),
        ('x = mode("bicubic")', []),
        ('def f():\n    """Like srcnn."""\n    return "caves"', []),
    ],
)
def test_the_checker_of_names_finds_what_it_should(source: str, found: list[str]) -> None:
    assert favourites(source) == found


@pytest.mark.parametrize("file", SOURCES, ids=shown)
def test_a_source_file_is_short(file: Path) -> None:
    length = len(file.read_text(encoding="utf-8").splitlines())
    assert length <= LONGEST


@pytest.mark.parametrize("file", SOURCES, ids=shown)
def test_everything_public_has_a_docstring(file: Path) -> None:
    assert undocumented(file.read_text(encoding="utf-8")) == []


def test_the_checker_of_docstrings_finds_what_it_should() -> None:
    source = '''
def bare(): pass
def _hidden(): pass
def told():
    """Say it."""
    def inner(): pass
class Open:
    """Say it."""
    def method(self): pass
    def __len__(self): return 0
class _Closed:
    def method(self): pass
'''
    assert undocumented(source) == ["the module", "bare", "method"]
    assert undocumented("") == []


@pytest.fixture
def shadow(tmp_path: Path) -> dict[str, str]:
    """Give an environment in which another package called `datasets` is in Python's path."""
    other = tmp_path / "datasets"
    other.mkdir()
    (other / "__init__.py").write_text("raise RuntimeError('the other datasets was imported')\n")
    return {**os.environ, "PYTHONPATH": str(tmp_path)}


def test_the_checkouts_datasets_win_over_another_when_run_all_runs(
    shadow: dict[str, str], tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, str(CHECKOUT / "run_all.py"), "datasets"],
        cwd=tmp_path,
        env=shadow,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("cave\n")


def test_the_checkouts_datasets_win_over_another_when_pytest_runs(shadow: dict[str, str]) -> None:
    tests = "tests/datasets/test_synthetic.py"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--collect-only", tests],
        cwd=CHECKOUT,
        env=shadow,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert f"{tests}::" in done.stdout


def test_the_other_datasets_would_have_been_noticed(shadow: dict[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import datasets"],
        cwd=tmp_path.parent,
        env=shadow,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert "the other datasets was imported" in done.stderr
