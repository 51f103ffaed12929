"""Whether a trained method fits an image, and where the result lies on its grid."""

import torch

from benchmark.degradation.degradation import Degradation
from benchmark.engine.inference.estimation import estimator
from benchmark.engine.machine.device import CPU
from benchmark.engine.training import profiles
from benchmark.errors import RequestError, counted, plain, reason_of
from benchmark.method import Problem
from benchmark.tools.upscaling.trained import Trained

_TRIAL = 16  # rows and columns of the image that a closed form is tried on


def check_fits(trained: Trained, bands: int, name: str) -> None:
    """Check that a method accepts images of a number of bands.

    A network of all bands takes as many as it was trained on; a band-wise one any number. A closed
    form that learned from images of other bands is tried on a small image.

    Args:
        trained: the method and what it learned.
        bands: of the image.
        name: the image, for messages.

    Raises:
        RequestError: it does not.
    """
    degradation = trained.protocol.degradation(trained.scale)
    shape = (_TRIAL * trained.scale, _TRIAL * trained.scale)
    problem = Problem(trained.scale, bands, shape, degradation, trained.seed)
    try:
        refused = plain(trained.method.refusal(problem))
    except Exception as error:  # noqa: BLE001 - a plugin raises anything
        refused = reason_of(error)
    if refused:
        raise RequestError(f"{trained.label} cannot be run on {name}: {refused}")
    if trained.bands in (0, bands) or trained.method.bandwise:
        return
    if not trained.any_bands or not _accepts(trained, problem):
        where = f" (weights of {trained.cell.address})" if trained.cell else ""
        raise RequestError(
            f"{name}: expected an image of the {counted(trained.bands, 'band')} that "
            f"{trained.label} was trained on{where}, found {counted(bands, 'band')}; choose those "
            "bands, or a method that works band by band, such as srcnn, espcn or vdsr"
        )


def _accepts(trained: Trained, problem: Problem) -> bool:
    """Try a method without a network on a small image of a problem's bands."""
    profile = profiles.get(trained.profile)
    estimate = estimator(trained.method, problem, trained.state, profile, CPU)
    random = torch.rand(problem.bands, _TRIAL, _TRIAL, generator=problem.generator())
    images = {"low": random, "upscaled": problem.degradation.upscale(random, problem.shape)}
    try:
        made = estimate({name: images[name] for name in trained.method.inputs}, problem)
    except Exception:  # noqa: BLE001 - a plugin raises anything
        return False
    return made.shape[:1] == (problem.bands,)


def shift_of(degradation: Degradation) -> float:
    """Return by how many pixels of the result its content is shifted down and to the right.

    A low-resolution pixel i of a camera stands for the pixels s i to s i + s - 1 of the result, and
    lies in their middle. Where a protocol places it elsewhere, what learned from it, or knows it,
    places its estimate accordingly: `wang2017` keeps the samples 0, s, 2s, ..., so that estimates
    lie (s - 1) / 2 pixels up and to the left of where the same image of a camera has them.
    """
    scale = degradation.scale
    size = 32 * scale
    row = degradation.axis(size)[16]
    place = float(row @ torch.arange(size, dtype=row.dtype))
    return round(place - (16 * scale + (scale - 1) / 2), 3)
