"""Assembly of the HTML file, which can neither load nor run anything else.

Everything from cells is JSON in a block that no browser executes; the script inserts it as text.
The policy allows exactly this script and this style sheet, by their hashes, and no request.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ASSETS = Path(__file__).with_name("assets")
SCRIPTS = (
    "lib/elements.js", "lib/numbers.js", "lib/csv.js", "lib/table.js", "lib/axes.js",
    "lib/charts.js", "lib/cubes.js", "views/provenance.js", "views/methods.js",
    "views/comparison.js", "views/cost.js", "views/training.js", "views/tests.js",
    "views/scenes.js", "viewer/spectra.js", "viewer/viewer.js", "viewer/captions.js",
    "viewer/stage.js", "views/cells.js", "views/main.js",
)  # fmt: skip


def document(facts: Mapping[str, Any], images: Sequence[str]) -> str:
    """Build the content of the file.

    Args:
        facts: the data that the script shows; JSON without NaN or infinity.
        images: WebP images in base64.
    """
    style = (ASSETS / "page.css").read_text(encoding="utf-8")
    bodies = [(ASSETS / name).read_text(encoding="utf-8") for name in SCRIPTS]
    # One function around all scripts: no global names.
    script = '"use strict";\n(() => {\n' + "\n".join(bodies) + "\n})();\n"
    blocks = [
        f'<script type="text/plain" id="image-{index}">{text}</script>'
        for index, text in enumerate(images)
    ]
    filled = {
        "policy": policy(style, script),
        "style": style,
        "facts": embedded(facts),
        "images": "\n".join(blocks),
        "script": script,
    }
    page = (ASSETS / "page.html").read_text(encoding="utf-8")
    for name, text in filled.items():
        before, mark, after = page.partition(f"<!-- {name} -->")
        if not mark:
            raise ValueError(f"page.html has no place for {name}")
        page = before + text + after
    return page


def embedded(facts: Mapping[str, Any]) -> str:
    """Return JSON for a script block, with the special characters of HTML escaped."""
    text = json.dumps(facts, allow_nan=False, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def policy(style: str, script: str) -> str:
    """Return the content security policy that allows this script and style and nothing else."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src '{_hashed(script)}'",
            f"style-src '{_hashed(style)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _hashed(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
