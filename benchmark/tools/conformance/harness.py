"""What the checks of every kind of plugin are given."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from benchmark.errors import RequestError
from benchmark.plugins.registry import Registry

T = TypeVar("T")


@dataclass(frozen=True)
class Harness(ABC, Generic[T]):
    """A plugin under test; each kind adds what its checks share.

    Attributes:
        plugin: with its parameters.
        names: of the checks of its kind.
    """

    plugin: T
    names: tuple[str, ...] = field(default=(), kw_only=True)

    @property
    @abstractmethod
    def registry(self) -> Registry[T]:
        """The registry of the plugin's kind."""

    @property
    def patience(self) -> int:
        """How many times as long as usual a check may take."""
        return 1

    @property
    def obstacle(self) -> RequestError | None:
        """What keeps checks from running that the user can remove; they are skipped."""
        return None


AnyHarness = Harness[Any]
