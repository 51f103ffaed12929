"""Commands of `run_all.py` that export, import, submit and verify cells."""

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.options import (
    CACHE,
    DATA,
    RESULTS,
    Cache,
    Data,
    Json,
    Plugins,
    Results,
    discover,
    print_result,
)
from benchmark.cli.usage import finite
from benchmark.commands import command
from benchmark.console import print_line
from benchmark.errors import RequestError, counted, listed


def export(
    file: Annotated[Path, typer.Argument(help="The zip to write.")],
    dataset: Annotated[str, typer.Option(help="Data sets; all that have results if empty.")] = "",
    protocol: Annotated[str, typer.Option(help="Protocols; all with results if empty.")] = "",
    profile: Annotated[str, typer.Option(help="Profiles; all with results if empty.")] = "",
    methods: Annotated[str, typer.Option(help="Methods; all with results if empty.")] = "",
    weights: Annotated[
        bool, typer.Option("--weights", help="Include the trained weights.")
    ] = False,
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Export cells to a zip; exit code 1 if a damaged one was left out."""
    from benchmark.cli.stored import stored_labels
    from benchmark.dataset import DATASETS
    from benchmark.execution.listeners import progress
    from benchmark.method import METHODS
    from benchmark.plugins.parameters import names_in
    from benchmark.protocol import PROTOCOLS
    from benchmark.tools import exchange

    with progress.make() as shown:
        report = partial(shown.preparing, what="cells packed")
        packed = exchange.export(
            results,
            file,
            stored_labels(dataset, "--dataset", DATASETS, results),
            protocols=stored_labels(protocol, "--protocol", PROTOCOLS, results),
            profiles=names_in(profile, "--profile"),
            methods=stored_labels(methods, "--methods", METHODS, results),
            weights=weights,
            on_progress=report,
        )
    print_result({**asdict(packed), "file": str(packed.file)}, packed.summary, as_json)
    for why in packed.left_out:
        print_line(f"left out: {why}", err=True)
    raise typer.Exit(int(bool(packed.left_out)))


def merge(
    file: Annotated[Path, typer.Argument(help="A zip that `export` or `submit` wrote.")],
    results: Results = RESULTS,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Replace conflicting cells; they move to .superseded."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Import cells from a zip; exit code 1 if one was refused, for example by a conflict."""
    from benchmark.execution.listeners import progress
    from benchmark.tools import exchange

    with progress.make() as shown:
        report = partial(shown.preparing, what="cells checked")
        merged = exchange.merge(results, file, replace=replace, on_progress=report)
    print_result(asdict(merged), merged.summary, as_json)
    if merged.submitted and not as_json:
        print_line(merged.submitted)
        verify_it = command("verify", file, *["--run-code"] * bool(merged.code), results=results)
        note = f"; it runs {listed(merged.code)}: read it first" if merged.code else ""
        print_line(f"score its weights again: {verify_it}{note}")
    for why in merged.aside:
        print_line(f"replaced, and kept in .superseded: {why}", err=True)
    for cell, why in merged.refused.items():
        print_line(f"refused: {cell}: {why}", err=True)
    raise typer.Exit(int(bool(merged.refused)))


def submit(
    methods: Annotated[
        str, typer.Option(help="The method, and variants of it: mine,mine[maps=128].")
    ] = "",
    new: Annotated[
        bool, typer.Option("--new", help="Write a form to fill in, submission.yaml, and stop.")
    ] = False,
    form: Annotated[
        Path | None, typer.Option(help="The form; submission.yaml if it is there.")
    ] = None,
    authors: Annotated[str, typer.Option(help="Who submits: A. Author, B. Author.")] = "",
    paper: Annotated[
        str, typer.Option(help="Title and venue, DOI or URL, or none; as registered if empty.")
    ] = "",
    code: Annotated[str, typer.Option(help="URL of the code; none if empty.")] = "",
    licence: Annotated[str, typer.Option(help="Of code and weights, such as MIT.")] = "",
    not_trained_on_test_scenes: Annotated[
        bool,
        typer.Option(
            "--not-trained-on-test-scenes",
            help="State that no test scene was used to train, choose or tune the method.",
        ),
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The zip; METHOD.zip if left out.")
    ] = None,
    dataset: Annotated[str, typer.Option(help="Data sets; all with results if empty.")] = "",
    protocol: Annotated[str, typer.Option(help="Protocols; all with results if empty.")] = "",
    profile: Annotated[str, typer.Option(help="Profiles; all with results if empty.")] = "",
    scales: Annotated[str, typer.Option(help="Scales; all with results if empty.")] = "",
    seeds: Annotated[str, typer.Option(help="Seeds; all with results if empty.")] = "",
    data: Data = DATA,
    results: Results = RESULTS,
    cache: Cache = CACHE,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Pack a method for others: its cells, weights and code, checked; exit code 1 if refused."""
    from benchmark.tools.exchange import submissions

    if new:
        file = form or Path(submissions.FORM)
        submissions.write_template(file)
        words = ["--methods", methods or "METHOD", *(["--form", file] if form else [])]
        again = command("submit", *words, data=data, results=results, cache=cache, plugins=plugin)
        text = f"wrote {file}; fill it in, then: {again}"
        print_result({"form": str(file), "then": again}, text, as_json)
        return
    if not methods:
        raise RequestError("name the method to submit: --methods METHOD, and --plugin if it is one")
    if output is not None and output.suffix.lower() != ".zip":
        raise RequestError(f"--output {output}: expected a name that ends in .zip")
    discover(plugin)
    from benchmark.cli.stored import stored_labels
    from benchmark.dataset import DATASETS
    from benchmark.execution.listeners import progress
    from benchmark.execution.planning.plan import Folders
    from benchmark.execution.planning.request import numbers
    from benchmark.method import METHODS
    from benchmark.plugins.parameters import names_in
    from benchmark.protocol import PROTOCOLS
    from benchmark.store.address import place_name

    made = [METHODS.make(one) for one in names_in(methods, "--methods")]
    filled = submissions.form_of(form)
    filled = filled.with_options(
        authors=tuple(names_in(authors, "--authors")),
        paper=paper or filled.paper or METHODS.entry(made[0].name).facts.get("paper", ""),
        code=code,
        licence=licence,
        not_trained_on_test_scenes=not_trained_on_test_scenes,
    )
    filled.require_complete()
    wanted = {
        "dataset": stored_labels(dataset, "--dataset", DATASETS, results),
        "protocol": [
            PROTOCOLS.label(PROTOCOLS.make(one)) for one in names_in(protocol, "--protocol")
        ],
        "profile": names_in(profile, "--profile"),
        "scale": numbers(scales, "--scales"),
        "seed": numbers(seeds, "--seeds"),
    }
    found = submissions.chosen(results, made, wanted)
    file = output or Path(f"{place_name(made[0].name)}.zip")
    folders = Folders(data, results, cache)
    with progress.make() as shown:
        packed = submissions.submit(
            results,
            found,
            made,
            filled,
            file,
            partial(submissions.plan, folders=folders, device="cpu"),
            partial(shown.preparing, what="cells checked"),
        )
    for cell, why in packed.refused.items():
        print_line(f"refused: {cell}: {why}", err=True)
    if packed.refused:
        print_line(f"nothing is written: {counted(len(packed.refused), 'cell')} refused", err=True)
    if not packed.refused or as_json:
        words = ["verify", file, *["--run-code"] * bool(packed.code)]
        verify_it = command(*words, data=data, results=results, cache=cache)
        last = f"try it as others will: {verify_it}"
        text = "\n".join([f"form       {filled.line}", *packed.lines(), last])
        print_result({**asdict(packed), "file": str(file)}, text, as_json)
    raise typer.Exit(int(bool(packed.refused)))


def verify(
    file: Annotated[Path, typer.Argument(help="A zip that `submit` wrote.")],
    run_code: Annotated[
        bool,
        typer.Option(
            "--run-code",
            help="Run the submission's code, in a process of its own but with your rights.",
        ),
    ] = False,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    timeout: Annotated[
        float,
        typer.Option(min=0, callback=finite, help="Seconds that it may take; 0 for no limit."),
    ] = 0,
    data: Data = DATA,
    results: Results = RESULTS,
    cache: Cache = CACHE,
    as_json: Json = False,
) -> None:
    """Score a submission's weights again; exit code 0 only if every score comes out the same."""
    from benchmark.tools.exchange import submissions

    with submissions.opened(file) as submission:
        if not as_json:
            print_line("\n".join(submission.lines()))
        if why := submissions.why_not(submission, run_code=run_code):
            value = {"equal": False, "why": why, "cells": []}
            print_result(value, f"not re-scored: {why}", as_json)
            raise typer.Exit(1)
        discover(None)
        from benchmark.engine.machine.device import choose
        from benchmark.execution.listeners import progress
        from benchmark.execution.planning.plan import Folders
        from benchmark.execution.planning.request import check_writable

        choose(device)
        check_writable(results)
        with progress.make() as shown:
            found = submissions.verify(
                submission, Folders(data, results, cache), shown, device=device, timeout=timeout
            )
    equal = sum(one.equal for one in found)
    verdict = f"re-scored: equal: {equal} of {counted(len(found), 'cell')}"
    if equal < len(found):
        verdict = f"NOT verified: {len(found) - equal} of {counted(len(found), 'cell')}"
    lines = [line for one in found for line in one.lines()]
    value = {"equal": equal == len(found), "why": "", "cells": [one.as_dict() for one in found]}
    print_result(value, "\n".join([*lines, verdict]), as_json)
    raise typer.Exit(int(equal < len(found)))
