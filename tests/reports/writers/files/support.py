"""Readers of the tables of a page, and a hostile name."""

import re

from reports.writers.files import Tables
from tests.reports.conftest import typed

HOSTILE = r"a|b`c<d>*e*_f_[g]%&\#${}~^h"


def table(markdown_text: str, title: str) -> list[list[str]]:
    """Read a table of the page back: its heading and its rows, without the padding."""
    lines = typed(markdown_text).split(f"### {title}", 1)[1].strip().splitlines()
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([field.strip() for field in re.split(r"(?<!\\)\|", line)[1:-1]])
    return [rows[0], *rows[2:]]


def head(tables: Tables, what: str) -> str:
    """Return one line of the first section's provenance."""
    return typed(dict(tables.sections[0].provenance)[what])
