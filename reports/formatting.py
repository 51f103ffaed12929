"""Formatting of numbers in reports."""

import math
from collections.abc import Sequence

TIMES, MINUS, DASH = "\N{MULTIPLICATION SIGN}", "\N{MINUS SIGN}", "\N{EN DASH}"
MISSING = DASH
REMARKED = "\N{DAGGER}"  # a published value that a remark is about
FAILED = "failed"
_SUPERSCRIPT = str.maketrans("0123456789,", "⁰¹²³⁴⁵⁶⁷⁸⁹˒")


def number(value: float, digits: int) -> str:
    """Format a number with a typographic minus, and infinity as ∞."""
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    text = f"{value:.{digits}f}"
    return text.replace("-", MINUS) if float(text) else text.lstrip("-")


def signed(value: float, digits: int) -> str:
    """Format a difference with its sign; zero has none."""
    text = number(value, digits)
    return text if text.startswith(MINUS) or text == f"{0:.{digits}f}" else f"+{text}"


def superscript(notes: Sequence[int]) -> str:
    """Format the numbers of notes as superscript digits."""
    return ",".join(map(str, notes)).translate(_SUPERSCRIPT)


def duration(seconds: float) -> str:
    """Format a time in s, min, h or days, depending on its length."""
    for limit, unit, size in ((120, "s", 1), (7200, "min", 60), (172_800, "h", 3600)):
        if seconds < limit:
            value = seconds / size
            return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"
    return f"{seconds / 86_400:.1f} d"


def significant(value: float) -> str:
    """Format a positive number with about three significant digits, a small one as "< 0.001"."""
    if value < 0.001:
        return "< 0.001"
    return f"{value:.0f}" if value >= 100 else f"{value:.{2 if value >= 1 else 3}f}"


def grouped(value: float) -> str:
    """Format a whole number with its digits in groups of three."""
    return f"{value:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def p_value(p: float) -> str:
    """Format a probability with three decimals."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
