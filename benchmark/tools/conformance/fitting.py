"""Checks of what a method learns: that it does, the same each time, and that nothing is lost."""

from typing import Any

from safetensors.torch import load, save

from benchmark.engine import seeding
from benchmark.engine.training.validation import validation_pair
from benchmark.method import NetworkMethod, State
from benchmark.metrics.psnr import psnr
from benchmark.tools.conformance.check import InapplicableError, check, demand, same
from benchmark.tools.conformance.harness import CPU, STEPS, Subject


@check("deterministic")
def deterministic(subject: Subject) -> None:
    """Learning twice under one seed gives the same weights and estimates, to the bit."""
    _demand_same_state(subject.learn().state, subject.trained.state, "learning twice gives")
    problem = subject.problem()
    low = subject.low(problem)
    one, other = (subject.estimate(low, problem).clone() for _ in range(2))
    demand(same(one, other), "estimating a scene twice gives two estimates")


@check("random-state-ignored")
def random_state_ignored(subject: Subject) -> None:
    """What the global random generators hold changes neither what is learned nor estimates."""
    problem = subject.problem()
    low = subject.low(problem)
    plain = subject.estimate(low, problem).clone()
    with seeding.seeded(1, CPU.torch):
        state = subject.learn().state
    what = "drawing from global random generators, not from one of its own, gives"
    _demand_same_state(state, subject.trained.state, what)
    with seeding.seeded(2, CPU.torch):
        other = subject.estimate(low, problem)
    demand(same(plain, other), f"{what} two estimates of a scene")


@check("random-state-kept")
def random_state_kept(subject: Subject) -> None:
    """Learning and estimating leave the global random generators as they were."""
    problem = subject.problem()
    before = _generators()
    state = subject.learn().state
    subject.estimator(problem, state)(subject.low(problem), problem)
    after = _generators()
    touched = [name for name in before if before[name] != after[name]]
    demand(not touched, f"it changes the global random state of {' and '.join(touched)}")


def _generators() -> dict[str, Any]:
    states = seeding.states(CPU.torch)
    kind, keys, *rest = states["numpy"]
    return {
        "python": states["python"],
        "numpy": (kind, keys.tolist(), rest),
        "torch": states["torch"].tolist(),
    }


@check("loss-goes-down")
def loss_goes_down(subject: Subject) -> None:
    """The loss of two patches goes down in 20 steps of the common recipe."""
    losses = [row["loss"] for row in subject.trained.history]
    if not losses:
        raise InapplicableError("for networks only")
    first, last = (sum(part) / len(part) for part in (losses[:5], losses[-5:]))
    told = f"{first:.4g} over the first 5 of {STEPS} steps and {last:.4g} over the last 5"
    demand(last < first, f"the loss is {told}")


@check("weights-round-trip")
def weights_round_trip(subject: Subject) -> None:
    """What was learned, written as safetensors and read again, gives the same estimates."""
    problem = subject.problem()
    if isinstance(subject.method, NetworkMethod):
        pair = validation_pair(subject.scenes(problem.bands)[0], subject.method, problem, 0)
        trained = subject.training(3, [pair])
        estimate = subject.estimator(problem, _stored(trained.state))(pair.low, problem)
        again = psnr(estimate.clamp(0, 1), pair.truth, 1.0)
        was = trained.history[-1]["psnr"]
        told = f"{was:.4f} dB when trained, {again:.4f} dB when its weights are loaded"
        demand(abs(again - was) < 1e-3, f"a scene has {told}: something is not in the weights")
        return
    low = subject.low(problem)
    estimate = subject.estimator(problem, _stored(subject.trained.state))(low, problem)
    told = "its state gives another estimate after it was stored"
    demand(same(estimate, subject.estimate(low, problem)), told)


def _stored(state: State) -> State:
    return load(save({name: value.cpu().contiguous() for name, value in state.items()}))


def _demand_same_state(one: State, other: State, what: str) -> None:
    demand(set(one) == set(other), f"{what} other names: {sorted(set(one) ^ set(other))}")
    changed = [name for name in one if not same(one[name], other[name])]
    demand(not changed, f"{what} two values of {', '.join(changed[:3])}")
