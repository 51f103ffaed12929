"""The command of `run_all.py` that upscales a user's own images."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from benchmark.cli.options import STORED, Json, Plugins, discover, print_result
from benchmark.cli.usage import finite
from benchmark.console import print_line
from benchmark.errors import RequestError

if TYPE_CHECKING:
    from benchmark.tools.upscaling import Upscaled


def upscale(
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE", help="A .mat, .npy, .tif, .h5 or .hdr file.")
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The file to write, or a folder for several.")
    ],
    method: Annotated[str, typer.Option(help="The method; may be left out with a cell.")] = "",
    scale: Annotated[int, typer.Option(min=0, help="The factor; may be left out with a cell.")] = 0,
    weights: Annotated[
        str, typer.Option(help="The folder of a cell, or pretrained; empty where none are needed.")
    ] = "",
    preview: Annotated[
        Path | None, typer.Option(help="Write a false-colour PNG too: before and after.")
    ] = None,
    variable: Annotated[
        str, typer.Option(help="Name of the image in a file with several arrays.")
    ] = "",
    axis: Annotated[
        str, typer.Option(help="Axis of the bands in the file: auto, first, middle or last.")
    ] = "auto",
    peak: Annotated[
        float,
        typer.Option(min=0, callback=finite, help="Value that means 1; 0 for the image's largest."),
    ] = 0,
    wavelengths: Annotated[
        str, typer.Option(help="Of the bands, where the file has none: 400:10:700, or a text file.")
    ] = "",
    protocol: Annotated[
        str, typer.Option(help="The protocol, where no cell says it; wang2017 if empty.")
    ] = "",
    tile: Annotated[
        int, typer.Option(min=0, help="Rows and columns of a tile; 0 divides large images alone.")
    ] = 0,
    weights_from: Annotated[
        Path, typer.Option(help="The results folder that --weights pretrained searches.")
    ] = STORED,
    force: Annotated[bool, typer.Option("--force", help="Replace existing files.")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Upscale your own image by a trained method; it comes out in the format of its file.

    A bad one of several images stops no other; exit code 1 if one failed, 2 if none was made.
    """
    discover(plugin)
    from benchmark.engine.machine.device import choose
    from benchmark.execution.listeners import progress
    from benchmark.tools import upscaling

    if len(images) > 1 and not peak:
        raise RequestError(
            "--peak is needed for several images, so that their values keep their relation; state "
            "the value that means 1"
        )
    if len(images) > 1 and preview:
        raise RequestError("--preview shows one image; upscale them one by one")
    chosen = choose(device)
    targets = dict(zip(images, upscaling.outputs_of(images, out), strict=True))
    for image, target in targets.items():
        upscaling.check_targets(image, target, preview, force=force)
    with progress.make() as shown:
        upscale_one = partial(
            upscaling.upscale,
            method=method,
            scale=scale,
            weights=weights,
            preview=preview,
            protocol=protocol,
            variable=variable,
            axis=axis,
            peak=peak,
            wavelengths=wavelengths,
            weights_from=weights_from,
            tile=tile,
            force=force,
            device=chosen,
            progress=shown,
        )
        found, errors = _each(targets, upscale_one)
    if found:
        print_result([_facts(one) for one in found], "\n".join(map(_summary, found)), as_json)
    for note in dict.fromkeys(note for one in found for note in one.notes):
        print_line(f"note: {note}", err=True)
    for why in errors:
        print_line(f"error: {why}", err=True)
    if errors:
        raise typer.Exit(1 if found else 2)


def _each(
    targets: Mapping[Path, Path], upscale_one: Callable[..., "Upscaled"]
) -> tuple[list["Upscaled"], list[str]]:
    """Upscale images one after the other.

    Args:
        targets: the file to write for each image.
        upscale_one: upscales an image.

    Returns:
        What was made, and what is wrong with the other images, or with the request, once.
    """
    found, errors = [], dict[str, None]()
    for image, target in targets.items():
        try:
            found.append(upscale_one(image, out=target))
        except RequestError as error:
            errors[str(error)] = None
    return found, list(errors)


def _summary(made: "Upscaled") -> str:
    rows, columns, bands = made.shape
    by = f"{made.method}" + (f", weights of {made.weights}" if made.weights else "")
    size = f"{rows} x {columns} pixels, {bands} bands, {made.kind}"
    written = f"wrote {made.file}: {size}, by {by}, protocol {made.protocol}"
    return written + (f"\nwrote {made.preview}" if made.preview else "")


def _facts(made: "Upscaled") -> dict[str, Any]:
    values = {field.name: getattr(made, field.name) for field in fields(made)}
    del values["cube"]
    return {
        name: str(value) if isinstance(value, Path) else value for name, value in values.items()
    }
