"""Access to the content of a cell's `cell.json`, which another program may have written."""

import json
from collections.abc import Mapping
from typing import Any

from benchmark.errors import plain

MAX_NUMBER = 1e300  # larger ones, as another program may write, count as missing


def get_nested(facts: Mapping[str, Any], *path: str, default: Any = None) -> Any:
    """Follow keys into nested mappings; return the default where one is missing or null."""
    found: Any = facts
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return default if found is None else found


def as_list(value: Any) -> list[Any]:
    """Return a stored list; wrap any other value in one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def as_text(value: Any) -> str:
    """Return a stored value as one line of text; "" where it is null."""
    if value is None:
        return ""
    return plain(value if isinstance(value, str) else json.dumps(value, sort_keys=True))


def as_number(value: Any) -> float | None:
    """Return a stored number; None for anything else, NaN, infinity and numbers beyond reason."""
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if known and abs(value) < MAX_NUMBER else None
