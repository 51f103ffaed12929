"""Names of what has results, as typed for the run: the same text may be stored in another form."""

import re
from pathlib import Path
from typing import Any

from benchmark.cli.options import discover
from benchmark.errors import RequestError
from benchmark.plugins.parameters import names_in
from benchmark.plugins.registry import Registry
from benchmark.store.address import label_of, place_name
from benchmark.store.cells import folders_of

# Level of a cell's path at which labels of a registry stand, by the option that names them.
_LEVELS = {"--dataset": 0, "--protocol": 1, "--methods": 4}


def stored_labels(text: str, option: str, registry: Registry[Any], results: Path) -> list[str]:
    """Return the labels by which what an option names is stored in a results folder.

    Each name is looked for as typed, as a folder is named, and with the references in it in their
    canonical form: `folder[peak=10000,path=mine]` is stored as `folder[path=mine,peak=10000.0]`.

    Args:
        text: the option's value; may be empty.
        option: "--dataset", "--protocol" or "--methods".
        registry: its plugins; those of the checkout are imported where they are needed.
        results: the results folder.

    Returns:
        The labels; a name without results stays as typed.

    Raises:
        RequestError: the value has commas and no name.
    """
    level = _LEVELS[option]
    folders = {place.relative_to(results).parts[level] for place in folders_of(results)}
    return list(dict.fromkeys(_label(name, registry, folders) for name in names_in(text, option)))


def _label(name: str, registry: Registry[Any], folders: set[str]) -> str:
    if place_name(name) in folders:
        return name
    if name in folders:
        return label_of(name)
    if "[" in name:
        if name.partition("[")[0] not in {entry.name for entry in registry}:
            discover(None)
        # `+scenes` and `@trained-on` follow the brackets of a data set.
        parts = re.split(r"([+@])(?![^\[]*\])", name)
        canonical = "".join(_canonical(part, registry) for part in parts)
        if place_name(canonical) in folders:
            return canonical
    return name


def _canonical(part: str, registry: Registry[Any]) -> str:
    try:
        return registry.label(registry.make(part))
    except RequestError:  # the name of a scene, or of a plugin that is not here
        return part
