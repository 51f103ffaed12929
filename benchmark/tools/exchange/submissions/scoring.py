"""One cell of a submission, scored again: the scores, and how they compare with the stored ones.

Nothing here comes from the submission but the estimates: protocol, metrics and scenes are the
suite's own, and the code of the submission is not imported.
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmark.data.split import Split, load_split, truth_of
from benchmark.dataset import DATASETS
from benchmark.engine.scoring.scene import facts_of, score
from benchmark.errors import RequestError, counted, listed, plain
from benchmark.execution.computation.agreement import Difference, differences, rows_of
from benchmark.execution.listeners.progress import Progress
from benchmark.execution.planning.plan import NUMERICS, Folders, request_of
from benchmark.metric import METRICS
from benchmark.protocol import PROTOCOLS
from benchmark.store.address import key_of
from benchmark.store.cells import Cell

# What this process can check of a key without the method, in the words of the reason.
_PARTS = {
    "numerics": "the engine's numerics",
    "protocol": "the protocol",
    "test": "the test scenes",
}


@dataclass
class Verified:
    """What came of scoring one cell again.

    Attributes:
        cell: its address.
        table: data set, protocol and profile.
        reason: why it could not be scored; empty if it was.
        scenes: the test scenes that were scored.
        metrics: the metrics that were compared.
        differences: the scores that are not the same in every digit.
    """

    cell: str
    table: str
    reason: str = ""
    scenes: list[str] = field(default_factory=list)
    metrics: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Return whether every score came out again, up to its tolerance."""
        return not self.reason and all(one.tolerated for one in self.differences)

    @property
    def agreement(self) -> str:
        """Describe how well equal scores agree."""
        if not self.differences:
            return "equal in every digit"
        largest: dict[str, float] = {}
        for one in self.differences:
            largest[one.metric] = max(largest.get(one.metric, 0.0), one.size)
        sizes = listed(f"{name} {size:.1g}" for name, size in largest.items())
        return f"equal up to {sizes}, below a tenth of the last digit of a table"

    def lines(self) -> list[str]:
        """Describe the result: one line, and one for each score that differs."""
        if self.reason:
            return [f"not re-scored: {self.cell}: {self.reason}"]
        amount = f"{counted(len(self.scenes), 'scene')}, {counted(len(self.metrics), 'metric')}"
        if self.equal:
            return [f"re-scored: equal: {self.cell}: {amount}: {self.agreement}"]
        beyond = [one for one in self.differences if not one.tolerated]
        every = len(self.scenes) * len(self.metrics)
        return [
            f"re-scored: DIFFERS: {self.cell}: {len(beyond)} of {every} scores ({amount})",
            *(f"    {one}" for one in beyond),
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        found = [{**asdict(one), "tolerated": one.tolerated} for one in self.differences]
        return {**asdict(self), "differences": found, "equal": self.equal}


class Scoring:
    """A cell whose estimates are scored as they arrive."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.closed = False
        at = cell.address
        self.result = Verified(str(at), f"{at.dataset}, {at.protocol}, {at.profile}")
        self._rows: list[dict[str, Any]] = []

    def prepare(self, folders: Folders, progress: Progress, splits: dict[Any, Split]) -> None:
        """Look up what the cell needs, none of which may come from the submission.

        Raises:
            RequestError: something is unknown here, or is not what the cell was made with.
        """
        facts, address = self.cell.facts, self.cell.address
        request = request_of(self.cell, folders)
        DATASETS.make(request.reference)
        self._protocol = PROTOCOLS.make(address.protocol)
        if (request, self._protocol) not in splits:
            splits[request, self._protocol] = load_split(
                request, self._protocol, progress.preparing
            )
        self._split = splits[request, self._protocol]
        names = self._split.test.names
        parts = {
            "numerics": NUMERICS,
            "protocol": self._protocol.numeric_facts(),
            "test": list(zip(names, self._split.test.digests, strict=True)),
        }
        depends = facts["depends"]
        if key_of(depends) != facts["key"]:
            raise RequestError("its key does not follow from what it depends on")
        if other := [_PARTS[part] for part in parts if depends.get(part) != key_of(parts[part])]:
            raise RequestError(f"it was made with other {listed(other)} than those here")
        self._metrics = [METRICS.make(str(one["name"])) for one in facts["metrics"]]
        self._facts = facts_of(self._protocol, self._metrics)
        for stored, own in zip(facts["metrics"], self._facts, strict=True):
            if any(stored.get(name) != own[name] for name in ("digits", "higher", "unit")):
                raise RequestError(f"it describes the metric {own['name']} otherwise than it is")
        self._stored = rows_of(self.cell)
        if [row["scene"] for row in self._stored] != list(names):
            raise RequestError("its scores are of other scenes than its test scenes")
        self.result.metrics = [str(one["name"]) for one in self._facts]
        for row in self._stored:
            for name in self.result.metrics:
                float(row[name])

    def take(self, file: Path, scene: str, *, clip: bool) -> None:
        """Score the estimate in a file, and remove the file."""
        try:
            if len(self._rows) < len(self._stored) and not self.result.reason:
                expected = self._stored[len(self._rows)]["scene"]
                if scene == expected:
                    self._rows.append({"scene": scene, **self._scores(file, scene, clip=clip)})
                    self.result.scenes.append(scene)
                else:
                    self.result.reason = f"'{plain(scene)}' was estimated for '{expected}'"
        except (ValueError, OSError, EOFError, RequestError) as error:
            self.result.reason = f"{plain(scene)}: {plain(error)}"
        finally:
            file.unlink(missing_ok=True)

    def _scores(self, file: Path, scene: str, *, clip: bool) -> dict[str, float]:
        degradation = self._protocol.degradation(self.cell.address.scale)
        prepared = next(one for one, name in self._split.test.entries if name == scene)
        truth = degradation.crop(truth_of(prepared.read(scene)))
        estimate = torch.from_numpy(np.load(file, allow_pickle=False))
        scale = self.cell.address.scale
        return score(estimate, truth, scale, self._protocol, self._metrics, clip=clip)

    def close(self, reason: str) -> None:
        """Compare what was scored, once; a reason says why it is not complete."""
        if self.closed:
            return
        self.closed = True
        complete = len(self._rows) == len(self._stored)
        if not self.result.reason and (reason or not complete):
            self.result.reason = reason or "not every test scene was estimated"
        if not self.result.reason:
            self.result.differences = list(differences(self._stored, self._rows, self._facts))
