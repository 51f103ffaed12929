"""All plugins are registered, in the order of a run, before a test registers one of them."""

from benchmark.execution.registries import REGISTRIES
from benchmark.plugins.discovery import discover

discover(REGISTRIES)
