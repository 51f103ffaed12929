"""The method to upscale with, and what it learned: from a cell, from stored weights, or nothing."""

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor

from benchmark.commands import command
from benchmark.engine.training import profiles
from benchmark.errors import RequestError, listed
from benchmark.execution.planning.plan import NUMERICS
from benchmark.method import METHODS, IterativeMethod, Method, NetworkMethod, Problem, State
from benchmark.method.registration import check_inputs
from benchmark.plugins.fingerprint import source_of
from benchmark.protocol import PROTOCOLS, Protocol
from benchmark.store.address import Address, key_of, place_name
from benchmark.store.cells import WEIGHTS, Cell, damage, read
from benchmark.store.remedies import GET_WEIGHTS

PRETRAINED = "pretrained"
_PROTOCOL = "wang2017"


@dataclass(frozen=True)
class Trained:
    """A method, what it learned, and the protocol that it learned it under.

    Attributes:
        method: the method with its parameters.
        protocol: its interpolation makes the input of many methods.
        scale: the factor.
        state: what it learned; empty if nothing.
        profile: name of the profile of its training.
        seed: of the cell.
        bands: of the images that it learned from; 0 if it learned nothing.
        cell: where the weights are from; None if it learned nothing.
    """

    method: Method
    protocol: Protocol
    scale: int
    state: State = field(default_factory=dict)
    profile: str = "quick"
    seed: int = 0
    bands: int = 0
    cell: Cell | None = None

    @property
    def label(self) -> str:
        """The method with its parameters, and the scale: `srcnn x2`."""
        return f"{METHODS.label(self.method)} x{self.scale}"

    @property
    def any_bands(self) -> bool:
        """True if the number of bands does not matter, or is found out by a trial."""
        return not self.bands or self.method.bandwise or not isinstance(self.method, NetworkMethod)


def find(method: str, scale: int, weights: str, protocol: str, stored: Path, bands: int) -> Trained:
    """Find the method to upscale with.

    Args:
        method: a method with its parameters; may be empty where a cell says it.
        scale: the factor; 0 where a cell says it.
        weights: the folder of a cell, "pretrained", or "" for a method that needs none.
        protocol: the protocol; empty for that of the cell, or the default one.
        stored: the results folder that "pretrained" searches.
        bands: of the image; weights of as many bands are preferred.

    Raises:
        RequestError: something is unknown, does not fit together, or has no weights.
    """
    if weights and weights != PRETRAINED:
        return _of_cell(Path(weights).expanduser(), method, scale, protocol)
    if not method or not scale:
        missing = "--method" if not method else "--scale"
        raise RequestError(
            f"expected {missing}, found none; give it, or name the cell of a trained method: "
            "--weights results/.../seed0"
        )
    chosen, under = METHODS.make(method), PROTOCOLS.make(protocol or _PROTOCOL)
    check_inputs(chosen)
    under.check_scale(scale)
    if not _learns(chosen, Problem(scale, bands, (scale, scale), under.degradation(scale))):
        return Trained(chosen, under, scale)
    if weights == PRETRAINED:
        return _pretrained(Trained(chosen, under, scale), protocol, stored, bands)
    what = "its weights" if isinstance(chosen, NetworkMethod) else "what it learned from scenes"
    raise RequestError(
        f"{METHODS.label(chosen)} must be trained, found no --weights; name the cell with {what}, "
        f"or write --weights {PRETRAINED} for weights that come with the suite; "
        f"{_training(chosen, under, scale)}"
    )


def _learns(method: Method, problem: Problem) -> bool:
    """Return True if a method needs training scenes.

    With some parameters `fit` returns nothing without looking at any: total variation of a stated
    weight.
    """
    if not method.trained or isinstance(method, NetworkMethod | IterativeMethod):
        return method.trained
    try:
        return bool(method.fit(_NoScenes(), problem))
    except Exception:  # noqa: BLE001 - a plugin raises anything
        return True


class _NoScenes:
    """Training scenes that are not there; looking at them is an error."""

    def __iter__(self) -> Iterator[Tensor]:
        raise LookupError("there are no training scenes")


def _training(method: Method, protocol: Protocol, scale: int) -> str:
    """Say how a method is trained, and which folder to name then."""
    label, under = METHODS.label(method), PROTOCOLS.label(protocol)
    cell = Address("cave", under, "quick", scale, label, 0).folder(Path("results"))
    option = () if under == _PROTOCOL else ("--protocol", under)
    train = command("--dataset", "cave", *option, "--methods", label, "--scales", scale)
    return f"train it: {train}, then --weights {shlex.quote(cell.as_posix())}"


def _of_cell(folder: Path, method: str, scale: int, protocol: str) -> Trained:
    cell = read(folder.resolve())
    if cell is None:
        raise RequestError(f"--weights {folder}: {_no_cell(folder)}")
    address = cell.address
    if cell.status != "done":
        raise RequestError(
            f"--weights {folder}: the cell failed: {cell.facts['reason']}; run it again with "
            "--retry-failed"
        )
    made = METHODS.make(address.method)
    under = PROTOCOLS.make(address.protocol)
    given = METHODS.make(method) if method else made
    for option, asked, found, same in (
        ("--method", method, address.method, given == made or method == made.name),
        ("--scale", scale, address.scale, scale in (0, address.scale)),
        ("--protocol", protocol, address.protocol, _same_protocol(protocol, under)),
    ):
        if not same:
            raise RequestError(
                f"{option} {asked}: expected {found}, that of the cell {folder}; leave {option} "
                "out, or name another cell"
            )
    if why := _stale(cell, made, under) or _lost(cell, made):
        raise RequestError(f"--weights {folder}: {why}")
    return _loaded(cell, made, under)


def _same_protocol(given: str, found: Protocol) -> bool:
    return not given or PROTOCOLS.make(given) == found


def _no_cell(folder: Path) -> str:
    """Say what a folder is instead of a cell."""
    place = "results/<data set>/<protocol>/<profile>/x<scale>/<method>/seed<k>"
    if why := damage(folder.resolve()) if (folder / "cell.json").exists() else "":
        return f"{why}; copy or compute the cell again"
    if not folder.exists():
        return (
            f"expected the folder of a cell ({place}) or '{PRETRAINED}', found nothing there; "
            "correct it"
        )
    below = sorted(file.parent for file in folder.glob("**/cell.json"))
    advice = f"; name one of {listed(below, 3)}" if below else "; name one"
    return f"expected the folder of a cell ({place}), found no cell.json in it{advice}"


def _stale(cell: Cell, method: Method, protocol: Protocol) -> str:
    """Return what has changed since a cell was stored that its estimates depend on; "" if nothing.

    Data and profile are no part of it: what was learned is stored.
    """
    depends = cell.facts.get("depends", {})
    changed = [
        name
        for name, part, now in (
            ("the engine's numerics", "numerics", NUMERICS),
            ("the protocol", "protocol", protocol.numeric_facts()),
            ("the method's source", "method", source_of(type(method))),
        )
        if depends.get(part) != key_of(now)
    ]
    return f"it is stale: {' and '.join(changed)} changed; run the cell again" if changed else ""


def _lost(cell: Cell, method: Method) -> str:
    """Return that what a method learned is not stored with its cell; "" if it is."""
    if WEIGHTS in cell.facts["sums"]:
        lost = not (cell.folder / WEIGHTS).exists()
    else:
        lost = method.trained and bool(cell.facts["parameters"])
    if lost:
        return f"its weights are not there; {GET_WEIGHTS}"
    return ""


def _loaded(cell: Cell, method: Method, protocol: Protocol) -> Trained:
    at, state = cell.address, {}
    if WEIGHTS in cell.facts["sums"]:
        state = load_file(cell.folder / WEIGHTS)
    bands = cell.facts["configuration"]["dataset"]["bands"] if state else 0
    profiles.get(at.profile)  # raises for an unknown one
    return Trained(method, protocol, at.scale, state, at.profile, at.seed, bands, cell)


def _pretrained(wanted: Trained, protocol: str, stored: Path, bands: int) -> Trained:
    """Choose among the stored cells: the bands of the image first, then the longest training."""
    found: list[Trained] = []
    reasons: list[str] = []
    for folder in stored.glob(f"*/*/*/x{wanted.scale}/{_escaped(wanted.method)}/seed*"):
        cell = read(folder)
        if cell is None or cell.status != "done" or cell.address.profile not in profiles.PROFILES:
            continue
        if _lost(cell, wanted.method):
            continue  # most cells are stored without weights
        try:
            under = PROTOCOLS.make(cell.address.protocol)
        except RequestError as error:  # of a plugin that is not here
            reasons.append(f"{cell.address}: {error}")
            continue
        if not _same_protocol(protocol, under):
            continue
        if why := _stale(cell, wanted.method, under):
            reasons.append(f"{cell.address} under {cell.address.protocol}: {why}")
        else:
            found.append(_loaded(cell, wanted.method, under))
    usable = [one for one in found if one.any_bands or one.bands == bands]
    if usable:
        return min(usable, key=_preference(wanted.protocol, bands))
    how = _training(wanted.method, wanted.protocol, wanted.scale)
    known = listed(dict.fromkeys(f"{one.bands} bands" for one in found))
    if found:
        raise RequestError(
            f"--weights {PRETRAINED}: expected weights of {wanted.label} for the image's {bands} "
            f"bands, found some for {known}; {how}"
        )
    asked = f" under {protocol}" if protocol else ""
    because = f" ({reasons[0]})" if reasons else ""
    raise RequestError(
        f"--weights {PRETRAINED}: no weights of {wanted.label}{asked} are stored in "
        f"{stored}{because}; {how}"
    )


def _escaped(method: Method) -> str:
    """Return the name of a method's folder as a pattern; brackets stand for themselves."""
    return place_name(METHODS.label(method)).replace("[", "[[]")


def _preference(protocol: Protocol, bands: int) -> Callable[[Trained], tuple[object, ...]]:
    lengths = list(profiles.PROFILES)  # the shortest training first

    def key(one: Trained) -> tuple[object, ...]:
        length = lengths.index(one.profile)
        return one.protocol != protocol, one.bands != bands, -length, one.seed, str(one.cell)

    return key
