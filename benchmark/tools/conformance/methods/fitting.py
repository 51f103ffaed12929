"""Checks of learning: it reduces the loss, is reproducible, and its state is complete."""

from typing import Any

from safetensors.torch import load, save

from benchmark.engine.machine import seeding
from benchmark.engine.machine.device import CPU
from benchmark.engine.training.validation import validation_pair
from benchmark.method import NetworkMethod, State
from benchmark.metrics.psnr import PSNR
from benchmark.plugins.isolation import process_kept
from benchmark.tools.conformance.check import Check, NotApplicableError, identical, require
from benchmark.tools.conformance.methods.harness import STEPS, MethodHarness
from benchmark.tools.conformance.plugin import require_pure_import, require_unchanged


def deterministic(harness: MethodHarness) -> None:
    """Learning twice under one seed gives the same numbers, bit for bit, on the same threads."""
    _require_same_state(harness.learn().state, harness.learned.state, "learning twice gives")
    problem = harness.problem()
    inputs = harness.inputs(problem)
    first, second = (harness.estimator(problem, harness.learned.state) for _ in range(2))
    made = [estimate(inputs, problem).clone() for estimate in (first, first, second)]
    same = all(identical(made[0], other) for other in made[1:])
    require(same, "estimating a scene twice gives different estimates")


def random_state_ignored(harness: MethodHarness) -> None:
    """The state of the global random generators affects neither learning nor estimates."""
    problem = harness.problem()
    inputs = harness.inputs(problem)
    estimate = harness.estimator(problem, harness.learned.state)
    plain = estimate(inputs, problem).clone()
    with seeding.seeded(1, CPU.torch):
        state = harness.learn().state
    what = "another state of the global random generators gives"
    _require_same_state(state, harness.learned.state, what)
    with seeding.seeded(2, CPU.torch):
        other = harness.estimator(problem, harness.learned.state)(inputs, problem)
    require(identical(plain, other), f"{what} a different estimate of a scene")


def random_state_kept(harness: MethodHarness) -> None:
    """Learning and estimating do not change the state of the global random generators."""
    problem = harness.problem()
    before = _generators()
    state = harness.learn().state
    harness.estimator(problem, state)(harness.inputs(problem), problem)
    after = _generators()
    touched = [name for name in before if before[name] != after[name]]
    require(not touched, f"it changes the global random state of {' and '.join(touched)}")


def global_state_kept(harness: MethodHarness) -> None:
    """Import, learning and estimates change no settings or functions of torch, numpy and Python."""
    require_pure_import(harness)
    problem = harness.problem()
    with process_kept() as found:
        state = harness.learn().state
        harness.estimator(problem, state)(harness.inputs(problem), problem)
    require_unchanged(found)


def _generators() -> dict[str, Any]:
    states = seeding.states(CPU.torch)
    kind, keys, *rest = states["numpy"]
    return {
        "python": states["python"],
        "numpy": (kind, keys.tolist(), rest),
        "torch": states["torch"].tolist(),
    }


def loss_goes_down(harness: MethodHarness) -> None:
    """The loss on two patches decreases within 20 steps of the common recipe."""
    losses = [row["loss"] for row in harness.trained.history]
    if not losses:
        raise NotApplicableError("for networks only")
    first, last = (sum(part) / len(part) for part in (losses[:5], losses[-5:]))
    text = f"{first:.4g} over the first 5 of {STEPS} steps and {last:.4g} over the last 5"
    require(last < first, f"the loss is {text}")


def weights_round_trip(harness: MethodHarness) -> None:
    """The learned state, written as safetensors and read again, gives the same estimates."""
    problem = harness.problem()
    if isinstance(harness.method, NetworkMethod):
        pair = validation_pair(harness.scenes(problem.bands)[0], harness.method, problem, 0)
        trained = harness.training(3, [pair])
        estimate = harness.estimator(problem, _stored(trained.state))(pair.inputs, problem)
        again = PSNR()(estimate.clamp(0, 1), pair.truth)
        was = trained.history[-1]["psnr"]
        text = f"{was:.4f} dB when trained, {again:.4f} dB when its weights are loaded"
        require(abs(again - was) < 1e-3, f"a scene has {text}: something is not in the weights")
        return
    inputs = harness.inputs(problem)
    estimate = harness.estimator(problem, _stored(harness.trained.state))(inputs, problem)
    text = "its state gives another estimate after it was stored"
    require(identical(estimate, harness.estimate(inputs, problem)), text)


def _stored(state: State) -> State:
    return load(save({name: value.cpu().contiguous() for name, value in state.items()}))


def _require_same_state(one: State, other: State, what: str) -> None:
    require(set(one) == set(other), f"{what} other names: {sorted(set(one) ^ set(other))}")
    changed = [name for name in one if not identical(one[name], other[name])]
    require(not changed, f"{what} different values of {', '.join(changed[:3])}")


CHECKS: dict[str, Check] = {
    "deterministic": deterministic,
    "random-state-ignored": random_state_ignored,
    "random-state-kept": random_state_kept,
    "global-state-kept": global_state_kept,
    "loss-goes-down": loss_goes_down,
    "weights-round-trip": weights_round_trip,
}
