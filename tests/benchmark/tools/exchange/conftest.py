"""Fixtures of the tests of exports and imports."""

import os

import pytest


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip fsync: hundreds of small files take long, and no power is lost here."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)
