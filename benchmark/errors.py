"""The exception for errors that a user can fix, and helpers for its messages."""

import difflib
import re
import unicodedata
from collections.abc import Iterable

# The root, a home folder or a drive, unless it continues a name, a URL or a relative path.
# `</b>` is no path.
_ROOT = r"(?<![\w.:/\\~-])(?:~[A-Za-z]\w*|~|[A-Za-z]:)?[/\\]+"
_QUOTED_FOLDERS = re.compile(rf"""(?<=["']){_ROOT}(?:[^"'\n/\\]+[/\\]+)*""")
_FOLDERS = re.compile(rf"""(?!(?<=<)/\w+>){_ROOT}(?:[^\s"',:;()\[\]<>|/\\]+[/\\]+)*(?=[^\s/\\])""")
_ARGUMENT_FOLDERS = re.compile(rf"{_ROOT}(?:[^/\\,\]]+[/\\]+)*")


class RequestError(Exception):
    r"""A request that cannot be fulfilled; the message is for the user.

    One line: what was expected, what was found, where, and what to do about it. The command line
    prints it without a traceback and exits with code 2. Signs that cannot be seen are escaped: a
    byte order mark is shown as `\ufeff`.
    """

    def __init__(self, message: str) -> None:
        super().__init__(plain("".join(map(_visible, message))))


def plain(text: object) -> str:
    """Convert a text to one line without control characters."""
    printable = "".join(sign if sign.isprintable() else " " for sign in str(text))
    return " ".join(printable.split())


def shortened(text: str, most: int) -> str:
    """Cut a text to a number of characters, at the end of a word, and mark the cut by `...`."""
    if len(text) <= most:
        return text
    kept = text[: most - 3]
    words = kept.rpartition(" ")[0]
    # A single long word, such as an address, is cut inside.
    return (words if len(words) > most // 2 else kept).rstrip(" ,;:") + "..."


def _visible(sign: str) -> str:
    """Escape a sign that cannot be seen; `plain` replaces spaces and control characters."""
    if sign.isprintable() or sign.isspace() or unicodedata.category(sign) == "Cc":
        return sign
    return sign.encode("unicode_escape").decode()


def listed(names: Iterable[object], most: int = 8) -> str:
    """Join names for a message; a long list is shortened: `a, b, c and 29 more`.

    Args:
        names: any iterable; its items are formatted with `str`.
        most: the largest number of names to show.
    """
    shown = [str(name) for name in names]
    if len(shown) <= most:
        return ", ".join(shown)
    return f"{', '.join(shown[:most])} and {len(shown) - most} more"


def similar(name: str, known: Iterable[str], most: int = 3, least: float = 0.5) -> list[str]:
    """Return the known names that a mistyped one may mean, the nearest first.

    `least` is the similarity, from 0 to 1, that a name must have. The case, and signs such as `_`
    and `-`, do not count: `SRCNN` is near `srcnn`.
    """
    names: dict[str, list[str]] = {}
    for one in known:
        names.setdefault(_folded(one), []).append(one)
    folded = _folded(name)
    near = [folded] if folded in names else difflib.get_close_matches(folded, names, most, least)
    return [one for key in near for one in names[key]][:most]


def meant(name: str, known: Iterable[str], least: float = 0.6) -> str:
    """Ask whether a similar name was meant: "did you mean cave? "; "" without a similar one."""
    near = similar(name, known, least=least)
    return f"did you mean {' or '.join(near)}? " if near else ""


def unknown(kind: str, name: str, known: Iterable[str]) -> RequestError:
    """Build the error for a name that does not exist: similar names, and those that do exist."""
    names = list(known)
    return RequestError(
        f"unknown {kind} '{name}'; {meant(name, names, 0.5)}known: {listed(names, 30)}"
    )


def _folded(name: str) -> str:
    return re.sub(r"[\W_]", "", name.casefold())


def reason_of(error: BaseException) -> str:
    """Format an exception as a reason: the message of a request error, else `Type: message`."""
    return str(error) if isinstance(error, RequestError) else f"{type(error).__name__}: {error}"


def counted(count: int, what: str) -> str:
    """Format a number of things: `1 cell`, `2,048 cells`.

    Args:
        count: how many.
        what: one of them; its plural is formed with an s.
    """
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def redact_paths(text: str, *, argument: bool = False) -> str:
    """Remove the folders of every absolute path in a text, and keep the last name.

    Data that leave this machine (an export, a page, the facts of a cell) should not contain the
    names of its folders. URLs and relative paths stay.

    Args:
        text: a message or a traceback; a path with spaces is recognised as such between quotes.
        argument: True for one argument of a command line, where spaces are part of the names.
    """
    if argument:
        return _ARGUMENT_FOLDERS.sub("", text)
    return _FOLDERS.sub("", _QUOTED_FOLDERS.sub("", text))
