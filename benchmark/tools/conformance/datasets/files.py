"""Checks of how a data set finds its files."""

import re
import tempfile
from pathlib import Path

from benchmark.data.checks import check_source
from benchmark.errors import RequestError
from benchmark.plugins.isolation import process_kept
from benchmark.tools.conformance.check import Check, require
from benchmark.tools.conformance.datasets.harness import DataSetHarness
from benchmark.tools.conformance.plugin import require_pure_import, require_unchanged


def missing_files_refused(harness: DataSetHarness) -> None:
    """In an empty folder it raises RequestError, which names the folder or the scenes.

    Unless its scenes are computed, or lie elsewhere.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        try:
            source = harness.plugin.open(root, harness.chosen)
        except RequestError as error:
            message = str(error)
            # The same line as for the real folder: a package or a parameter is missing.
            named = [folder, *harness.chosen, str(harness.obstacle)]
            found = f"found '{message}'"
            require(
                any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", message) for word in named),
                f"expected a message that says which scenes are missing or where they were "
                f"searched, {found}",
            )
        else:
            check_source(source, harness.label)
        require(not any(root.iterdir()), "looking for its files writes into the data folder")


def stamp_stable(harness: DataSetHarness) -> None:
    """Opening the same files twice gives the same stamp."""
    first, second = (harness.source().stamp for _ in range(2))
    require(bool(first), "the stamp of its source is empty")
    require(first == second, f"the stamp changes from '{first:.60}' to '{second:.60}'")


def global_state_kept(harness: DataSetHarness) -> None:
    """Import, opening and reading change no settings or functions of torch, numpy and Python."""
    require_pure_import(harness)
    with process_kept() as found:
        harness.source().read(harness.chosen[0])
    require_unchanged(found)


CHECKS: dict[str, Check] = {
    "missing-files-refused": missing_files_refused,
    "stamp-stable": stamp_stable,
    "global-state-kept": global_state_kept,
}
