"""Scores of an estimate against the ground truth, on any device, accumulated in float64.

All metrics are computed in one pass over the bands, while a band is in the CPU's cache. None is
NaN: a perfect estimate has PSNR infinity and SAM 0, and a metric that returns NaN is refused.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from benchmark.errors import RequestError, reason_of
from benchmark.metric import METRICS, BandPair, Metric, ScoredImage, metric_facts
from benchmark.protocol import Protocol


def metrics_of(protocol: Protocol, further: Sequence[Metric] = ()) -> list[Metric]:
    """Return the metrics of a protocol and further ones, each once.

    Raises:
        RequestError: the protocol names a metric that is unknown.
    """
    return list(dict.fromkeys([*map(METRICS.make, protocol.metrics), *further]))


def peak_of(protocol: Protocol) -> float:
    """Return the largest value of the images that a protocol compares."""
    return float(protocol.scored_levels or 1)


def facts_of(protocol: Protocol, metrics: Iterable[Metric]) -> list[dict[str, Any]]:
    """Return the facts of metrics under a protocol, as they are stored in `cell.json`."""
    peak, main = peak_of(protocol), protocol.main_metrics
    return [metric_facts(metric, peak, main=METRICS.label(metric) in main) for metric in metrics]


def score(
    estimate: Tensor,
    truth: Tensor,
    scale: int,
    protocol: Protocol,
    metrics: Sequence[Metric],
    *,
    clip: bool = True,
) -> dict[str, float]:
    """Score one scene: clip the estimate, round both cubes where the protocol does, compute all.

    Args:
        estimate: (bands, rows, columns), any real floating-point type; taken as float32.
        truth: the ground truth, not rounded, in [0, 1], of the same shape.
        scale: the scale factor.
        protocol: says whether both are rounded.
        metrics: what to compute.
        clip: False leaves values outside [0, 1] as they are where the protocol does not round.

    Returns:
        Each metric by its name, with its changed parameters; then the metrics' further columns,
        such as `skipped`, the number of pixels that are left out of SAM.

    Raises:
        ValueError: the shapes differ, or the estimate is not finite or not real floating-point.
        RequestError: a metric raised an exception, returned no number, or modified the images.
    """
    if estimate.shape != truth.shape:
        raise ValueError(
            f"the estimate has shape {tuple(estimate.shape)}, expected {tuple(truth.shape)}"
        )
    if not estimate.is_floating_point():
        raise ValueError(
            f"the values of the estimate are {estimate.dtype}, expected floating-point numbers "
            "from 0 to 1"
        )
    levels = protocol.scored_levels
    clip = clip or levels is not None
    # If a value is NaN, both extremes are. What is not clipped must be finite in float32.
    extremes = (one if clip else one.float() for one in torch.aminmax(estimate))
    if not all(map(math.isfinite, extremes)):
        raise ValueError("the estimate contains NaN or infinity")
    bands, rows, columns = truth.shape
    image = ScoredImage(bands, rows, columns, peak_of(protocol), scale, truth.device)
    running = {}
    for metric in metrics:
        with _named(name := METRICS.label(metric)):
            running[name] = metric.start(image)
    for band, original in zip(estimate, truth, strict=True):
        # Narrower types would round the grey levels, and squares of float64 could underflow.
        taken = (band.clamp(0, 1) if clip else band).float()
        unrounded = (taken.double(), original.double())
        compared = unrounded
        if levels:
            compared = (
                torch.round(taken * levels).double(),
                torch.round(original * levels).double(),
            )
        pair = BandPair(*compared, *unrounded)
        versions = _versions(pair)
        for name, accumulator in running.items():
            with _named(name):
                accumulator.add(pair)
                if _versions(pair) != versions:
                    raise ValueError("it modifies the images that all metrics share")
    scores: dict[str, float] = {}
    counts: dict[str, float] = {}
    for name, accumulator in running.items():
        with _named(name):
            scores[name] = _number(accumulator.value())
            counts.update(accumulator.counts())
    return {**scores, **counts}


def _number(value: float) -> float:
    if math.isnan(number := float(value)):
        raise ValueError("expected a number, or infinity, of a scene, found NaN")
    return number


def _versions(pair: BandPair) -> tuple[int, ...]:
    """Return torch's counts of how often each image was modified in place."""
    images = (pair.estimate, pair.truth, pair.unrounded_estimate, pair.unrounded_truth)
    return tuple(image._version for image in images)  # noqa: SLF001


@contextmanager
def _named(metric: str) -> Iterator[None]:
    """Turn any exception of a metric into one that names it.

    It is not the fault of the method that is scored, whose training is to be kept.

    Raises:
        RequestError: an exception other than a lack of memory was raised.
    """
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError):
        raise
    except (Exception, SystemExit) as error:
        raise RequestError(
            f"metric '{metric}' failed: {reason_of(error)}; correct it, or leave it out"
        ) from error
