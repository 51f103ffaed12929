"""Configuration of the documentation site: `python -m sphinx -W docs site`."""

import sys
from pathlib import Path

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.domains.python import PyObject  # type: ignore[attr-defined]
from sphinx.writers.html5 import HTML5Translator

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

project = "HSI-SR Bench"
author = "The HSI-SR Bench authors"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["results", "figures", "notebooks"]
nitpicky = True  # a name that a docstring refers to and that does not exist is an error
nitpick_ignore_regex = [
    # Standard library, torch, numpy, pandas; no network is needed to build the site.
    (r"py:.*", r"(torch|np|numpy|nn|pandas)\..*"),
    (r"py:.*", r"(collections|pathlib|dataclasses|contextlib|typing|abc)\..*"),
    (r"py:class", r"benchmark\..*\.[A-Z]"),  # type variables
    (r"py:exc", r"Stopped"),  # not for authors of plugins, like the next
    (r"py:class", r"benchmark\.store\..*"),
    (r"py:.*", r"(Tensor|Path|Callable|Iterable|Sequence|Mapping|Collection|Any|optional)"),
]

# Pages: Markdown, with links to headings and with formulas.
myst_enable_extensions = ["colon_fence", "dollarmath", "deflist"]
myst_heading_anchors = 3
html_math_renderer = "mathml"

# Docstrings: Google style, with code in single backticks.
default_role = "literal"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True  # no folder of the machine that builds the site
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 80
add_module_names = False

# Sphinx calls the attributes of a class its variables.
for field in PyObject.doc_field_types:
    if field.name == "variable":
        field.label = "Attributes"

html_theme = "furo"
html_title = "HSI-SR Bench"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_favicon = "_static/icon.svg"
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_show_sphinx = False
html_theme_options: dict[str, list[str]] = {"top_of_page_buttons": []}


def inline_formula(translator: HTML5Translator, node: nodes.math) -> None:
    """Write a formula within a line.

    Raises:
        SkipNode: always, because the formula is written.
    """
    translator.body.append(convert(node.astext()))
    raise nodes.SkipNode


def block_formula(translator: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula of its own line.

    Raises:
        SkipNode: always, because the formula is written.
    """
    formula = convert(node.astext(), display="block")
    translator.body.append(f'<div class="math-block">{formula}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer of formulas with Sphinx."""
    # MathML is drawn by the browser itself, without a script or a download.
    app.add_html_math_renderer(
        "mathml", inline_renderers=(inline_formula, None), block_renderers=(block_formula, None)
    )
    return {"parallel_read_safe": True, "parallel_write_safe": True}
