"""Profiles: how long and by which recipe methods are trained.

`paper` is every method by its own paper's recipe. The others are one common modern recipe and the
same patches for every method, the fair race, cut to the machine at hand.
"""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from benchmark.errors import RequestError

if TYPE_CHECKING:
    from benchmark.method import NetworkMethod, Recipe


@dataclass(frozen=True)
class Profile:
    """How long is trained, on what, and how often it is validated.

    Attributes:
        name: as on the command line.
        summary: one line above every table.
        patches: positions drawn from the training scenes, shared by every method.
        patch: rows and columns of a patch.
        epochs: passes over them; 0 leaves it to the method's own recipe.
        batch: cubic patches a step.
        bands: a band-wise method is shown so many bands of each patch, drawn anew each time;
            0 for all.
        validations: how many over the whole training; 0 for one each epoch.
        validation_size: rows and columns of the middle of each validation scene that is
            scored; 0 for all of it.
    """

    name: str
    summary: str
    patches: int
    patch: int = 32
    epochs: int = 1
    batch: int = 32
    bands: int = 0
    validations: int = 0
    validation_size: int = 0

    def recipe(self, method: "NetworkMethod") -> "Recipe":
        """Give the recipe that a method is trained by under this profile.

        The common one is Adam over one cycle with unit gradients and rates relative to each
        layer's size: of those tried, the one that no network of the suite, wide or narrow, dies
        of or crawls with.
        """
        from benchmark.method import Recipe

        if not self.epochs:
            return method.recipe
        return Recipe(
            rate=0.01,
            relative=True,
            beta2=0.99,
            unit_gradient=True,
            batch=self.batch,
            epochs=self.epochs,
        )

    def facts(self) -> dict[str, Any]:
        """Give all of it for a cell's configuration and key."""
        return asdict(self)


PROFILES = {
    profile.name: profile
    for profile in (
        Profile(
            "quick",
            "one common recipe (Adam, one cycle) cut to minutes on two CPU cores: an order of "
            "magnitude too short to rank networks",
            patches=1_200,
            batch=2,
            bands=2,
            validations=4,
            validation_size=96,
        ),
        Profile(
            "evening",
            "one common recipe (Adam, one cycle), 12,000 cubic patches, band-wise networks see 4 "
            "bands of each: half an hour for all of CAVE on two recent CPU cores",
            patches=12_000,
            batch=8,
            bands=4,
            validations=8,
            validation_size=128,
        ),
        Profile(
            "standard",
            "one common recipe (Adam, one cycle), 10 passes over 30,000 cubic patches: the fair "
            "race, for a GPU",
            patches=30_000,
            epochs=10,
            batch=32,
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
    """Look a profile up.

    Raises:
        RequestError: there is none of that name.
    """
    if name not in PROFILES:
        raise RequestError(f"unknown profile '{name}'; known: {', '.join(PROFILES)}")
    return PROFILES[name]
