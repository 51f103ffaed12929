"""Checks that the scenes of one table fit together."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmark.data.checks.refusal import refuse
from benchmark.errors import counted, listed


@dataclass(frozen=True)
class Delivered:
    """The facts of a prepared scene that must agree with those of the others.

    Attributes:
        dataset: label of its data set.
        name: the scene's.
        role: "training", "validation" or "test".
        shape: (rows, columns, bands).
        wavelengths: of the bands, in nm; empty if unknown.
        truth: see `truth_digest`.
    """

    dataset: str
    name: str
    role: str
    shape: tuple[int, int, int]
    wavelengths: tuple[float, ...]
    truth: str


def check_together(scenes: Sequence[Delivered]) -> None:
    """Check that the scenes of one table fit together.

    Raises:
        RequestError: two scenes have the same pixels, numbers of bands differ, or scenes of one
            data set have other wavelengths.
    """
    label = ", ".join(dict.fromkeys(scene.dataset for scene in scenes))
    remedy = "correct the data set, or leave scenes out with --scenes"
    groups: dict[str, list[Delivered]] = {}
    for scene in scenes:
        groups.setdefault(scene.dataset, []).append(scene)
    for problems in (_band_problems(groups), _twin_problems(scenes)):
        refuse(label, problems, remedy)
    bands = {label: group[0].shape[2] for label, group in groups.items()}
    if len(set(bands.values())) > 1:
        found = listed(f"{number} in {one}" for one, number in bands.items())
        problem = f"expected data sets with the same number of bands, found {found}"
        refuse(label, [problem], "train on others with --train-on")


def _band_problems(groups: Mapping[str, Sequence[Delivered]]) -> Iterator[str]:
    for label, group in groups.items():
        (bands, count), *others = Counter(scene.shape[2] for scene in group).most_common()
        if others:
            odd = [scene for scene in group if scene.shape[2] != bands]
            names = listed(f"{scene.name} ({scene.shape[2]})" for scene in odd)
            yield (
                f"expected {bands} bands in every scene of {label}, as in {count} of them, found "
                f"another number in {counted(len(odd), 'scene')}: {names}"
            )
            continue
        nm = Counter(scene.wavelengths for scene in group).most_common(1)[0][0]
        if odd := [scene for scene in group if scene.wavelengths != nm]:
            yield (
                f"expected the same wavelengths in every scene of {label}, {_range(nm)}, found "
                f"others in {listed(scene.name for scene in odd)}: {_range(odd[0].wavelengths)}"
            )


def _range(wavelengths: Sequence[float]) -> str:
    return f"{wavelengths[0]:g} to {wavelengths[-1]:g} nm" if wavelengths else "unknown"


def _twin_problems(scenes: Sequence[Delivered]) -> Iterator[str]:
    several = len({scene.dataset for scene in scenes}) > 1
    known: dict[tuple[str, tuple[int, int, int]], Delivered] = {}
    for scene in scenes:
        first = known.setdefault((scene.truth, scene.shape), scene)
        if first is not scene:
            both = " and ".join(
                f"{one.name}{f' of {one.dataset}' * several} ({one.role})" for one in (first, scene)
            )
            yield f"expected every image in one scene only, found the same pixels in {both}"
