"""Tests; the tree mirrors that of the code."""

from pathlib import Path

import pytest

# Files beside the tests check things too, and a failed assertion there must show its values.
_FOLDERS = (entry.name for entry in Path(__file__).parent.iterdir() if entry.is_dir())
pytest.register_assert_rewrite(*(f"{__name__}.{name}" for name in _FOLDERS))
