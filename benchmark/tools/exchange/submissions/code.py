"""The code of a submission: the files that a method's fingerprint covers, and no others.

code/plugin/     a plugin file, with the modules and data files beside it that it uses
code/checkout/   what a method uses of the checkout's own `methods/`
"""

import importlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmark import CHECKOUT
from benchmark.errors import RequestError, plain
from benchmark.method import METHODS, Method
from benchmark.plugins.discovery import load_origins, origin
from benchmark.plugins.fingerprint import files_of
from benchmark.plugins.registry import Registry
from benchmark.tools.exchange.submitted import CODE, OWN

PLUGIN = f"{CODE}/plugin/"
_LARGEST = 16 << 20  # bytes of a file
_PACKAGE = METHODS.folder
_MODULE = re.compile(rf"{_PACKAGE}(\.[A-Za-z_]\w*)+", re.ASCII)
_FILE = re.compile(r"[\w][\w.-]*\.py", re.ASCII)


@dataclass
class Code:
    """Code files, and how they are imported.

    Attributes:
        files: path in the submission to content.
        plugins: names of the plugin files in `code/plugin/`.
        modules: modules of the checkout, such as `methods.mine`.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    plugins: list[str] = field(default_factory=list)
    modules: list[str] = field(default_factory=list)


def collect(methods: Iterable[Method]) -> Code:
    """Read the code of methods.

    Raises:
        RequestError: it is in an installed package, outside its plugin's folder, or too large.
    """
    code = Code()
    for method in methods:
        place = origin(METHODS, method.name)
        folder = Path(place["file"]).resolve().parent if "file" in place else None
        if folder is None and not _MODULE.fullmatch(place["module"]):
            raise RequestError(
                f"the code of {method.name} is in the installed package {place['module']}; name "
                "its file with --plugin, and run its cells with it"
            )
        if folder is not None and Path(place["file"]).name not in code.plugins:
            code.plugins.append(Path(place["file"]).name)
        elif folder is None and place["module"] not in code.modules:
            code.modules.append(place["module"])
        for file in files_of(type(method)):
            _add(code, _place_of(file, folder), file)
    return code


def _place_of(file: Path, folder: Path | None) -> str:
    """Return the path of a file in a submission.

    Raises:
        RequestError: it is elsewhere than its plugin, and no part of the checkout.
    """
    package = CHECKOUT / _PACKAGE
    if package in file.parents:
        return OWN + file.relative_to(CHECKOUT).as_posix()
    if folder is not None and folder in file.parents:
        return PLUGIN + file.relative_to(folder).as_posix()
    raise RequestError(
        f"{file} is outside the folder of the plugin that uses it; a submission holds files beside "
        "the plugin alone: move it there, and run the cells again"
    )


def _add(code: Code, place: str, file: Path) -> None:
    size = file.stat().st_size
    if size > _LARGEST:
        raise RequestError(f"{file} has {size:,} bytes, expected {_LARGEST:,} at most")
    content = file.read_bytes()
    if code.files.setdefault(place, content) != content:
        raise RequestError(f"two plugins have different files {place}; submit them one by one")


def code_of(facts: Mapping[str, Any], files: Mapping[str, bytes]) -> Code:
    """Return the code that a submission from anybody describes.

    Args:
        facts: the entry `code` of its manifest.
        files: its code files by their paths.

    Raises:
        RequestError: it names what is not there.
    """
    plugins, modules = facts.get("plugins"), facts.get("modules")
    for names, form in ((plugins, _FILE), (modules, _MODULE)):
        if not isinstance(names, list) or not all(form.fullmatch(str(one)) for one in names):
            raise RequestError("its manifest names code that no submission has")
    wanted = [PLUGIN + name for name in plugins or ()]
    wanted += [f"{OWN}{name.replace('.', '/')}.py" for name in modules or ()]
    if absent := [name for name in wanted if name not in files]:
        raise RequestError(f"its manifest names {plain(absent[0])}, which is not there")
    return Code(dict(files), list(plugins or ()), list(modules or ()))


def foreign(code: Code) -> list[str]:
    """Name the files that are not, byte for byte, this checkout's own."""
    own = {name: CHECKOUT / name.removeprefix(OWN) for name in code.files if name.startswith(OWN)}
    return [
        name
        for name, content in code.files.items()
        if not (name in own and own[name].is_file() and own[name].read_bytes() == content)
    ]


def load(folder: Path, code: Code, *registries: Registry[Any]) -> None:
    """Import the code of a submission; it runs. Only for a process of its own.

    Args:
        folder: where the submission was unpacked.
        code: its code.
        registries: where plugin files may register classes.

    Raises:
        RequestError: it cannot be imported.
    """
    # Before those of this checkout, package by package: those that it lacks there stay as they are.
    for place in sorted({one.rpartition("/")[0] for one in code.files if one.startswith(OWN)}):
        package = importlib.import_module(place.removeprefix(OWN).replace("/", "."))
        package.__path__.insert(0, str(folder / place))
    places = [{"file": str(folder / PLUGIN / name)} for name in code.plugins]
    load_origins([*places, *({"module": name} for name in code.modules)], *registries)
