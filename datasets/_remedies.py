"""What a message about missing or damaged files tells the user to do."""

from pathlib import Path

from benchmark.dataset import DataSet


def fetch_again(name: str, root: Path) -> str:
    """Return the remedy for a damaged file of a data set."""
    return f"delete it and run 'python run_all.py fetch {name} --data {root}'"


def get_missing(dataset: DataSet, root: Path, folders: str, files: str) -> str:
    """Return where a data set was looked for, and the remedies for files that are not there.

    Args:
        dataset: the data set.
        root: the folder that was looked in.
        folders: the folders below it that were looked in too.
        files: what its home page offers.
    """
    where = root if root.is_dir() else f"{root}, which is no folder"
    return (
        f"Looked in {where} and its {folders}. Run 'python run_all.py fetch {dataset.name} "
        f"--data {root}', get {files} from {dataset.home}, or name the scenes that you have with "
        "--scenes"
    )
