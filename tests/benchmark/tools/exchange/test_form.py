"""The form of a submission."""

from pathlib import Path

import pytest

from benchmark.errors import RequestError
from benchmark.tools.exchange.form import TEMPLATE, Form, form_of, read_form

WHOLE = Form(("Jané Doe", "J. Doe"), "Mine, ICIP 2026", "https://example.org", "MIT", True)


def test_a_form_survives_its_file() -> None:
    assert read_form(WHOLE.encode()) == WHOLE
    assert WHOLE.lacks() == []


def test_the_template_is_a_form_that_lacks_what_only_its_author_knows() -> None:
    form = read_form(TEMPLATE.encode())
    assert form == Form()
    assert form.lacks() == ["authors", "paper", "licence", "not_trained_on_test_scenes"]
    with pytest.raises(RequestError, match=r"give --authors, --paper, --licence, --not-trained"):
        form.require_complete()


def test_options_replace_entries_unless_they_are_empty() -> None:
    form = WHOLE.with_options(licence="BSD-3-Clause", paper="", authors=())
    assert (form.licence, form.paper, form.authors) == ("BSD-3-Clause", WHOLE.paper, WHOLE.authors)


def test_one_author_needs_no_list() -> None:
    assert read_form(b"authors: Jane Doe\n").authors == ("Jane Doe",)


def test_texts_become_one_line_without_control_characters() -> None:
    assert read_form(b'paper: "a\\n  b\\x1b[31m"\n').paper == "a b [31m"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("licence: [MIT]", "expected a text of at most 1000 characters as licence, found list"),
        ("authors: 3", "expected a list of names as authors, found int"),
        ("authors: [[a]]", "expected a list of names as authors, found list"),
        ("not_trained_on_test_scenes: maybe", "expected true or false as not_trained_on_test_sce"),
        ("license: MIT", "unknown license; the entries are authors, paper, code, licence, not_"),
        ("{", "is not YAML: "),
        ("", "expected entries such as `licence: MIT`, found none"),
        (f"paper: {'x' * 2000}", "expected a text of at most 1000 characters as paper, found 'x"),
    ],
)
def test_a_malformed_form_is_refused_in_one_line(text: str, reason: str) -> None:
    with pytest.raises(RequestError) as error:
        read_form(text.encode(), "mine.yaml")
    assert str(error.value).startswith("mine.yaml")
    assert reason in str(error.value)


def test_aliases_cannot_blow_up_a_message() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"{one}: &{one} [{', '.join(['*' + last] * 10)}]" for last, one in zip("abcdefgh", "bcdefghi", strict=True)]  # fmt: skip  # noqa: E501
    with pytest.raises(RequestError, match="unknown a, b, c"):
        read_form("\n".join([*lines, "paper: *i"]).encode())
    nested = "\n".join(["authors:", "  - &a [x, x]", "  - &b [*a, *a]", "  - [*b, *b]"])
    with pytest.raises(RequestError, match="as authors, found list"):
        read_form(nested.encode())


def test_a_form_is_found_by_its_usual_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert form_of(None) == Form()
    (tmp_path / "submission.yaml").write_bytes(WHOLE.encode())
    assert form_of(None) == WHOLE
