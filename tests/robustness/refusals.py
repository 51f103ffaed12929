"""What tests of refusals share."""

import re

from tests.command_line import Answer, CommandLine


def refusal(line: CommandLine, answer: Answer, *early: str) -> str:
    """Check that an answer is a clean refusal, and give its message.

    Args:
        line: where it was asked.
        answer: what came.
        early: beginnings of the lines that may stand before the message, as it took a look at
            the files to find out.
    """
    assert answer.code == 2, answer
    *before, last = answer.err.splitlines()
    assert last.startswith("error: ")
    assert [text for text in before if not text.startswith(early or ("\0",))] == []
    assert answer.out == ""
    assert "Traceback" not in answer.err
    for folder in (line.results, line.folder / ".cache"):
        files = [path.name for path in folder.rglob("*") if not path.is_dir()]
        # A scene that was prepared before another one was found damaged is whole, and kept.
        assert [name for name in files if not re.fullmatch(r"[^.].*\.safetensors", name)] == []
    return last.removeprefix("error: ")
