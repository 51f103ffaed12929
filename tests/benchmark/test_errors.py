"""Messages: one line, and lists cut short."""

import pytest

from benchmark.errors import RequestError, counted, listed, redact_paths


def test_a_message_is_one_line() -> None:
    assert str(RequestError("first\n   second\t third ")) == "first second third"


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, ""), (1, "0"), (3, "0, 1, 2"), (4, "0, 1, 2 and 1 more"), (9, "0, 1, 2 and 6 more")],
)
def test_long_lists_are_cut(count: int, text: str) -> None:
    assert listed(range(count), 3) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 bands"), (1, "1 band"), (2, "2 bands"), (2048, "2,048 bands")]
)
def test_one_thing_is_in_the_singular(count: int, text: str) -> None:
    assert counted(count, "band") == text


def test_signs_that_cannot_be_seen_are_escaped_in_a_message() -> None:
    message = str(RequestError("expected 'a', found '\ufeffa\u200b \u202e\udcff'\n\x1b[2J"))
    assert message == r"expected 'a', found '\ufeffa\u200b \u202e\udcff' [2J"


def test_any_iterable_is_listed() -> None:
    assert listed(str(number) for number in range(2)) == "0, 1"
    assert listed({"a": 1, "b": 2}) == "a, b"


TRACEBACK = """Traceback (most recent call last):
  File "/home/anna smith/hsisr/benchmark/job.py", line 99, in carry_out
  File "C:\\Users\\Anna Smith\\mine.py", line 1, in upscale
OSError: cannot open '/media/big disk/cave/x.png' (see https://example.org/a/b), 3 / 4 of 5 m/s
~/plugins/mine.py and ../x/y stay relative; /srv/data,/srv/more
"""
REDACTED = """Traceback (most recent call last):
  File "job.py", line 99, in carry_out
  File "mine.py", line 1, in upscale
OSError: cannot open 'x.png' (see https://example.org/a/b), 3 / 4 of 5 m/s
mine.py and ../x/y stay relative; data,more
"""


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (TRACEBACK, REDACTED),
        ("cannot read /home/anna/x.png: no such file", "cannot read x.png: no such file"),
        (r"see \\server\share\x.png or ~anna/y", "see x.png or y"),
        ("[/srv/a.py:3](/srv/b.py)", "[a.py:3](b.py)"),
    ],
)
def test_absolute_paths_lose_their_folders(text: str, redacted: str) -> None:
    assert redact_paths(text) == redacted


@pytest.mark.parametrize(
    "text",
    ["", "1 / 2", "a/b/c.py", "./a/b", "https://x.org/y/z", "and/or", "/", "~3/4 GB", "<b></b>"],
)
def test_other_text_with_slashes_is_not_redacted(text: str) -> None:
    assert redact_paths(text) == text


@pytest.mark.parametrize(
    ("argument", "redacted"),
    [
        ("/home/anna smith/mine.py", "mine.py"),
        ("--plugin=/home/anna smith/mine.py", "--plugin=mine.py"),
        (r"C:\Users\Anna Smith\mine.py", "mine.py"),
        ("mat[path=/srv/my data/a.mat,key=b]", "mat[path=a.mat,key=b]"),
        ("plugins/mine.py", "plugins/mine.py"),
    ],
)
def test_in_an_argument_spaces_belong_to_the_path(argument: str, redacted: str) -> None:
    assert redact_paths(argument, argument=True) == redacted
