"""The check that the ground truth is out of a method's reach while it estimates."""

import math
from collections import deque
from collections.abc import Iterator, Mapping
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmark.engine.estimation import method_input
from benchmark.errors import listed
from benchmark.method import Problem
from benchmark.tools.conformance.check import check, demand, same
from benchmark.tools.conformance.harness import Estimate, Subject, scene


@check("truth-unreachable")
def truth_unreachable(subject: Subject) -> None:
    """Estimates follow from the low-resolution image alone, whatever its ground truth is.

    One low-resolution image is estimated three times: while no truth of it exists, and in the
    engine's own order of calls with two truths that differ in what the degradation removes.
    """
    problem = subject.problem()
    low = method_input(subject.method, problem.degradation, _truth(problem, 0.0))
    fresh = subject.problem()
    estimate = subject.estimator(fresh, subject.learn(problem=fresh).state)
    alone = estimate(low.clone(), fresh).clone()
    for detail in (0.1, -0.1):
        with_truth = _estimated(subject, fresh, estimate, detail, low)
        demand(same(alone, with_truth), "its estimate changes with the ground truth")
    images = list(_images(fresh))
    demand(not images, f"an image lies in the problem: {listed(images)}")


def _estimated(
    subject: Subject, problem: Problem, estimate: Estimate, detail: float, low: Tensor
) -> Tensor:
    truth = _truth(problem, detail)
    made = method_input(subject.method, problem.degradation, truth)
    demand(same(made, low), "it changes the degradation: a scene's low-resolution image is another")
    return estimate(made, problem).clone()


def _truth(problem: Problem, detail: float) -> Tensor:
    """Make a scene, plus a detail that blur and decimation remove: of their null space."""
    rows, columns = (
        torch.linalg.svd(problem.degradation.axis(size))[2][-1] for size in problem.shape
    )
    pattern = torch.outer(rows / rows.abs().max(), columns / columns.abs().max())
    plain = 0.2 + 0.6 * scene(problem.bands, problem.shape, seed=1)
    return plain + detail * pattern.float()


def _images(problem: Problem) -> Iterator[str]:
    """Give the path to every image-sized array that can be reached from a problem.

    Attributes, items of containers, and what functions hold are followed.
    """
    waiting, known = deque([("problem", problem)]), set[int]()
    while waiting:
        path, one = waiting.popleft()
        if id(one) in known:
            continue
        known.add(id(one))
        if isinstance(one, Tensor | np.ndarray):
            if math.prod(one.shape) >= math.prod(problem.shape):
                yield path
        else:
            waiting.extend((f"{path}{step}", part) for step, part in _parts(one))


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((f"[{key!r}]", part) for key, part in value.items())
    elif isinstance(value, list | tuple | set | frozenset | deque):
        yield from ((f"[{number}]", part) for number, part in enumerate(value))
    elif isinstance(value, MethodType):
        yield "", value.__self__
        yield "", value.__func__
    elif isinstance(value, FunctionType):
        held = [cell.cell_contents for cell in value.__closure__ or ()]
        yield from (("", part) for part in (*held, *(value.__defaults__ or ())))
    elif not isinstance(value, type | ModuleType):
        yield from ((f".{name}", part) for name, part in getattr(value, "__dict__", {}).items())
