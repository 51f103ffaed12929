"""Access to what a cell's `cell.json` says; another program may have written it."""

from collections.abc import Mapping
from typing import Any


def get_nested(facts: Mapping[str, Any], *path: str, default: Any = None) -> Any:
    """Follow keys into nested mappings; return the default where one is missing or null."""
    found: Any = facts
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return default if found is None else found


def as_list(value: Any) -> list[Any]:
    """Return a stored list; a value that is none becomes the only item of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
