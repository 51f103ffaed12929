"""The files that are written: which ones, and whether they may be."""

from collections.abc import Sequence
from pathlib import Path

from benchmark.data.formats.images import ENDINGS, files_of
from benchmark.data.formats.writing import files_written
from benchmark.errors import RequestError, listed

_PNG = ".png"


def outputs_of(images: Sequence[Path], out: Path) -> list[Path]:
    """Return the file to write for each image.

    Args:
        images: the images.
        out: a file for a single image; a folder, in which each is named as its image.

    Raises:
        RequestError: several images would be written to one file.
    """
    folder = out.is_dir() or (len(images) > 1 and out.suffix.lower() not in ENDINGS)
    if not folder:
        if len(images) > 1:
            raise RequestError(
                f"-o {out}: expected a folder for {len(images)} images, found the name of a file; "
                "name a folder"
            )
        return [out]
    names = [image.name for image in images]
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise RequestError(
            f"{listed(twice)} is the name of several images; upscale them one by one"
        )
    return [out / name for name in names]


def check_targets(
    image: Path | None, out: Path | None, preview: Path | None, *, force: bool
) -> None:
    """Check that the files to write have a known ending, and that nothing is replaced by accident.

    Args:
        image: the image that is read; None for an array.
        out: the image to write, if any.
        preview: the PNG to write, if any.
        force: True replaces existing files.

    Raises:
        RequestError: an ending is unknown, a file exists, or the image itself would be replaced.
    """
    if out is not None and out.suffix.lower() not in ENDINGS:
        found = f"'{out.suffix}'" if out.suffix else "none; a folder has to exist"
        raise RequestError(
            f"-o {out}: expected a file with one of the endings {', '.join(ENDINGS)}, found {found}"
        )
    if preview is not None and preview.suffix.lower() != _PNG:
        raise RequestError(f"--preview {preview}: expected a file with the ending {_PNG}")
    written = [*(files_written(out) if out else []), *([preview] if preview else [])]
    read = {file.resolve() for file in (files_of(image) if image else [])}
    for file in written:
        if file.resolve() in read:
            raise RequestError(f"{file} is the image that is read; write to another file")
        if file.is_dir():
            raise RequestError(f"{file} is a folder; name a file")
        if file.exists() and not force:
            raise RequestError(f"{file} exists already; name another file, or replace it: --force")
