"""The one exception that a user is meant to read."""

from collections.abc import Iterable


class RequestError(Exception):
    """The request cannot be carried out as it stands; the message is for the user.

    One line: what was expected, what was found, where, and what to do about it. The command line
    prints it without a traceback and exits with code 2.
    """

    def __init__(self, message: str) -> None:
        super().__init__(plain(message))


def plain(text: object) -> str:
    """Make one line of a text from outside: no line breaks, no control characters."""
    shown = "".join(sign if sign.isprintable() else " " for sign in str(text))
    return " ".join(shown.split())


def listed(names: Iterable[object], most: int = 8) -> str:
    """Join names for a message, cutting a long list: `a, b, c and 29 more`.

    Args:
        names: any iterable; its items are shown with `str`.
        most: how many are shown before the list is cut.
    """
    shown = [str(name) for name in names]
    if len(shown) <= most:
        return ", ".join(shown)
    return f"{', '.join(shown[:most])} and {len(shown) - most} more"
