"""Commands of `run_all.py` that list methods, protocols and published numbers, and judge these."""

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.options import (
    RESULTS,
    STORED,
    Json,
    Plugins,
    Results,
    discover,
    print_json,
    print_list,
)
from benchmark.console import print_line, results_stream

StoredResults = Annotated[Path, typer.Option("--results", help="The results folder.")]
DataSetLabel = Annotated[str, typer.Option(help="The data set.")]


def methods(
    names: Annotated[
        str, typer.Option("--methods", help="Only these: a,b[x=1]; all if empty.")
    ] = "",
    table: Annotated[
        bool, typer.Option("--table", help="Markdown tables: size, cost, published numbers.")
    ] = False,
    measure: Annotated[
        bool, typer.Option("--measure", help="With speed and memory on this machine; minutes.")
    ] = False,
    device: Annotated[str, typer.Option(help="Where to measure: auto, cpu or cuda.")] = "auto",
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """List the methods and their parameters, or write tables of what they cost."""
    discover(plugin)
    from benchmark.errors import RequestError
    from benchmark.execution.planning.request import chosen_methods
    from benchmark.method import METHODS, all_methods
    from benchmark.plugins.parameters import explain

    if measure and not table:
        raise RequestError("--measure needs --table, which shows what was measured")
    chosen = chosen_methods(names) if names else all_methods()
    if not table:
        rows = [
            {
                "name": method.name,
                "paper": METHODS.entry(method.name).facts.get("paper", ""),
                "inputs": " and ".join(method.inputs)
                + (", band by band" if method.bandwise else ""),
                "parameters": explain(type(method)),
            }
            for method in chosen
        ]
        print_list(rows, as_json)
        return
    from benchmark.engine.machine.device import choose
    from benchmark.tools.protocol_facts import protocol_facts
    from benchmark.tools.speed.methods import measure_methods, method_facts
    from reports.published.reader import load
    from reports.writers.method_table import method_page

    facts = [method_facts(method) for method in chosen]
    measured = None
    if measure:
        measured = measure_methods(
            chosen, choose(device), lambda what: print_line(f"measuring: {what}", err=True)
        )
    if as_json:
        print_json({"methods": facts, "measured": measured})
    else:
        print_line(method_page(facts, measured, protocol_facts(), load()))


def published(
    protocol: Annotated[str, typer.Option(help="Only numbers under this protocol.")] = "",
    dataset: Annotated[str, typer.Option(help="Only numbers on this data set.")] = "",
    as_json: Json = False,
) -> None:
    """List published numbers, by protocol; never mixed."""
    from rich.console import Console

    from benchmark.tools.protocol_facts import protocol_facts
    from reports.analysis.metrics import from_facts
    from reports.writers import published_list

    rows = published_list.chosen(protocol, dataset)
    if as_json:
        print_json(published_list.as_json(rows))
    else:
        discover(None)
        known = {str(one["name"]): from_facts(one["metrics"]) for one in protocol_facts()}
        published_list.show_published(rows, Console(file=results_stream()), known)


def protocols(
    dataset: Annotated[str, typer.Option(help="The data set of split and Bicubic row.")] = "cave",
    results: Results = RESULTS,
    plugin: Plugins = None,
    table: Annotated[
        bool, typer.Option("--table", help="One Markdown table: how hard each protocol is.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Explain the protocols, each with its Bicubic row as printed and as measured."""
    discover(plugin)
    from benchmark import CHECKOUT
    from benchmark.store.cells import cells
    from benchmark.tools.protocol_facts import protocol_facts
    from reports.writers import protocol_list
    from reports.writers.protocol_table import protocol_table

    found = protocol_facts(dataset)
    folders = {str(results): results, "docs/results": CHECKOUT / "docs" / "results"}
    stored = {place: list(cells(folder)) for place, folder in folders.items()}
    rows = [protocol_list.bicubic_row(one, dataset, stored) for one in found]
    both = list(zip(found, rows, strict=True))
    if as_json:
        print_json([protocol_list.as_json(one, row) for one, row in both])
    elif table:
        print_line(protocol_table(both, dataset, stored))
    else:
        print_line("\n\n".join("\n".join(protocol_list.lines_of(*one, dataset)) for one in both))


def verdicts(
    dataset: DataSetLabel = "cave",
    results: StoredResults = STORED,
    output: Annotated[
        Path | None, typer.Option(help="Write a page (.md) or a table (.csv) instead of printing.")
    ] = None,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Judge every published row by the stored cells: was it reproduced, exceeded, not reached?"""
    discover(plugin)
    from rich.console import Console

    from benchmark.errors import RequestError, listed
    from benchmark.method import METHODS
    from benchmark.store.cells import cells
    from benchmark.tools.protocol_facts import protocol_facts
    from reports import output as files
    from reports.analysis.verdicts.verdicts import verdicts as judged
    from reports.published.reader import published_names
    from reports.writers import verdict_page as page
    from reports.writers.published_list import chosen

    facts, rows = protocol_facts(), chosen(dataset=dataset)
    if {row.protocol for row in rows}.isdisjoint(str(one["name"]) for one in facts):
        raise RequestError(
            f"--dataset: the published numbers on {dataset} are under "
            f"{listed(dict.fromkeys(row.protocol for row in rows))} alone, which is no protocol of "
            "the suite, so that no cell can be compared with them; the command published lists them"
        )
    _check_folder(results)
    files.check_suffix(output, (".md", ".csv"))
    known = {
        name: entry.name
        for entry in METHODS
        for name in published_names(str(entry.facts.get("published", "")))
    }
    found = judged(facts, dataset, cells(results), known)
    if output is not None:
        is_table = output.suffix.lower() == ".csv"
        chosen_set = () if dataset == "cave" else ("--dataset", dataset)
        written_by = _command(
            "verdicts", *chosen_set, results=results, output=output, plugin=plugin
        )
        text = page.verdict_csv(found) if is_table else page.verdict_page(found, written_by)
        files.write_page(output, text)
    elif as_json:
        print_json(page.verdict_rows(found))
    else:
        page.show_verdicts(found, Console(file=results_stream()))


def claims(
    results: StoredResults = STORED,
    output: Annotated[
        Path | None, typer.Option(help="Write the page (.md) there instead of printing it.")
    ] = None,
    plugin: Plugins = None,
) -> None:
    """Check what the paper claims by the stored cells of `wang2017` on CAVE; Markdown."""
    discover(plugin)
    from benchmark import CHECKOUT
    from benchmark.engine.training.profiles import PROFILES
    from benchmark.store.cells import cells
    from reports import output as files
    from reports.writers.claims_page import claims_page

    files.check_suffix(output, (".md",))
    _check_folder(results)
    lengths: dict[int, str] = {}
    for profile in PROFILES.values():
        lengths.setdefault(profile.patches * profile.epochs, profile.name)
    written_by = _command("claims", results=results, output=output, plugin=plugin)
    # A run has another default than this command.
    folder = Path(_unless_stored(results) or STORED.relative_to(CHECKOUT))
    page = claims_page(list(cells(results)), lengths, written_by, folder)
    if output is None:
        print_line(page)
    else:
        files.write_page(output, page)


def _command(*words: str, results: Path, output: Path | None, plugin: Plugins) -> str:
    """Return the command that writes a page, as the page names it."""
    from benchmark.commands import command
    from benchmark.errors import plain

    folder, file = _unless_stored(results), str(output or "")
    named = [
        word for pair in (("--results", folder), ("--output", file)) if pair[1] for word in pair
    ]
    return plain(command(*words, *named, plugins=plugin))


def _unless_stored(results: Path) -> str:
    """Return a results folder as it was named; "" for the one of the checkout, the default."""
    return "" if results.resolve() == STORED.resolve() else str(results)


def _check_folder(results: Path) -> None:
    """Check that a results folder is there: without it nothing would have been run.

    Raises:
        RequestError: it is not.
    """
    from benchmark.errors import RequestError

    if not results.is_dir():
        raise RequestError(f"--results: there is no folder {results}; name the one to judge")
