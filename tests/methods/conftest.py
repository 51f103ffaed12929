"""Fixtures of the methods' tests."""

from tests.benchmark.conftest import one_thread, registries

__all__ = ["one_thread", "registries"]
