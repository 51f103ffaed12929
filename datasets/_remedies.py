"""Remedies in messages about missing or damaged files."""

from collections import defaultdict
from pathlib import Path

from benchmark.commands import command
from benchmark.data.search import Found, is_data
from benchmark.dataset import DataSet
from benchmark.errors import counted, listed

_KINDS = 4  # kinds of files to name, at most


def fetch_again(name: str, root: Path, files: str = "it") -> str:
    """Return the remedy for damaged files of a data set."""
    return f"delete {files} and run: {command('fetch', name, data=root)}"


def get_missing(dataset: DataSet, root: Path, folders: str, files: str, found: Found) -> str:
    """Return where a data set was searched, and the remedies for missing files.

    Args:
        dataset: the data set.
        root: the folder that was searched.
        folders: the folders below it that were searched too.
        files: the files to download from its home page.
        found: what the search found there.
    """
    where = root if root.is_dir() else f"{root}, which is not a folder,"
    return (
        f"Searched {where} and its {folders}; {seen(root, found)}. "
        f"Get {files} from {dataset.home}, name the scenes that you have with --scenes, or run: "
        f"{command('fetch', dataset.name, data=root)}"
    )


def seen(root: Path, found: Found) -> str:
    """Return what a search saw: files by their extension, and folders that were not searched."""
    kinds: dict[str, list[Path]] = defaultdict(list)
    for file in found.files:
        kinds[file.suffix].append(file)
    ordered = sorted(kinds.items(), key=lambda item: -len(item[1]))
    parts = []
    for suffix, files in ordered[:_KINDS]:
        first, number = str(files[0].relative_to(root)), len(files)
        parts.append(
            first if number == 1 else f"{counted(number, f'{suffix} file'.strip())} such as {first}"
        )
    if rest := sum(len(files) for _, files in ordered[_KINDS:]):
        parts.append(counted(rest, "other file"))
    searched = {folder.name for folder in found.folders if folder.parent == root}
    names = sorted(path.name for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    if others := [name for name in names if is_data(name) and name not in searched]:
        parts.append(f"{counted(len(others), 'other folder')} ({listed(others, 4)})")
    return f"found there: {', '.join(parts)}" if parts else "found nothing there"
