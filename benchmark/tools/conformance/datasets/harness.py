"""What the checks of data sets are given: a data set, its files, and what it reads of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmark.data.cache import digest
from benchmark.data.checks import Delivered, check_source, checked, failing, truth_digest
from benchmark.dataset import DATASETS, DataSet, Source
from benchmark.errors import RequestError
from benchmark.plugins.registry import Registry
from benchmark.tools.conformance.check import NotApplicableError
from benchmark.tools.conformance.harness import Harness


@dataclass(frozen=True)
class Reading:
    """What is kept of a scene that was read: one cube at a time is in memory.

    Attributes:
        delivered: its shape, wavelengths and values, to be compared with those of other scenes.
        digest: SHA-256 of everything in it.
    """

    delivered: Delivered
    digest: str


@dataclass(frozen=True)
class DataSetHarness(Harness[DataSet]):
    """A data set under test, with its files.

    Attributes:
        data: the folder that holds `cave/` and so on.
        scenes: the scenes to check, in any case; all if empty.
    """

    data: Path = Path("data")
    scenes: Sequence[str] = ()

    @property
    def registry(self) -> Registry[DataSet]:
        """The data sets."""
        return DATASETS

    @property
    def label(self) -> str:
        """The data set's canonical reference."""
        return DATASETS.label(self.plugin)

    @property
    def chosen(self) -> list[str]:
        """The names of the scenes to check, in the data set's order."""
        wanted = {name.casefold() for name in self.scenes}
        return [name for name in self.plugin.scenes if not wanted or name.casefold() in wanted]

    @property
    def patience(self) -> int:
        """A check reads every scene, some of them twice."""
        try:
            return 1 + len(self.chosen)
        except (Exception, SystemExit):  # noqa: BLE001 - the checks say what is wrong
            return 1

    @cached_property
    def obstacle(self) -> RequestError | None:
        """Why the files of the scenes cannot be opened."""
        try:
            self.plugin.open(self.data, self.chosen)
        except RequestError as error:
            return error
        except (Exception, SystemExit):  # noqa: BLE001 - a fault, which the checks report
            return None
        return None

    def open(self) -> Source:
        """Open the files of the scenes to check.

        Raises:
            RequestError: they are missing, or what was returned is no source.
        """
        with failing(self.plugin, self.label):
            source = self.plugin.open(self.data, self.chosen)
        check_source(source, self.label)
        return source

    def source(self) -> Source:
        """Open the files of the scenes to check.

        Raises:
            NotApplicableError: they are missing.
        """
        if self.obstacle:
            raise NotApplicableError("its files cannot be opened")
        return self.open()

    def read(self, source: Source, name: str) -> Reading:
        """Read one scene and check it.

        Raises:
            RequestError: it cannot be read, or is not as `Scene` describes it.
        """
        with failing(source, f"{self.label}: scene {name}"):
            delivered = source.read(name)
        scene = checked(delivered, name, self.label)
        rows, columns, bands = scene.cube.shape
        return Reading(
            Delivered(
                dataset=self.label,
                name=name,
                role=self._role(name),
                shape=(rows, columns, bands),
                wavelengths=scene.wavelengths,
                truth=truth_digest(scene),
            ),
            digest(scene),
        )

    @cached_property
    def readings(self) -> dict[str, Reading | str]:
        """Every scene, read once, or why it cannot be used.

        Raises:
            NotApplicableError: the files are missing.
        """
        source = self.source()
        found: dict[str, Reading | str] = {}
        for name in self.chosen:
            try:
                found[name] = self.read(source, name)
            except RequestError as error:
                found[name] = str(error)
        return found

    @property
    def valid(self) -> dict[str, Reading]:
        """The scenes that can be used.

        Raises:
            NotApplicableError: there are none, or the files are missing.
        """
        valid = {name: one for name, one in self.readings.items() if isinstance(one, Reading)}
        if not valid:
            raise NotApplicableError("no scene can be used")
        return valid

    def _role(self, name: str) -> str:
        if name in self.plugin.test:
            return "test"
        return "validation" if name in self.plugin.validation else "training"
