"""One row a method: its cells over scales and seeds, and the notes they call for."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmark.errors import plain
from reports.analysis.cells import Tally, fact, mean, several

LARGEST = 1e300  # what another program may have stored beyond that is no number of ours


@dataclass
class Notes:
    """Notes under a section, numbered from 1; the same words have one number."""

    _numbers: dict[str, int] = field(default_factory=dict)

    def number(self, text: str) -> int:
        """Give a note's number; it gets one when it is new."""
        return self._numbers.setdefault(plain(text), len(self._numbers) + 1)

    @property
    def texts(self) -> tuple[str, ...]:
        """Give the notes in the order of their numbers."""
        return tuple(self._numbers)


@dataclass(frozen=True)
class Place:
    """One method at one scale: all its seeds."""

    tallies: tuple[Tally, ...]
    notes: tuple[int, ...]

    @property
    def failed(self) -> bool:
        """Tell whether nothing was measured because it failed."""
        states = {tally.cell.status for tally in self.tallies}
        return "failed" in states and "done" not in states

    def values(self, metric: str) -> list[float]:
        """Give the mean over the test scenes for every seed that has one."""
        found = [tally.summaries[metric] for tally in self.tallies if metric in tally.summaries]
        return [summary.mean for summary in found if summary.n]

    def by_scene(self, metric: str) -> dict[str, float]:
        """Give the mean over the seeds for every scene that has a value in each of them."""
        seeds = [tally.scenes[metric] for tally in self.tallies if metric in tally.scenes]
        common = (
            [scene for scene in seeds[0] if all(scene in one for one in seeds)] if seeds else []
        )
        return {scene: mean([one[scene] for one in seeds]) for scene in common}

    @property
    def parameters(self) -> float:
        """Give the number of trainable values; NaN where nothing is stored."""
        return self._mean("parameters")

    @property
    def training(self) -> float:
        """Give the training time in seconds, a mean over the seeds."""
        return self._mean("times", "fit_s")

    @property
    def upscaling(self) -> float:
        """Give the seconds for one test scene, a mean over the seeds."""
        return self._mean("times", "upscale_s")

    def _mean(self, *path: str) -> float:
        done = [tally.cell.facts for tally in self.tallies if tally.cell.status == "done"]
        found = [fact(facts, *path) for facts in done]
        numbers = [value for value in found if isinstance(value, int | float)]
        return mean([float(value) for value in numbers if abs(value) < LARGEST])


@dataclass(frozen=True)
class Result:
    """One method: its name in the tables, its name in the paper, its places by scale."""

    label: str
    title: str
    published: str
    at: Mapping[int, Place]

    @property
    def trained(self) -> bool:
        """Tell whether its weights depend on a seed."""
        return any(_trained(tally) for place in self.at.values() for tally in place.tallies)

    def scenes(self, scale: int, metric: str) -> dict[str, float]:
        """Give the mean over the seeds by scene; nothing where the scale was not run."""
        return self.at[scale].by_scene(metric) if scale in self.at else {}

    @property
    def several_seeds(self) -> bool:
        """Tell whether any of its entries is a mean over seeds."""
        return any(len(place.values("psnr")) > 1 for place in self.at.values())

    def mean(self, scale: int, metric: str) -> float:
        """Give the mean over seeds of the mean over scenes; NaN where there is none."""
        return mean(self.at[scale].values(metric)) if scale in self.at else math.nan


def results_of(
    tallies: Sequence[Tally], scales: Sequence[int], order: Sequence[str], notes: Notes
) -> list[Result]:
    """Gather the rows of a section.

    Args:
        tallies: its cells.
        scales: the columns.
        order: labels of methods; those not named follow: first what learns nothing, then closed
            forms, then networks, each by year and label.
        notes: gets what must be said under the tables.
    """
    by_method: dict[str, list[Tally]] = {}
    for tally in tallies:
        by_method.setdefault(tally.cell.address.method, []).append(tally)
    rank = {label: index for index, label in enumerate(dict.fromkeys(order))}
    labels = sorted(
        by_method,
        key=lambda label: (rank.get(label, len(rank)), *_history(by_method[label][0], label)),
    )
    seeds = {tally.cell.address.seed for tally in tallies if _trained(tally)}
    return [_result(label, by_method[label], scales, seeds, notes) for label in labels]


def _result(
    label: str, tallies: Sequence[Tally], scales: Sequence[int], seeds: set[int], notes: Notes
) -> Result:
    facts = tallies[0].cell.facts
    name, bracket, changed = label.partition("[")
    title = plain(fact(facts, "configuration", "method", "title", default=name)) or name
    at = {}
    for scale in scales:
        here = tuple(tally for tally in tallies if tally.cell.address.scale == scale)
        numbers = {notes.number(text) for text in _remarks(here, seeds)}
        at[scale] = Place(here, tuple(sorted(numbers)))
    return Result(
        label=label,
        title=f"{title} [{plain(changed).removesuffix(']')}]" if bracket else title,
        published=str(fact(facts, "configuration", "method", "published", default="")),
        at=at,
    )


def _history(tally: Tally, label: str) -> tuple[bool, bool, str, str]:
    facts = tally.cell.facts
    year = str(fact(facts, "configuration", "method", "year", default=""))
    learns = bool(fact(facts, "configuration", "method", "trained", default=True))
    return learns, _trained(tally), year, label.casefold()


def _trained(tally: Tally) -> bool:
    return fact(tally.cell.facts, "configuration", "recipe") is not None


def _remarks(here: Sequence[Tally], seeds: set[int]) -> list[str]:
    """List what a reader must know about one method at one scale."""
    texts = []
    for tally in here:
        who = f"seed {tally.cell.address.seed} " if len(here) > 1 else ""
        if tally.cell.status == "failed":
            texts.append(f"{who}failed: {fact(tally.cell.facts, 'reason', default='no reason')}")
        elif tally.trouble:
            texts.append(f"{who or 'this cell: '}{tally.trouble}")
        undefined = [
            f"{metric} of {one.scenes - one.n} of {one.scenes} scenes"
            for metric, one in tally.summaries.items()
            if one.n < one.scenes
        ]
        if undefined:
            texts.append(f"{who}has no value for {', '.join(undefined)}; the mean is of the rest")
        texts.extend(str(line) for line in several(fact(tally.cell.facts, "warnings")))
    absent = sorted(seeds - {tally.cell.address.seed for tally in here})
    if here and absent and any(map(_trained, here)):
        texts.append(f"without seed {', '.join(map(str, absent))}")
    return texts
