"""BibTeX of what a comparison uses: the suite, data sets, protocols, metrics and methods."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from inspect import cleandoc
from pathlib import Path
from typing import Any

import yaml

from benchmark import CHECKOUT
from benchmark.dataset import DATASETS
from benchmark.errors import RequestError, listed, plain
from benchmark.execution.planning.request import chosen_methods
from benchmark.method import METHODS
from benchmark.metric import METRICS
from benchmark.plugins.parameters import split_reference
from benchmark.plugins.registry import BIBTEX, Entry, Registry
from benchmark.protocol import PROTOCOLS

_SUITE = "hsisr_bench"
_ENTRY = re.compile(r"@[A-Za-z]+\{(?P<key>[^\s,{}@]+),")
# Outside an entry BibTeX ignores everything but this sign.
_START = "@"


@dataclass(frozen=True)
class Cited:
    """A plugin to cite: what it is, such as "method", and its registration."""

    kind: str
    entry: Entry[Any]

    def __str__(self) -> str:
        return f"{self.kind} {self.entry.name}"


def named(
    datasets: Sequence[str] = (),
    protocols: Sequence[str] = (),
    metrics: Sequence[str] = (),
    methods: Sequence[str] = (),
) -> list[Cited]:
    """Return the plugins that a comparison uses, each once.

    Args:
        datasets: data sets with their parameters, as on the command line.
        protocols: protocols; of their metrics, those that carry an entry are cited too.
        metrics: metrics; they replace those of the protocols.
        methods: methods, "all" and "default" included.

    Raises:
        RequestError: one is unknown.
    """
    made = [PROTOCOLS.make(one) for one in protocols]
    found = _cited(DATASETS, datasets)
    found += _cited(PROTOCOLS, protocols)
    own = _cited(METRICS, [metric for protocol in made for metric in protocol.metrics])
    found += _cited(METRICS, metrics) or [one for one in own if one.entry.facts.get(BIBTEX)]
    chosen = chosen_methods(",".join(methods)) if methods else ()
    found += _cited(METHODS, [method.name for method in chosen])
    return list({str(one): one for one in found}.values())


def _cited(registry: Registry[Any], references: Iterable[str]) -> list[Cited]:
    names = (split_reference(one, registry.kind)[0] for one in references)
    return [Cited(registry.kind, registry.entry(name)) for name in names]


def bibliography(cited: Iterable[Cited]) -> str:
    """Return the entries of the suite and of some plugins, each once, with what they are for.

    Args:
        cited: the plugins in the order of the entries.

    Raises:
        RequestError: an entry is malformed, or two different ones have the same key.
    """
    users: dict[str, list[str]] = {}
    texts: dict[str, str] = {}
    without = []
    for one in cited:
        found = entries_of(one)
        if not found:
            without.append(f"% {_without(one)}")
        for key, text in found.items():
            if texts.setdefault(key, text) != text:
                raise RequestError(
                    f"the BibTeX key {key} stands for two entries, of {users[key][0]} and of "
                    f"{one}; rename it in {one.entry.file}"
                )
            users.setdefault(key, []).append(str(one))
    blocks = [f"% the suite\n{suite_entry()}"]
    blocks += [f"% {listed(users[key], 30)}\n{text}" for key, text in texts.items()]
    if without:
        blocks.append("\n".join(without))
    return "\n\n".join(blocks)


def entries_of(cited: Cited) -> dict[str, str]:
    """Return the entries of a plugin by their keys; none where it carries none.

    Raises:
        RequestError: they are not BibTeX.
    """
    text = cleandoc(cited.entry.facts.get(BIBTEX, ""))
    entries: dict[str, str] = {}
    rest = text
    while rest.strip():
        rest = rest.lstrip()
        found = _ENTRY.match(rest)
        end = _end_of(rest) if found else 0
        if not found or not end or found["key"] in entries:
            raise RequestError(
                f"the BibTeX of {cited} in {cited.entry.file} is malformed at "
                f"'{plain(rest)[:40]}'; expected entries like @article{{key, title = {{...}}}}, "
                "with balanced braces and a key each"
            )
        entries[found["key"]], rest = rest[:end], rest[end:]
    return entries


def _end_of(text: str) -> int:
    """Return the position after the brace that closes the first one; 0 if there is none."""
    depth = 0
    for position, sign in enumerate(text):
        depth += (sign == "{") - (sign == "}")
        if sign == "}" and depth == 0:
            return position + 1
    return 0


def _without(cited: Cited) -> str:
    """Say that a plugin carries no entry, and what it says of its paper."""
    paper = plain(cited.entry.facts.get("paper", "")).replace(_START, " at ")
    known = f"; it names: {paper}" if paper else ""
    return f"{cited} carries no BibTeX entry (bibtex= of its registration){known}"


def suite_entry(file: Path = CHECKOUT / "CITATION.cff") -> str:
    """Return the entry of the suite, made from its CITATION.cff."""
    facts: Mapping[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    authors = " and ".join(
        f"{{{one['name']}}}" if "name" in one else f"{one['family-names']}, {one['given-names']}"
        for one in facts["authors"]
    )
    fields = {
        "author": authors,
        "title": f"{{{facts['title']}}}",
        "year": str(facts.get("date-released", ""))[:4],
        "howpublished": "Software",
        "note": f"Version {facts['version']}",
        "url": facts.get("repository-code", ""),
    }
    lines = [f"  {name} = {{{text}}}" for name, text in fields.items() if text]
    return f"@misc{{{_SUITE},\n" + ",\n".join(lines) + "\n}"
