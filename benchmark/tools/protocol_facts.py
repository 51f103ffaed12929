"""All that the protocols say about themselves, as plain values for lists."""

from dataclasses import asdict
from typing import Any

from benchmark.dataset import DATASETS, DataSet
from benchmark.engine.scoring.scene import facts_of, metrics_of
from benchmark.protocol import PROTOCOLS, Protocol


def protocol_facts(dataset: str = "") -> list[dict[str, Any]]:
    """Describe every known protocol.

    Args:
        dataset: the data set whose split is described, with its parameters; none if empty.

    Returns:
        Of each the facts that cells store, `metrics` as in `cell.json`, and `split` (`own`: whether
        the protocol has one for this data set; the scenes `train`, `validation`, `test` and
        `left_out`).

    Raises:
        RequestError: the data set is unknown, or a protocol names an unknown metric.
    """
    scenes = DATASETS.make(dataset) if dataset else None
    found = []
    for entry in PROTOCOLS:
        protocol = PROTOCOLS.make(entry.name)
        facts = {**protocol.facts(), "metrics": facts_of(protocol, metrics_of(protocol))}
        found.append({**facts, "split": _split(protocol, scenes)} if scenes else facts)
    return found


def _split(protocol: Protocol, dataset: DataSet) -> dict[str, Any]:
    roles = protocol.roles(dataset, dataset.scenes)
    return {
        "own": dataset.name in protocol.splits,
        **asdict(roles),
        "left_out": list(protocol.division(dataset).left_out),
    }
