"""Remedies in messages about missing or damaged files."""

from pathlib import Path

from benchmark.dataset import DataSet


def fetch_again(name: str, root: Path, files: str = "it") -> str:
    """Return the remedy for damaged files of a data set."""
    return f"delete {files} and run 'python run_all.py fetch {name} --data {root}'"


def get_missing(dataset: DataSet, root: Path, folders: str, files: str) -> str:
    """Return where a data set was searched, and the remedies for missing files.

    Args:
        dataset: the data set.
        root: the folder that was searched.
        folders: the folders below it that were searched too.
        files: the files to download from its home page.
    """
    where = root if root.is_dir() else f"{root}, which is not a folder"
    return (
        f"Searched {where} and its {folders}. Run 'python run_all.py fetch {dataset.name} "
        f"--data {root}', get {files} from {dataset.home}, or name the scenes that you have with "
        "--scenes"
    )
