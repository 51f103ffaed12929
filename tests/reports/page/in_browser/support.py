"""What a browser shows of the page: rows, entries, texts and pixels."""

import numpy as np

from tests.reports.page.browser import Tab
from tests.reports.page.conftest import Report

TABLE = "#comparison-table"


def rows(tab: Tab, table: str = TABLE) -> list[str]:
    """Return the names of a table's rows from top to bottom."""
    names: list[str] = tab.run(
        f"[...document.querySelectorAll('{table} tbody th')]"
        ".map((one) => one.firstChild.textContent)"
    )
    return names


def entries(tab: Tab, name: str, table: str = TABLE) -> list[str]:
    """Return the texts of the row of that name, without its name."""
    found: list[str] = tab.run(
        f"[...[...document.querySelectorAll('{table} tbody tr')].find((row) =>"
        f" row.cells[0].firstChild.textContent === {name!r}).cells].slice(1)"
        ".map((one) => one.innerText)"
    )
    return found


def text(tab: Tab, selector: str) -> str:
    """Return an element's text as it is shown."""
    return str(tab.run(f"document.querySelector('{selector}').innerText"))


def seen(tab: Tab) -> None:
    """Wait until the viewer shows its images."""
    tab.wait("document.querySelector('#spectra-plot polyline')")


def pixels(tab: Tab, canvas: str) -> np.ndarray:
    """Return (rows, columns, 3) of a canvas."""
    found = tab.run(
        f"(() => {{ const one = document.querySelector('{canvas}');"
        "const copy = document.createElement('canvas');"
        "[copy.width, copy.height] = [one.width, one.height];"
        "const context = copy.getContext('2d', {willReadFrequently: true});"
        "context.drawImage(one, 0, 0);"
        "const data = context.getImageData(0, 0, one.width, one.height).data;"
        "return [one.height, one.width, ...data]; })()"
    )
    return np.array(found[2:]).reshape(found[0], found[1], 4)[:, :, :3]


def estimate(report: Report, method: str, scale: int, scene: str) -> np.ndarray:
    """Return the stored estimate that the page should show."""
    for one in report.shown:
        at = one.address
        if (at.method, at.scale, one.scene) == (method, scale, scene):
            assert one.preview is not None
            return one.preview.estimate
    raise LookupError(method)


def method_number(tab: Tab, name: str) -> str:
    """Return the value of a method's option in the viewer."""
    return str(tab.run(
        "[...document.querySelector('#view-right').options]"
        f".find((one) => one.textContent === '{name}').value"
    ))  # fmt: skip
