"""Speed of a data set's preparation: every image decoded, checked, kept; then opened again."""

import itertools
from pathlib import Path

from benchmark.data.cache import PreparedScenes
from benchmark.data.cache import prepare as prepared
from benchmark.data.split import Split
from benchmark.dataset import DATASETS
from benchmark.engine.device import Device
from benchmark.tools.speed import baseline_images
from benchmark.tools.speed.baseline_process import Apart
from benchmark.tools.speed.report import Row
from benchmark.tools.speed.roofline import seconds
from benchmark.tools.speed.timing import paired


def prepare(split: Split, folder: Path, device: Device, apart: Apart) -> list[Row]:
    """Measure preparing all scenes of a data set, and opening and reading them afterwards.

    The plain way is measured where the scenes are PNG files.

    Args:
        split: whose scenes.
        folder: for prepared files; every call needs an empty one.
        device: is waited for.
        apart: does it the plain way.

    Raises:
        RequestError: scenes are missing or damaged.
    """
    dataset, root = split.dataset, split.request.root
    label = DATASETS.label(dataset)
    scenes = [*split.train.names, *split.validation.names, *split.test.names]
    of = f"{label}, {len(scenes)} scenes"
    times = itertools.count()

    def ours() -> PreparedScenes:
        cache = folder / str(next(times))
        return prepared(dataset, label, root, scenes, cache)

    def opened() -> PreparedScenes:
        return prepared(dataset, label, root, scenes, folder / "0")

    def read() -> None:
        ready = opened()
        for name in scenes:
            ready.read(name)

    named = tuple(scenes)
    images = sorted(file for file in root.rglob("*.png") if file.name.startswith(named))
    if images:
        other = apart.prepare(baseline_images.preparer, images, folder / "plain.h5")
        found = paired(ours, other, device, 1)
        made = Row("prepare", of, found.ours, "s", found.plain, found.ratio)
    else:
        made = Row("prepare", of, seconds(ours, device, 1), "s")
    return [
        made,
        Row("open", of, seconds(opened, device), "s"),
        Row("read", of, seconds(read, device), "s"),
    ]
