"""Standard output and standard error that accept any text and never raise.

What is printed about a run must not end it: a terminal or a redirect may lack a sign, a reader may
go away, a disk may be full.
"""

import codecs
import errno
import io
import os
import sys
from typing import TextIO

# What a reader sees where an encoding lacks a sign of the tables. One character each where
# possible, so that columns stay aligned. Letters are escaped instead: a name stays exact.
_PLAIN = str.maketrans(
    {
        "×": "x", "−": "-", "–": "-", "—": "-", "↑": "^", "↓": "v", "≈": "~", "∘": "*", "Δ": "D",
        "±": "+-", "∞": "inf", "°": " deg", "≤": "<=", "≥": ">=", "→": "->", "…": "...", "•": "*",
        "‘": "'", "’": "'", "“": '"', "”": '"', "│": "|", "─": "-", "━": "-", "╸": "-", "╺": "-",
        "\N{NO-BREAK SPACE}": " ",
    }
)  # fmt: skip
_SUPERSCRIPT = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹˒", "0123456789,", strict=True))


class _Replacement:
    """An error handler of codecs that returns signs of ASCII for those that an encoding lacks.

    Args:
        encoding: its name; the exception of some encodings does not give it.
    """

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding

    def __call__(self, error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeEncodeError):
            raise error
        signs = [
            self._note(error.object, index) if sign in _SUPERSCRIPT else sign.translate(_PLAIN)
            for index, sign in enumerate(error.object[: error.end])
            if index >= error.start
        ]
        text = "".join(signs).encode("ascii", "backslashreplace").decode("ascii")
        if not self._encodable(text):  # an encoding without all of ASCII
            text = "?" * (error.end - error.start)
        return text, error.end

    def _note(self, text: str, index: int) -> str:
        """Return a superscript digit in brackets: 35.6 with note 1 must not be read as 35.61."""
        first = last = index
        while first and text[first - 1] in _SUPERSCRIPT:
            first -= 1
        while text[last + 1 : last + 2] in _SUPERSCRIPT:
            last += 1
        if self._encodable(text[first]):  # then what follows is seen to belong to it
            return _SUPERSCRIPT[text[index]]
        return "[" * (index == first) + _SUPERSCRIPT[text[index]] + "]" * (index == last)

    def _encodable(self, text: str) -> bool:
        try:
            text.encode(self._encoding)
        except UnicodeError:
            return False
        return True


class Output(io.TextIOWrapper):
    """A standard stream that replaces what its encoding lacks, and discards what it cannot write.

    Args:
        stream: the stream that it replaces.
        encoding: its encoding; None takes that of the other stream.

    Attributes:
        failure: the first error of a write; everything after it is discarded.
    """

    def __init__(self, stream: io.TextIOWrapper, encoding: str | None = None) -> None:
        stream.flush()
        encoding = encoding or stream.encoding
        handler = f"{__name__} {encoding}"
        codecs.register_error(handler, _Replacement(encoding))
        super().__init__(
            stream.buffer,
            encoding,
            errors=handler,
            line_buffering=stream.line_buffering,
            write_through=stream.write_through,
        )
        self._replaced = stream  # deleted, it would close the file
        self.failure: OSError | None = None

    def write(self, text: str) -> int:
        """Write a text; an error of the operating system is kept in `failure`."""
        try:
            super().write(text)
        except OSError as error:
            self._discard(error)
        return len(text)

    def flush(self) -> None:
        """Write what is buffered; an error of the operating system is kept in `failure`."""
        try:
            super().flush()
        except OSError as error:
            self._discard(error)

    def _discard(self, error: OSError) -> None:
        self.failure = self.failure or error
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, self.fileno())
        os.close(nothing)


def prepare(encoding: str | None = None) -> None:
    """Replace standard output and standard error by streams that never raise.

    A stream that was closed (`>&-`) is opened on the null device, as the next file to be opened
    would otherwise become standard output.

    Args:
        encoding: of both streams; None keeps theirs.
    """
    for handle in (0, 1, 2):
        try:
            os.fstat(handle)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest number free
    for name, handle in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name)
        if stream is None:
            stream = open(handle, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        if isinstance(stream, io.TextIOWrapper):  # not what a notebook has put in its place
            setattr(sys, name, Output(stream, encoding))


# Where results are printed while standard output is reserved, and what stood there before.
_reserved: list[TextIO] = []
_former: list[tuple[TextIO, int]] = []


def reserve() -> None:
    """Reserve standard output for what this suite prints; all else goes to standard error.

    A plugin, or a library in C that it calls, may print at any time: `--json` would be spoiled.
    Called before the first plugin is imported; does nothing if standard output is reserved already.
    """
    if _reserved:
        return
    stream = sys.stdout
    stream.flush()
    kept, results = -1, stream
    try:
        own = stream.fileno() == 1
    except (OSError, ValueError):  # not a file: a notebook, a test
        own = False
    if own:
        kept = os.dup(1)
        os.dup2(2, 1)
        opened = open(kept, "w", encoding=stream.encoding, errors=stream.errors, closefd=False)  # noqa: SIM115
        results = Output(opened) if isinstance(stream, Output) else opened
    _reserved.append(results)
    _former.append((stream, kept))
    sys.stdout = sys.stderr


def release() -> None:
    """Undo `reserve`."""
    if not _reserved:
        return
    results, (stream, kept) = _reserved.pop(), _former.pop()
    results.flush()
    if kept >= 0:
        os.dup2(kept, 1)
        os.close(kept)
    sys.stdout = stream


def results_stream() -> TextIO:
    """Return the stream for results: standard output, also while it is reserved."""
    return _reserved[0] if _reserved else sys.stdout


def print_line(text: str, *, err: bool = False) -> None:
    """Print a line on standard output, or on standard error."""
    stream = sys.stderr if err else results_stream()
    stream.write(f"{text}\n")
    stream.flush()


def finish() -> str:
    """Flush standard output and return why some of it was lost; "" if nothing was.

    A reader that went away (`| head`) has seen what it wanted: nothing was lost.
    """
    results_stream().flush()
    failure = getattr(results_stream(), "failure", None)
    gone = (errno.EPIPE, errno.EINVAL) if os.name == "nt" else (errno.EPIPE,)
    if failure is None or failure.errno in gone:
        return ""
    return str(failure.strerror or failure)
