"""Checks of a metric's values."""

import math
from itertools import pairwise

import torch

from benchmark.errors import counted
from benchmark.metric import BandPair, ScoredImage
from benchmark.plugins.isolation import process_kept
from benchmark.tools.conformance.check import (
    Check,
    NotApplicableError,
    at,
    identical,
    require,
)
from benchmark.tools.conformance.metrics.harness import (
    PROTOCOLS,
    SCALE,
    MetricHarness,
    noisy,
    truth_of,
)
from benchmark.tools.conformance.plugin import require_pure_import, require_unchanged

BANDS = (1, 7, 31)
NOISE = (0.02, 0.06, 0.2, 0.6)  # each several grey levels apart from the next
_DEVICES = 1e-9  # relative difference of sums in float64 on two devices


def _finite_with(bands: int) -> Check:
    def run(harness: MetricHarness) -> None:
        truth = truth_of(bands)
        for protocol in PROTOCOLS:
            value = harness.value(noisy(truth, 0.1), truth, protocol)
            require(math.isfinite(value), f"the value is {value}, expected a finite number")

    run.__doc__ = f"An estimate of {counted(bands, 'band')} with errors has a finite value."
    return run


def perfect_is_best(harness: MetricHarness) -> None:
    """A perfect estimate has the best value; it may be infinite, in the better direction."""
    truth = truth_of(7)
    for protocol in PROTOCOLS:
        with at(protocol.name):
            best = harness.value(truth, truth, protocol)
            for level in NOISE:
                value = harness.value(noisy(truth, level), truth, protocol)
                require(
                    harness.better(best, value),
                    f"a perfect estimate has {best:.6g}, one with errors {value:.6g}; "
                    f"higher is {harness.plugin.higher}",
                )


def worse_is_worse(harness: MetricHarness) -> None:
    """The same noise, made stronger, gives a worse value."""
    truth = truth_of(7)
    for protocol in PROTOCOLS:
        values = [harness.value(noisy(truth, level), truth, protocol) for level in NOISE]
        require(
            all(harness.better(one, other) for one, other in pairwise(values)),
            f"under {protocol.name} growing noise gives {', '.join(f'{v:.6g}' for v in values)}; "
            f"higher is {harness.plugin.higher}",
        )


def degenerate_images(harness: MetricHarness) -> None:
    """Black images, constant bands and images smaller than a window have a value, never NaN."""
    truth = truth_of(3)
    black, flat = torch.zeros_like(truth), torch.full_like(truth, 0.5)
    one_black, one_flat = truth.clone(), truth.clone()
    one_black[1], one_flat[1] = 0.0, 0.5
    small = truth_of(3, (5, 7))
    cases = {
        "a black estimate of a black scene": (black, black),
        "a black estimate": (black, truth),
        "a black scene": (truth, black),
        "a constant estimate of a constant scene": (flat, flat),
        "a constant estimate": (flat, truth),
        "a constant scene": (truth, flat),
        "a scene with a black band": (noisy(one_black, 0.1), one_black),
        "a scene with a constant band": (noisy(one_flat, 0.1), one_flat),
        "an estimate with a constant band": (one_flat, truth),
        "a small scene": (noisy(small, 0.1), small),
        "a perfect estimate of a small scene": (small, small),
    }
    for protocol in PROTOCOLS:
        for name, (estimate, scene) in cases.items():
            with at(f"{name}, {protocol.name}"):
                harness.value(estimate, scene, protocol)


def deterministic(harness: MetricHarness) -> None:
    """Scoring twice, and another scene in between, gives the same value."""
    first, second = truth_of(7), truth_of(7, seed=2)
    for protocol in PROTOCOLS:
        before = harness.value(noisy(first, 0.1), first, protocol)
        harness.value(noisy(second, 0.1), second, protocol)
        again = harness.value(noisy(first, 0.1), first, protocol)
        require(again == before, f"scoring twice gives {before!r} and {again!r}")


def input_not_modified(harness: MetricHarness) -> None:
    """It modifies none of the images; other metrics are computed from the same ones."""
    truth = truth_of(7).double()
    bands, rows, columns = truth.shape
    image = ScoredImage(bands, rows, columns, peak=1.0, scale=SCALE, device=truth.device)
    running = harness.plugin.start(image)
    for band in truth:
        pair = BandPair(*(noisy(band, 0.1), band.clone()) * 2)
        copy = BandPair(*(noisy(band, 0.1), band.clone()) * 2)
        running.add(pair)
        for name in ("estimate", "truth", "squared_error"):
            same = identical(getattr(pair, name), getattr(copy, name))
            require(same, f"it changes the {name.replace('_', ' ')} of a band")
    running.value()


def cpu_equals_cuda(harness: MetricHarness) -> None:
    """CPU and GPU give the same value, up to rounding in float64."""
    if not torch.cuda.is_available():
        raise NotApplicableError("torch sees no CUDA device here")
    truth = truth_of(7)
    estimate = noisy(truth, 0.1)
    for protocol in PROTOCOLS:
        here = harness.value(estimate, truth, protocol)
        there = harness.value(estimate.cuda(), truth.cuda(), protocol)
        close = math.isclose(here, there, rel_tol=_DEVICES)
        require(close, f"the CPU gives {here!r}, the GPU {there!r}")


def global_state_kept(harness: MetricHarness) -> None:
    """Import and scoring change no settings or functions of torch, numpy and Python."""
    require_pure_import(harness)
    truth = truth_of(7)
    with process_kept() as found:
        harness.value(noisy(truth, 0.1), truth, PROTOCOLS[0])
    require_unchanged(found)


CHECKS: dict[str, Check] = {
    **{f"bands-{bands}": _finite_with(bands) for bands in BANDS},
    "perfect-is-best": perfect_is_best,
    "worse-is-worse": worse_is_worse,
    "degenerate-images": degenerate_images,
    "deterministic": deterministic,
    "input-not-modified": input_not_modified,
    "cpu-equals-cuda": cpu_equals_cuda,
    "global-state-kept": global_state_kept,
}
