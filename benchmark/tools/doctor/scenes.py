"""Are the scenes of each data set there."""

import textwrap
from collections.abc import Iterator
from pathlib import Path

from benchmark.dataset import DATASETS, DataSet
from benchmark.errors import RequestError, listed
from benchmark.tools.doctor.finding import Finding, sized

_TARBALLS = (".tgz", ".tar.gz", ".tar")
_REASON = 240  # letters


def data_sets(data: Path) -> Iterator[Finding]:
    """Count the scenes of every registered data set below a folder; decodes and writes nothing.

    Args:
        data: the folder of `--data`.
    """
    for entry in DATASETS:
        name = f"data set {entry.name}"
        try:
            yield _data_set(name, DATASETS.make(entry.name), data)
        except Exception as error:  # noqa: BLE001 - one plugin's fault must not hide the others
            yield Finding(name, "error", f"its plugin fails: {type(error).__name__}: {error}")


def _data_set(name: str, dataset: DataSet, data: Path) -> Finding:
    total = len(dataset.scenes)
    if dataset.synthetic:
        return Finding(name, "ok", f"{total} scenes, computed when they are needed")
    if packed := _packed(data, dataset.name):
        size = sized(sum(file.stat().st_size for file in packed))
        text = f"not looked into: {listed(packed, 4)} ({size}) may be its scenes, still packed"
        return Finding(name, "warning", text, "the next run that asks for it unpacks them")
    try:
        dataset.open(data, dataset.scenes)
    except RequestError as error:
        found, reason = _one_by_one(dataset, data, str(error))
        text = f"{len(found)} of {total} scenes below {data}; {reason}"
        return Finding(name, "warning", text, _remedy(dataset, data, found))
    return Finding(name, "ok", f"{total} of {total} scenes below {data}")


def _one_by_one(dataset: DataSet, data: Path, why: str) -> tuple[list[str], str]:
    """Give the scenes that can be opened, and why the first of the others cannot.

    Args:
        dataset: which one.
        data: where.
        why: what was said when all were opened together.
    """
    found, reasons = [], []
    for scene in dataset.scenes:
        try:
            dataset.open(data, [scene])
        except RequestError as error:
            reasons.append(f"of {scene} it says: {error}")
        else:
            found.append(scene)
    reason = [*reasons, f"but not all at once: {why}"][0]
    # The rest of a long message says where to get it, which the remedy does.
    return found, textwrap.shorten(reason.partition(". ")[0], _REASON, placeholder=" ...")


def _remedy(dataset: DataSet, data: Path, found: list[str]) -> str:
    ways = []
    if type(dataset).fetch is not DataSet.fetch:
        ways.append(f"python run_all.py fetch {dataset.name} --data {data}")
    if dataset.home:
        ways.append(f"get them from {dataset.home}")
    if found:
        ways.append(f"use what is there: --scenes {','.join(found)}")
    return ", or ".join(ways)


def _packed(data: Path, name: str) -> list[Path]:
    """Find tarballs that opening a data set might unpack, which may take minutes and gigabytes.

    Those with a folder of their name beside them are unpacked already, and those below another
    data set's folder are that one's.
    """
    others = {entry.name for entry in DATASETS} - {name}
    seen = (file for depth in ("*", "*/*", "*/*/*") for file in data.glob(depth))
    return [
        file
        for file in seen
        for ending in _TARBALLS
        if file.name.endswith(ending)
        and file.is_file()
        and not file.with_name(file.name.removesuffix(ending)).exists()
        and file.relative_to(data).parts[0].lower() not in others
    ]
