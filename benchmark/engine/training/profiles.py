"""Profiles: length and recipe of the training of methods.

`paper` trains every method by its own paper's recipe. The others train all methods by one common
modern recipe on the same patches, for the same number of steps. They differ in length, and the
two longest choose each network's learning rate by trials with the same budget for all.

Equal patches are not equal training: a network of all bands sees every value of a patch, a
band-wise one only the bands that it is shown: 2 or a few more in `quick`, which only has to be
short; in `evening` and `overnight` as many as a budget of multiplications pays for (about what VDSR
needs for 4), so that the cheap ones see all; in `standard` all. Tables say how much each saw.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from benchmark.errors import unknown

if TYPE_CHECKING:
    from benchmark.data.sampler import SamplingPlan
    from benchmark.method import Method, NetworkMethod, Recipe


# The smallest low-resolution patch, in rows and columns.
_LOW_PATCH = 4
# Fields that numbers do not depend on, or only by the recipe, which is part of a key itself.
_NOT_NUMERIC = ("name", "summary", "optimiser", "lr")


@dataclass(frozen=True)
class Profile:
    """Length of a training, its patches, and its validations.

    Attributes:
        name: as on the command line.
        summary: one line to print above every table.
        patches: positions drawn from the training scenes, shared by every method.
        patch: rows and columns of a patch; more at a scale where its low-resolution image would
            have fewer than 4.
        epochs: passes over them by the common recipe; 0 takes the method's own recipe.
        batch: cubic patches per step of the common recipe.
        optimiser: of the common recipe, "muon" or "adam".
        lr: of the common recipe, the highest learning rate.
        bands: number of bands of each patch that a band-wise method is trained on, drawn anew each
            time; 0 for all.
        multiplications: a band-wise method is trained on more bands than that, up to all, if they
            cost no more multiplications per pixel of a patch in a forward pass; 0 for never.
        tuning_patches: patches of each of the short trainings that choose a network's learning
            rate (`benchmark/engine/training/tuning.py`); 0 trains at `lr`.
        half_weights: True rounds the trained weights to 16 bits before they are scored, so that
            the scored weights can be stored in half the bytes.
        validations: number over the whole training; 0 for one per epoch.
        validation_size: rows and columns of the centre crop of each validation scene that is
            scored; 0 for the whole scene.
    """

    name: str
    summary: str
    patches: int
    patch: int = 32
    epochs: int = 1
    batch: int = 32
    optimiser: Literal["adam", "muon"] = "muon"
    lr: float = 0.01
    bands: int = 0
    multiplications: int = 0
    tuning_patches: int = 0
    half_weights: bool = True
    validations: int = 0
    validation_size: int = 0

    def recipe(self, method: "NetworkMethod") -> "Recipe":
        """Return the recipe that a method is trained by under this profile.

        The common one is Muon, or Adam, over one cycle with gradients of norm 1 and learning rates
        relative to each layer's initial weights: by it every network of the suite, wide or narrow,
        trains without diverging or stalling. At equal steps Muon is above Adam with every network
        that was tried (`docs/findings/recipe.md`).
        """
        from benchmark.method import Recipe

        if not self.epochs:
            return method.recipe
        return Recipe(
            optimiser=self.optimiser,
            lr=self.lr,
            lr_by_fan_in=True,
            beta2=0.99,
            normalise_gradient=True,
            batch_size=self.batch,
            epochs=self.epochs,
        )

    @property
    def chooses_rate(self) -> bool:
        """True if each network's learning rate is chosen by short trainings before its own."""
        return bool(self.tuning_patches and self.epochs)

    def deviations(self, method: "Method") -> tuple[str, ...]:
        """Return what the method's own recipe takes beyond, or other than, what its paper prints.

        Empty for profiles with a common recipe, and for methods without a network.
        """
        from benchmark.method import NetworkMethod

        if self.epochs or not isinstance(method, NetworkMethod):
            return ()
        return method.recipe_notes

    def bands_of_patch(self, bands: int, cost: float) -> int:
        """Return how many bands of a patch a band-wise method is trained on.

        Args:
            bands: number of bands of a patch.
            cost: multiplications of the network for one band, per pixel.
        """
        if not self.bands:
            return bands
        affordable = int(self.multiplications / cost) if cost else 0
        return min(bands, max(self.bands, affordable))

    def sampling(
        self, method: "NetworkMethod", patches: int, bands: int, cost: Callable[[], float]
    ) -> "SamplingPlan":
        """Plan the samples of a method: which bands of the patches it is shown.

        Args:
            method: the network's.
            patches: number of patches.
            bands: number of bands of a patch.
            cost: returns the multiplications of the network for one band, per pixel; called only
                where the number of bands depends on it.
        """
        from benchmark.data.sampler import SamplingPlan

        recipe = self.recipe(method)
        shown = 0
        if method.bandwise and not recipe.bands_as_samples:
            shown = self.bands_of_patch(bands, cost() if self.multiplications else 0.0)
        return SamplingPlan(
            patches=patches,
            bands=bands,
            batch=recipe.batch_size,
            epochs=recipe.epochs,
            bands_per_patch=shown,
            bands_as_samples=method.bandwise and recipe.bands_as_samples,
        )

    def patch_size(self, method: "NetworkMethod", scale: int) -> int:
        """Return the rows and columns of the patches that a method is trained on."""
        recipe = self.recipe(method)
        common = max(self.patch, _LOW_PATCH * scale)
        return recipe.low_patch_size * scale or recipe.patch_size or common

    def numeric_facts(self) -> dict[str, Any]:
        """Return the fields that numbers depend on, for the key of a cell, beside the recipe's."""
        return {name: value for name, value in self.facts().items() if name not in _NOT_NUMERIC}

    def facts(self) -> dict[str, Any]:
        """Return all fields, for a cell's configuration.

        Without `tuning_patches` where it is 0, as in the cells of versions that had no such field.
        """
        facts = asdict(self)
        if not self.tuning_patches:
            del facts["tuning_patches"]
        return facts


PROFILES = {
    profile.name: profile
    for profile in (
        Profile(
            "quick",
            "one common recipe (Muon, one cycle), 600 cubic patches of 24 x 24 pixels, of which "
            "band-wise networks see 2 bands, or more where that costs at most 70,000 "
            "multiplications per pixel: minutes on two CPU cores, an order of magnitude too short "
            "to rank networks",
            patches=600,
            patch=24,
            batch=2,
            lr=0.02,
            bands=2,
            multiplications=70_000,
            validations=2,
            validation_size=64,
        ),
        Profile(
            "evening",
            "one common recipe (Muon, one cycle), 12,000 cubic patches, of which band-wise "
            "networks see 4 bands, or more where that costs at most 2.7 million multiplications "
            "per pixel",
            patches=12_000,
            batch=8,
            bands=4,
            multiplications=2_700_000,
            validations=8,
            validation_size=128,
        ),
        Profile(
            "overnight",
            "one common recipe (Muon, one cycle), 60,000 cubic patches, of which band-wise "
            "networks see 4 bands, or more where that costs at most 2.7 million multiplications "
            "per pixel; each network's rate is chosen from three by trials of 3,000 patches: some "
            "hours a seed and protocol on two CPU cores with bfloat16",
            patches=60_000,
            batch=16,
            tuning_patches=3_000,
            bands=4,
            multiplications=2_700_000,
            validations=10,
            validation_size=128,
        ),
        Profile(
            "standard",
            "one common recipe (Muon, one cycle), 10 passes over 30,000 cubic patches; each "
            "network's rate is chosen from three by trials of 1,500 patches: the fair race, for a "
            "GPU",
            patches=30_000,
            epochs=10,
            batch=32,
            tuning_patches=1_500,
            validation_size=256,
        ),
        Profile(
            "paper",
            "every method by its own paper's recipe on 30,000 cubic patches",
            patches=30_000,
            epochs=0,
        ),
    )
}


def get(name: str) -> Profile:
    """Return the profile of a name.

    Raises:
        RequestError: the name is unknown.
    """
    if name not in PROFILES:
        raise unknown("profile", name, PROFILES)
    return PROFILES[name]
