"""Fixtures of the tests of exports and imports."""

import os

import pytest


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the disk: no power is lost here, and hundreds of small files take long."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)
