"""The training loop: reproducible, clear about failures, and exactly by the recipe."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.data.patches import PatchBank
from benchmark.data.split import Split
from benchmark.engine.inference.building import start
from benchmark.engine.machine.device import Device
from benchmark.engine.training.loop import Trained, TrainingError, TrainingTask, train
from benchmark.engine.training.optimiser import he_scale
from benchmark.engine.training.profiles import Profile
from benchmark.engine.training.validation import Validation, validation_pair
from benchmark.method import Inputs, NetworkMethod, Problem, Recipe
from tests.benchmark.support import (
    CPU,
    EIGHT_BIT,
    EPS,
    Gain,
    Recorder,
    SamePatches,
    Volume,
    bank_of,
    network_method,
    problem,
    random,
    reordered,
)


@dataclass(frozen=True)
class Given(Profile):
    """A profile that trains every method by one given recipe."""

    by: Recipe = field(default_factory=Recipe)

    def recipe(self, method: NetworkMethod) -> Recipe:
        """Return the recipe, whatever the method."""
        return self.by


@dataclass(frozen=True)
class ShortPaper(Profile):
    """The paper's own recipe of every method, limited to a few steps."""

    epochs: int = 2

    def recipe(self, method: NetworkMethod) -> Recipe:
        """Shorten the method's own recipe."""
        return replace(
            method.recipe, epochs=self.epochs, batch_size=min(method.recipe.batch_size, 12)
        )


@dataclass(frozen=True)
class Gained(NetworkMethod):
    """One weight, whose initial value tests choose."""

    first: float = 0.5
    name = "gained"

    def network(self, problem: Problem) -> nn.Module:
        """Build it."""
        return Gain(self.first)


SHORT = Profile("short", "", patches=24, patch=16, epochs=2, batch=4, bands=2, validations=3)


def held_out(split: Split, method: NetworkMethod, task: Problem) -> list[Validation]:
    """Make the validation pairs of a split."""
    return [validation_pair(truth, method, task, 0) for truth in split.validation]


def trained(
    split: Split, reference: str, profile: Profile = SHORT, *, scale: int = 2, seed: int = 0
) -> Trained:
    """Train a method of the checkout on tiny scenes."""
    method, task = network_method(reference), problem(scale, 5)
    bank = bank_of(split.train, scale, count=profile.patches, size=profile.patch, seed=seed)
    pairs = held_out(split, method, task)
    return train(TrainingTask(method, task, profile, seed, bank, pairs), CPU)


def gained(recipe: Recipe, *, first: float = 0.5, best: float | None = None) -> Trained:
    """Train one weight from `first` to 2; `best` would score highest, None keeps the last."""
    x = random(1, 2, 6, 6) / 4
    held = [] if best is None else [Validation({"upscaled": x[0]}, best * x[0], 0.0)]
    profile = Given("given", "", patches=1, by=recipe)
    bank = SamePatches(x, 2 * x, 1)
    return train(TrainingTask(Gained(first), problem(2, 2), profile, 0, bank, held), CPU)


def weight_of(made: Trained) -> float:
    """Read the one weight."""
    return float(made.state["weight"])


@pytest.mark.parametrize("reference", ["srcnn", "espcn", "proposed[subnetworks=2,middle=1]"])
def test_the_same_cell_twice_gives_the_same_bits(tiny: Split, reference: str) -> None:
    first = trained(tiny, reference)
    torch.manual_seed(12345)
    torch.rand(7)
    second = trained(tiny, reference)
    assert first.state.keys() == second.state.keys()
    for name, tensor in first.state.items():
        assert torch.equal(tensor, second.state[name]), name
    assert [row["loss"] for row in first.history] == [row["loss"] for row in second.history]


def test_another_seed_gives_other_weights(tiny: Split) -> None:
    first, second = (trained(tiny, "srcnn", seed=seed) for seed in (0, 1))
    assert not torch.equal(first.state["0.weight"], second.state["0.weight"])


def test_the_global_random_state_is_left_as_it_was(tiny: Split) -> None:
    torch.manual_seed(99)
    before = torch.get_rng_state()
    trained(tiny, "espcn")
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("reference", "rate"), [("srcnn", 3e-3), ("proposed[subnetworks=1,alpha=1.0]", 1e-3)]
)
def test_the_loss_falls(tiny: Split, reference: str, rate: float) -> None:
    recipe = Recipe(lr=rate, batch_size=8, epochs=12, clip_norm=1.0)
    profile = Given("given", "", patches=24, bands=3, by=recipe)
    losses = [row["loss"] for row in trained(tiny, reference, profile).history]
    assert len(losses) == 12
    assert losses[-1] < 0.7 * losses[0]


def test_the_history_has_a_row_a_validation(tiny: Split) -> None:
    made = trained(tiny, "srcnn")  # 24 patches, 4 a step, 2 epochs
    assert [row["step"] for row in made.history] == [4, 8, 12]
    assert set(made.history[0]) == {"step", "loss", "psnr", "rate", "seconds"}
    assert made.steps == 12
    seconds = [row["seconds"] for row in made.history]
    assert 0 < seconds[0] < seconds[1] < seconds[2]
    assert all(math.isfinite(row["psnr"]) for row in made.history)


@pytest.mark.parametrize("validations", [1, 5, 7, 8, 12, 40])
def test_there_are_as_many_validations_as_asked_for(tiny: Split, validations: int) -> None:
    made = trained(tiny, "srcnn", replace(SHORT, validations=validations))
    assert len(made.history) == min(validations, 12)  # one a step at most
    assert made.history[-1]["step"] == 12


def test_the_loss_of_a_row_is_the_mean_since_the_row_before() -> None:
    class Counting(Gained):
        def loss(self, output: Any, truth: Tensor, inputs: Inputs, problem: Problem) -> Tensor:
            counted.append(1)
            return 0 * self.estimate(output).sum() + len(counted)

    counted: list[int] = []
    x = random(1, 2, 6, 6)
    recipe = Recipe(batch_size=1, epochs=70, schedule="constant")
    profile = Given("given", "", patches=1, by=recipe, validations=2)
    task = TrainingTask(Counting(), problem(2, 2), profile, 0, SamePatches(x, x, 1))
    rows = train(task, CPU).history
    assert [row["loss"] for row in rows] == [sum(range(1, 36)) / 35, sum(range(36, 71)) / 35]


@pytest.mark.parametrize(
    ("reference", "budget", "share"), [("srcnn", 0, 0.4), ("srcnn", 10**6, 1), ("vdsr", 10**6, 0.4),
                                       ("proposed[subnetworks=1]", 0, 1)]
)  # fmt: skip
def test_the_share_of_the_patches_that_is_seen(
    tiny: Split, reference: str, budget: int, share: float
) -> None:
    profile = Profile("short", "", 8, 16, epochs=2, batch=4, bands=2, multiplications=budget)
    made = trained(tiny, reference, profile)
    assert (made.share, made.batch, made.epochs, made.steps) == (share, 4, 2, 4)


def test_without_a_number_of_validations_there_is_one_each_epoch(tiny: Split) -> None:
    profile = replace(SHORT, validations=0)
    made = trained(tiny, "srcnn", profile)
    assert [row["step"] for row in made.history] == [6, 12]


def test_the_listener_receives_steps_and_validations(tiny: Split) -> None:
    method, task, listener = network_method("srcnn"), problem(2, 5), Recorder()
    pairs = held_out(tiny, method, task)
    made = train(TrainingTask(method, task, SHORT, 0, bank_of(tiny.train, 2), pairs), CPU, listener)
    assert listener.psnr == [row["psnr"] for row in made.history]
    assert [step for step, _, _ in listener.steps] == [4, 8, 12]
    assert all(steps == 12 for _, steps, _ in listener.steps)
    assert [loss for _, _, loss in listener.steps] == [row["loss"] for row in made.history]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_ends_training(bad: float) -> None:
    class Broken(Gained):
        def loss(self, output: Any, truth: Tensor, inputs: Inputs, problem: Problem) -> Tensor:
            return (self.estimate(output) * bad).sum()

    x = random(1, 2, 6, 6)
    bank = SamePatches(x, x, 10)
    with pytest.raises(TrainingError, match=f"the loss became {bad} before step"):
        train(TrainingTask(Broken(), problem(2, 2), SHORT, 0, bank), CPU)


def test_the_best_weights_by_validation_are_kept() -> None:
    """On its way from 0.5 to 2 the weight passes 1, where validation is best."""
    made = gained(Recipe(optimiser="sgd", lr=2.0, momentum=0.0, batch_size=1, epochs=30,
                         schedule="constant"), best=1.0)  # fmt: skip
    psnr = [row["psnr"] for row in made.history]
    at = psnr.index(max(psnr))
    assert 0 < at < len(psnr) - 1
    assert psnr[-1] < psnr[at] - 3
    x = (random(1, 2, 6, 6) / 4)[0]
    error = (x * made.state["weight"]).double() - x.double()  # the estimate in float32
    again = -10 * math.log10(float(error.square().mean()))
    assert again == pytest.approx(psnr[at], abs=10 / math.log(10) * reordered(72))
    assert abs(weight_of(made) - 1) < 0.1


def test_without_validation_scenes_the_last_weights_are_kept_with_a_warning() -> None:
    made = gained(Recipe(optimiser="sgd", lr=5.0, momentum=0.0, batch_size=1, epochs=60,
                         schedule="constant"))  # fmt: skip
    assert weight_of(made) == pytest.approx(2, abs=0.1)
    assert made.warnings == ["no validation scenes: the last weights were kept, not the best"]
    assert all(math.isnan(row["psnr"]) for row in made.history)


def test_a_dead_network_is_warned_about(tiny: Split) -> None:
    class Dead(NetworkMethod):
        def network(self, problem: Problem) -> nn.Module:
            return Gain(1.0)

        def loss(self, output: Any, truth: Tensor, inputs: Inputs, problem: Problem) -> Tensor:
            return 0 * self.estimate(output).sum()

    task = problem(2, 5)
    pairs = held_out(tiny, Dead(), task)
    made = train(TrainingTask(Dead(), task, SHORT, 0, bank_of(tiny.train, 2), pairs), CPU)
    before = sum(pair.interpolated for pair in pairs) / len(pairs)
    assert len(made.warnings) == 1
    assert made.warnings[0].startswith("the network did not learn:")
    assert made.warnings[0].endswith(f"the interpolated image has {before:.2f} dB")


def test_a_network_that_loses_what_it_had_learned_is_warned_about() -> None:
    """On its way from 0.5 past 1, where validation is best, to 2."""
    recipe = Recipe(optimiser="sgd", lr=5.0, momentum=0.0, batch_size=1, epochs=60,
                    schedule="constant")  # fmt: skip
    (warning,) = gained(recipe, best=1.0).warnings
    assert warning.startswith("the training collapsed: ")
    assert warning.endswith("whose weights were kept")


def test_a_network_that_learns_is_not_warned_about() -> None:
    recipe = Recipe(optimiser="sgd", lr=2.0, batch_size=1, epochs=30, schedule="constant")
    assert gained(recipe, best=2.0).warnings == []


def test_interpolation_is_scored_on_what_the_network_is_validated_on(tiny: Split) -> None:
    degradation = EIGHT_BIT.degradation(3)
    method, task = network_method("espcn"), Problem(3, 5, (48, 40), degradation)
    truth = next(iter(tiny.validation))
    for size, rows, columns in ((0, slice(0, 48), slice(0, 40)),
                                (20, slice(12, 32), slice(9, 29))):  # fmt: skip
        pair = validation_pair(truth, method, task, size)
        stored = degradation.store(truth)
        low = degradation.low(stored)
        up = degradation.upscale(low, (48, 40))
        assert torch.equal(pair.truth, stored[:, rows, columns])
        few = -(-(columns.stop - columns.start) // 3)
        seen = pair.inputs["low"]
        assert seen.shape[2] == few
        first = low[:, rows.start // 3 :, columns.start // 3 :]
        assert torch.equal(seen, first[:, : seen.shape[1], :few])
        error = (up - stored)[:, rows, columns].double().square().mean()
        assert pair.interpolated == pytest.approx(-10 * math.log10(error), abs=1e-4)


@pytest.mark.parametrize("reference", ["srcnn", "espcn", "vdsr", "proposed[subnetworks=2]"])
@pytest.mark.parametrize("scale", [2, 3])
def test_the_papers_own_recipes_run(tiny: Split, reference: str, scale: int) -> None:
    profile = ShortPaper("paper", "", patches=6, patch=12)
    made = trained(tiny, reference, profile, scale=scale)
    assert made.steps >= 2
    assert all(math.isfinite(row["loss"]) for row in made.history)
    again = trained(tiny, reference, profile, scale=scale)
    for name, tensor in made.state.items():
        assert torch.equal(tensor, again.state[name]), name


def test_a_recipe_of_single_bands_counts_every_band_as_a_sample(tiny: Split) -> None:
    profile = ShortPaper("paper", "", patches=6, patch=24)
    made = trained(tiny, "srcnn", profile)  # 6 patches of 5 bands, 12 a step, 2 epochs
    assert made.steps == 4


def by_hand(recipe: Recipe, steps: int) -> float:
    """Train the one weight in plain numbers: decayed, clipped, with momentum."""
    x = random(1, 2, 6, 6).double() / 4
    mean = float(x.square().mean())
    times = x[0].numel() / 2 if recipe.loss_reduction == "sum" else 1
    weight, speed = 0.5, 0.0
    for _ in range(steps):
        slope = 2 * (weight - 2) * mean * times
        if recipe.clip_norm:  # torch adds 1e-6 to the norm
            slope *= min(1, recipe.clip_norm / (abs(slope) + 1e-6))
        if recipe.adjustable_clip:
            limit = recipe.adjustable_clip / recipe.lr
            slope = max(-limit, min(limit, slope))
        speed = recipe.momentum * speed + slope + recipe.weight_decay * weight
        weight -= recipe.lr * speed
    return weight


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"momentum": 0.0},
        {"weight_decay": 0.3},
        {"loss_reduction": "sum", "lr": 0.01},
        {"clip_norm": 1e-2},
        {"adjustable_clip": 1e-3},
        {"adjustable_clip": 1e-3, "weight_decay": 0.3, "momentum": 0.5},
    ],
)
def test_stochastic_gradient_descent_is_that_of_the_papers(changes: dict[str, Any]) -> None:
    recipe = replace(
        Recipe(optimiser="sgd", lr=0.1, batch_size=1, epochs=5, schedule="constant"), **changes
    )
    expected = by_hand(recipe, 5)
    # Slopes are sums of 72 terms in float32; five times a weight below 2 is rounded.
    rounding = reordered(72) * abs(expected - 0.5) + 5 * EPS
    assert weight_of(gained(recipe)) == pytest.approx(expected, abs=rounding)
    assert abs(expected - 0.5) > 1e-3


def test_adam_decays_and_steps_as_pytorchs_own() -> None:
    recipe = Recipe(lr=0.01, batch_size=1, epochs=6, schedule="constant", weight_decay=0.2,
                    beta2=0.9)  # fmt: skip
    x = random(1, 2, 6, 6) / 4
    weight = nn.Parameter(torch.tensor([[0.5]]))
    optimiser = torch.optim.Adam([weight], lr=0.01, betas=(0.9, 0.9), weight_decay=0.2)
    for _ in range(6):
        optimiser.zero_grad()
        functional.mse_loss(x * weight, 2 * x).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    # Six times two weights below 1 are rounded, half of EPS / 2 each.
    assert weight_of(gained(recipe)) == pytest.approx(weight.item(), abs=6 * EPS / 2)


def test_the_rate_of_the_history_follows_the_schedule() -> None:
    recipe = Recipe(optimiser="sgd", lr=0.1, batch_size=1, epochs=6, schedule="step", step_size=2)
    rates = [row["rate"] for row in gained(recipe).history]
    assert rates == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001, 0.001])


def test_a_plateau_decays_the_rate_and_then_ends_training() -> None:
    """The weight starts at the best place and is pulled away: no validation is better."""
    recipe = Recipe(optimiser="sgd", lr=0.1, momentum=0.0, batch_size=1, epochs=50,
                    schedule="plateau", patience=2, stop_lr=1e-3)  # fmt: skip
    made = gained(recipe, first=1.0, best=1.0)
    rates = [row["rate"] for row in made.history]
    assert rates == pytest.approx([0.1] * 3 + [0.01] * 2 + [0.001] * 2)
    assert made.steps == 7


def test_training_ends_without_improvement() -> None:
    recipe = Recipe(optimiser="sgd", lr=0.1, batch_size=1, epochs=50, schedule="constant",
                    early_stopping_patience=4)  # fmt: skip
    assert gained(recipe, first=1.0, best=1.0).steps == 5


def test_the_last_layer_has_a_rate_of_its_own() -> None:
    class Two(NetworkMethod):
        def network(self, problem: Problem) -> nn.Module:
            return nn.Sequential(Gain(1.0), Gain(1.0))

    x = random(1, 2, 6, 6)
    recipe = Recipe(optimiser="sgd", lr=0.1, momentum=0.0, batch_size=1, epochs=1,
                    schedule="constant", last_layer_lr=0.25)  # fmt: skip
    profile = Given("given", "", patches=1, by=recipe)
    made = train(TrainingTask(Two(), problem(2, 2), profile, 0, SamePatches(x, 2 * x, 1)), CPU)
    first, last = (float(made.state[f"{i}.weight"]) - 1 for i in (0, 1))
    assert first > 0
    # Both weights, a little above 1, were rounded.
    assert last == pytest.approx(first / 4, rel=reordered(72), abs=EPS)


def test_relative_rates_follow_the_size_of_each_layers_weights() -> None:
    class Two(NetworkMethod):
        def network(self, problem: Problem) -> nn.Module:
            layers = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 1, 5, padding=2)
            for layer in layers:
                nn.init.constant_(layer.weight, 0.1)
            return nn.Sequential(*layers)

    x = random(1, 1, 6, 6) + 0.1
    recipe = Recipe(lr=1e-3, lr_by_fan_in=True, batch_size=1, epochs=1, schedule="constant")
    profile = Given("given", "", patches=1, by=recipe)
    made = train(TrainingTask(Two(), problem(2, 1), profile, 0, SamePatches(x, -x, 1)), CPU)
    # Adam's first step is the rate itself, against the slope.
    for name, fan_in in (("0", 9), ("1", 100)):
        moved = made.state[f"{name}.weight"] - 0.1
        expected = torch.full_like(moved, -1e-3 * math.sqrt(2 / fan_in))
        torch.testing.assert_close(moved, expected, rtol=1e-3, atol=0)


def test_unit_gradients_have_length_one_whatever_the_loss() -> None:
    class Two(NetworkMethod):
        def network(self, problem: Problem) -> nn.Module:
            return nn.Sequential(Gain(1.0), Gain(1.0))

    for size in (1e-3, 1e3):
        x = size * random(1, 2, 6, 6)
        recipe = Recipe(
            optimiser="sgd",
            lr=0.1,
            momentum=0.0,
            batch_size=1,
            epochs=1,
            schedule="constant",
            normalise_gradient=True,
        )
        profile = Given("given", "", patches=1, by=recipe)
        made = train(TrainingTask(Two(), problem(2, 2), profile, 0, SamePatches(x, 2 * x, 1)), CPU)
        # Both weights have the same slope: each takes a share of 1 / sqrt(2).
        for i in (0, 1):
            moved = float(made.state[f"{i}.weight"]) - 1
            assert moved == pytest.approx(0.1 / math.sqrt(2), rel=reordered(72), abs=EPS)


def tied() -> nn.Module:
    """Make two layers that share their weights."""
    first, second = (nn.Conv2d(3, 3, 3, padding=1) for _ in range(2))
    second.weight = first.weight
    return nn.Sequential(first, second)


def frozen() -> nn.Module:
    """Make two layers, the first of which is not to be trained."""
    first, second = (nn.Conv2d(3, 3, 3, padding=1) for _ in range(2))
    return nn.Sequential(first.requires_grad_(False), second)


def normed() -> nn.Module:
    """Make a layer with a batch normalisation, which has state besides its weights."""
    return nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3))


LAYER = 3 * 3 * 9 + 3


@pytest.mark.parametrize(
    ("build", "parameters"),
    [(frozen, LAYER), (normed, LAYER + 2 * 3), (Volume, None), (tied, LAYER + 3)],
)
def test_networks_of_every_kind_train_and_count_what_is_trained(
    build: Callable[[], nn.Module], parameters: int | None
) -> None:
    class Built(NetworkMethod):
        def network(self, problem: Problem) -> nn.Module:
            return build()

    x = random(1, 3, 12, 12)
    bank = SamePatches(x, 0.5 * x, 2)
    made = train(TrainingTask(Built(), problem(2, 3), SHORT, 0, bank), CPU)
    assert made.history[-1]["loss"] < made.history[0]["loss"]
    build().load_state_dict(dict(made.state))
    assert parameters in (None, made.parameters)


def test_in_bfloat16_the_weights_stay_in_float32(tiny: Split) -> None:
    method, task = network_method("srcnn"), problem(2, 5)
    pairs = held_out(tiny, method, task)
    states = []
    for device in (CPU, Device(CPU.torch, True)):
        made = train(TrainingTask(method, task, SHORT, 0, bank_of(tiny.train, 2), pairs), device)
        assert {tensor.dtype for tensor in made.state.values()} == {torch.float32}
        states.append(made.state["0.weight"])
    torch.testing.assert_close(states[1], states[0], rtol=0, atol=0.05)
    assert not torch.equal(states[1], states[0])


def test_validation_is_in_float32_where_training_is_in_bfloat16() -> None:
    """A rate near zero leaves both weights as they are, so that only precision could differ."""
    recipe = Recipe(optimiser="sgd", lr=1e-30, batch_size=1, epochs=1, schedule="constant")
    profile = Given("given", "", patches=1, by=recipe)
    method, task = network_method("srcnn"), problem(2, 2)
    x = random(1, 2, 24, 24)
    found = []
    for device in (CPU, Device(CPU.torch, True)):
        held = [Validation({"upscaled": x[0]}, x[0] / 2, 0.0)]
        bank = SamePatches(x.view(2, 1, 24, 24), x.view(2, 1, 24, 24), 1)
        bank.bands = 2
        found.append(train(TrainingTask(method, task, profile, 0, bank, held), device).history[0])
    assert found[0]["psnr"] == found[1]["psnr"]
    assert found[0]["loss"] != found[1]["loss"]


def test_the_size_of_a_layer_is_hes_rule() -> None:
    layer = nn.Conv2d(8, 16, 3)
    assert he_scale(list(layer.parameters())) == pytest.approx(math.sqrt(2 / 72))
    assert he_scale([torch.ones(16), torch.ones(16)]) == 0.1


def test_weights_start_from_the_recipes_deviation() -> None:
    torch.manual_seed(0)
    network = start(network_method("srcnn[middle=5]"), problem(2, 31), Recipe(init_std=1e-3))
    weights = torch.cat([p.detach().flatten() for p in network.parameters() if p.dim() > 1])
    assert float(weights.std()) == pytest.approx(1e-3, rel=0.02)
    assert float(weights.mean()) == pytest.approx(0, abs=2e-5)
    assert all(float(p.detach().abs().max()) == 0 for p in network.parameters() if p.dim() == 1)


def test_every_patch_is_seen_once_an_epoch(tiny: Split) -> None:
    asked: list[Tensor] = []

    class Noting(PatchBank):
        def batch(self, patches: Tensor, inputs: Any, bands: Tensor | None) -> Any:
            asked.append(patches)
            return super().batch(patches, inputs, bands)

    bank = Noting(tiny.train, EIGHT_BIT.degradation(2), count=12, size=16, seed=0, device=CPU.torch)
    method = network_method("proposed[subnetworks=1]")
    profile = Profile("short", "", patches=12, patch=16, epochs=2, batch=4)
    train(TrainingTask(method, problem(2, 5), profile, 0, bank), CPU)
    seen = torch.cat(asked).tolist()
    assert sorted(seen[:12]) == sorted(seen[12:]) == list(range(12))
    assert seen[:12] != seen[12:]


def test_every_band_of_every_patch_is_seen_once_an_epoch_where_bands_are_samples(
    tiny: Split,
) -> None:
    asked: list[tuple[int, int]] = []

    class Noting(PatchBank):
        def batch(self, patches: Tensor, inputs: Any, bands: Tensor | None) -> Any:
            assert bands is not None
            assert bands.shape == (len(patches), 1)
            asked.extend(zip(patches.tolist(), bands[:, 0].tolist(), strict=True))
            return super().batch(patches, inputs, bands)

    bank = Noting(tiny.train, EIGHT_BIT.degradation(2), count=10, size=16, seed=0, device=CPU.torch)
    recipe = Recipe(batch_size=5, epochs=1, bands_as_samples=True)
    profile = Given("given", "", patches=10, patch=16, by=recipe)
    train(TrainingTask(network_method("srcnn"), problem(2, 5), profile, 0, bank), CPU)
    assert sorted(asked) == [(patch, band) for patch in range(10) for band in range(5)]
    assert asked != sorted(asked)


def test_every_method_sees_the_same_patches_in_the_same_order(tiny: Split) -> None:
    orders = []
    for reference in ("srcnn", "espcn"):
        asked: list[tuple[Tensor, Tensor]] = []

        class Noting(PatchBank):
            def batch(self, patches: Tensor, inputs: Any, bands: Tensor | None) -> Any:
                assert bands is not None
                asked.append((patches, bands))  # noqa: B023
                return super().batch(patches, inputs, bands)

        bank = Noting(
            tiny.train, EIGHT_BIT.degradation(2), count=8, size=16, seed=0, device=CPU.torch
        )
        profile = Profile("short", "", patches=8, patch=16, epochs=1, batch=4, bands=2)
        train(TrainingTask(network_method(reference), problem(2, 5), profile, 0, bank), CPU)
        orders.append([(p.tolist(), b.tolist()) for p, b in asked])
    assert orders[0] == orders[1]
    for _, bands in orders[0]:
        assert all(len(set(chosen)) == 2 for chosen in bands)
        assert all(0 <= band < 5 for chosen in bands for band in chosen)
