"""Text from plugins, data sets and other machines is escaped in every table."""

import io
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.console import Console

from benchmark.errors import plain
from reports.writers import latex, markdown
from reports.writers.files import Tables, write_tables
from reports.writers.terminal import show
from tests.reports.conftest import Make

HOSTILE = {
    "signs of Markdown": r"a|b`c<d>*e*_f_[g](h)~~i~~#j",
    "signs of LaTeX": r"%&\#${}~^_a\b",
    "a bar": "|",
    "a backslash at the end": "ends with \\",
    "a backslash before a bar": "a\\|b",
    "lines": "one\ntwo\r\nthree\x0bfour\x0cfive\u2028six\u2029seven\x85eight",
    "a rule": "---",
    "another rule": "***",
    "a third rule": "- - -",
    "underlining": "===",
    "a fence": "```",
    "another fence": "~~~python",
    "a heading": "# heading",
    "a quotation": "> quoted",
    "a list": "- item",
    "another list": "+ item",
    "a numbered list": "1. item",
    "another numbered list": "1) item",
    "code": "    four spaces",
    "a link": "[text](https://example.org)",
    "a picture": "![text](https://example.org/x.png)",
    "an address": "<https://example.org>",
    "a reference": "[text]: https://example.org",
    "a footnote": "[^1]: note",
    "a script": "<script>alert(1)</script>",
    "a comment": "<!-- hidden",
    "an entity": "&lt;b&gt; &#42; &copy;",
    "a table": "| a | b |\n|---|---|\n| c | d |",
    "a rule of a table": "|:---|---:|",
    "a task": "[x] done",
    "a break": "two spaces  \nand on",
    "a file read in": r"\input{/etc/passwd}",
    "a command": r"\immediate\write18{ls}",
    "a new command": r"\def\x{y}\catcode`\%=12",
    "an end": r"\end{table}\end{document}",
    "an argument of a line break": "[3cm]",
    "a star": "*",
    "mathematics": "$x_1$ and \\(y\\) and \\[z\\]",
    "an open brace": "{{{",
    "a closed brace": "}}}",
    "a comment of LaTeX": "% gone",
    "options": "--cache and ---more and ``quoted'' and ?` and !`",
    "terminal codes": "\x1b[31mred\x1b]0;title\x07\x1b[2J",
    "backspaces": "good\x08\x08\x08\x08evil",
    "one-byte codes": "\x9b31mred",
    "nothing but codes": "\x1b\x00\x07",
    "a null": "a\0b",
    "right to left": "abc\u202edef\u2066ghi\u2069",
    "no width": "a\u200bb\ufeffc\u00add",
    "a private letter": "a\ue000b",
    "accents": "Łukasz Müller, Ærø, Ďurian, naïve",
    "Greek": "λ-net, Δσ, αβγ",
    "Chinese": "高光谱",
    "icons": "fast \N{ROCKET}",
    "letters unknown to old fonts": "ðþŋ «x» ħ",
    "many marks": "a" + "\u0301" * 50,
    "rich's markup": "[bold red]x[/bold red] [link=https://example.org]y[/link] :rocket:",
    "a formula": "=cmd|'/c calc'!A0",
    "another formula": "@SUM(1+1)*cmd",
    "a number": "-1.5",
    "a path": "../../etc/passwd",
    "a device of Windows": "CON",
    "points": "...",
    "spaces": "   ",
    "nothing": "",
    "very long": "x" * 5000,
    "very long, in words": "word " * 1000,
}


def hostile_tables(make: Make, folder: Path, text: str) -> Tables:
    """Store this text in every field that another party may write, and make the tables."""
    said: dict[str, Any] = {
        "remark": text,
        "marks": [text],
        "title": text,
        "trained_on": ["cave", text],
        "test": [text, "face"],
        "subset": True,
        "device": text,
        "warnings": [text],
        "published": text,
    }
    data = {key: said[key] for key in ("remark", "marks", "trained_on", "test", "subset")}
    for scale in (2, 3):
        make("evil", scale, **{**said, "title": text}, date=text or "2026")
        make("other", scale, psnr=31.0, **data)
    make("broken", 2, status="failed", reason=text, title=text, **data)
    return write_tables(folder, "cave")


def words(tokens: list[Token]) -> str:
    """Return the text of an inline part, which may hold nothing but text and emphasis."""
    allowed = {"text", "strong_open", "strong_close", "em_open", "em_close", "text_special"}
    assert {token.type for token in tokens} <= allowed
    return "".join(token.content for token in tokens)


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_text_is_escaped_everywhere(make: Make, tmp_path: Path, what: str) -> None:
    made = hostile_tables(make, tmp_path, HOSTILE[what])
    check_page(made.markdown, HOSTILE[what])
    check_latex(made.paths[1].read_text(encoding="utf-8"))
    check_terminal(made, HOSTILE[what])


def check_page(page: str, text: str) -> None:
    """Assert that a page keeps its structure and every word."""
    assert all(line.isprintable() for line in page.splitlines())
    reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    tokens = reader.parse(page)
    kinds = [token.type for token in tokens]
    shape = [kinds.count(kind) for kind in ("heading_open", "table_open", "tr_open", "td_open")]
    rows, fields = 4 + 4 + 7 + 4 + 3, 3 * 5 + 3 * 5 + 6 * 9 + 3 * 5 + 2 * 12
    assert shape == [8, 5, rows, fields]
    lists = [kinds.count(kind) for kind in ("bullet_list_open", "ordered_list_open")]
    assert lists == [1, 1]
    others = set(kinds) - {"inline", "paragraph_open", "paragraph_close"}
    boxes = ("heading", "table", "thead", "tbody", "tr", "th", "td", "list_item", "bullet_list",
             "ordered_list")  # fmt: skip
    assert others == {f"{box}_{end}" for box in boxes for end in ("open", "close")}
    inline = [words(token.children or []) for token in tokens if token.type == "inline"]
    said = plain(text)
    notes = [line for line in inline if line == said]
    failed = [line for line in inline if line == f"failed: {said}".strip()]
    assert len(failed) == 1
    assert len(notes) >= 1 or not said
    assert f"Remark: {said}" in inline or not said


def test_text_is_escaped_at_every_position_of_markdown() -> None:
    reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    for text in HOSTILE.values():
        for before in ("", "# ", "1. ", "- **what:** "):
            tokens = reader.parse(before + markdown.escape(text))
            shown = "".join(words(one.children or []) for one in tokens if one.type == "inline")
            assert shown.removeprefix("what:").strip() == plain(text)


COMMANDS = {
    *("begin", "end", "centering", "small", "setlength", "tabcolsep", "caption", "textbf", "par"),
    *("toprule", "midrule", "bottomrule", "cmidrule", "multicolumn", "addlinespace", "smallskip"),
    *("linewidth", "footnotesize", "scriptsize", "underline", "textsuperscript"),
    *("belowcaptionskip", "sisetup", "bfseries", "phantom"),
    *("textbackslash", "textasciitilde", "textasciicircum", "textbar", "ensuremath", "times"),
    *("pm", "infty", "uparrow", "downarrow", "circ"),
    *("alpha", "beta", "gamma", "lambda", "sigma", "Delta"),
}


def check_latex(text: str) -> None:
    """Assert that a file has our own commands only, and every row its columns."""
    assert text.startswith(latex.BEGIN)
    assert text.endswith(f"{latex.END}\n")
    text = text.removeprefix(latex.BEGIN).removesuffix(f"{latex.END}\n")
    lines = text.splitlines()
    assert all(line.isprintable() for line in lines)
    assert set(re.findall(r"\\([A-Za-z]+)", text)) <= COMMANDS
    assert not [line for line in lines if re.search(r"(?<!\\)%", line)]
    bare = re.sub(r"\\[\\{}&%$#_,]", "", text)
    assert bare.count("{") == bare.count("}")
    assert bare.count("$") % 2 == 0
    assert [text.count(f"\\{end}{{table}}") for end in ("begin", "end")] == [3, 3]
    assert [text.count(f"\\{end}{{tabular}}") for end in ("begin", "end")] == [3, 3]
    assert [len(re.findall(r"(?<!\\)&", line)) for line in lines if line.endswith(r"\\")] == [
        *([2] + [4] + [8] * 3),  # what follows a number has a column of its own
        *([2] + [4] * 4),
        *([8] + [10] * 6),  # here of seconds, as those of another machine are marked
    ]


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_every_hostile_name_compiles_and_reads_no_file(tmp_path: Path) -> None:
    lines = [latex.escape(text) for text in HOSTILE.values() if len(text) < 1000]
    document = tmp_path / "page.tex"
    document.write_text(
        "\\documentclass{article}\\begin{document}\n"
        + "\n\n".join(lines)
        + "\n\\begin{tabular}{ll}\n"
        + "".join(f"{line} & {line} \\\\\n" for line in lines)
        + "\\end{tabular}\n\\end{document}\n",
        encoding="utf-8",
    )
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", document.name]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert "passwd" not in re.sub(r"\s", "", (tmp_path / "page.log").read_text(errors="replace"))


@pytest.mark.parametrize("escape", [markdown.escape, latex.escape])
def test_lone_surrogates_are_dropped(escape: Callable[[object], str]) -> None:
    assert escape("a\ud800b\udcff") == "a b"


def test_latex_writes_the_code_points_of_unsupported_letters() -> None:
    assert (
        latex.escape("λ, Δ, ≤") == r"\ensuremath{\lambda}, \ensuremath{\Delta}, \ensuremath{\leq}"
    )
    assert latex.escape("Łukasz Müller") == "Łukasz Müller"
    assert latex.escape("高ð") == "{[}U+9AD8{]}{[}U+00F0{]}"
    assert latex.escape("--cache, ``a'', ?`") == "-{}-cache, `{}`a'{}', ?{}`"


def check_terminal(made: Tables, said: str) -> None:
    """Assert that a terminal shows every word and receives no control sequence."""
    for screen in (False, True):
        stream = io.StringIO()
        console = Console(
            file=stream,
            width=100,
            force_terminal=screen,
            color_system="standard" if screen else None,
            no_color=False,
        )
        show(made, console)
        text = stream.getvalue()
        if screen:
            text = re.sub(r"\x1b\[[0-9;]*m", "", text)  # rich's own colours
        assert all(line.isprintable() for line in text.split("\n"))
        if len(said) < 1000:
            assert plain(said) in text


def test_hostile_protocols_and_profiles_are_escaped(make: Make, tmp_path: Path) -> None:
    make("evil", protocol="\x1b[31mp|\n# x", profile="\x1b[2J%q")
    made = write_tables(tmp_path, "cave")
    stream = io.StringIO()
    show(made, Console(file=stream, width=100))
    for text in (made.markdown, stream.getvalue(), made.paths[1].read_text(encoding="utf-8")):
        assert all(line.isprintable() for line in text.split("\n"))
    assert "Protocol [31mp| # x, profile [2J%q" in stream.getvalue()
