"""Texts of figures: drawable letters, line breaks and lengths that fit."""

from bisect import bisect_right
from collections.abc import Mapping
from functools import cache

from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ft2font import FT2Font

from benchmark.errors import plain
from benchmark.errors import shortened as at_a_word
from reports.figures.drawing.style import MethodStyles

SMALLEST = 5.0  # points; smaller letters are illegible
_LONGEST_REASON = 160  # characters
_FINE = 720  # dots per inch when measuring, to reduce rounding
_HINTING = 1.02  # how much wider hinted letters may be


@cache
def _font(bold: bool) -> FT2Font:
    weight = "bold" if bold else "normal"
    font: FT2Font = get_font(findfont(FontProperties(family="DejaVu Sans", weight=weight)))
    return font


def drawable(text: object) -> str:
    """Make one line of any text; replace letters missing in the font by their code points."""
    font = _font(bold=False)
    return "".join(
        sign if font.get_char_index(ord(sign)) else f"[U+{ord(sign):04X}]" for sign in plain(text)
    )


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of a line of text in inches at a font size in points."""
    font = _font(bold)
    font.set_size(size, _FINE)
    font.set_text(text, 0.0)
    return _HINTING * float(font.get_width_height()[0]) / 64 / _FINE


def size_for(text: object, width: float, size: float, *, bold: bool = False) -> float:
    """Return the largest font size, from `size` down to `SMALLEST`, at which a line fits."""
    line = drawable(text)
    # Hinting rounds letters at every size, so that the width is not proportional to it.
    while size > SMALLEST and (needed := width_of(line, size, bold=bold)) > width:
        size = max(SMALLEST, size * min(0.995, width / needed))
    return size


def shortened(text: object, width: float, size: float, *, bold: bool = False) -> str:
    """Make one line of a text and truncate it to a width in inches, with an ellipsis."""
    line = drawable(text)
    if width_of(line, size, bold=bold) <= width:
        return line
    lengths = range(len(line))
    most = bisect_right(lengths, width, key=lambda n: width_of(f"{line[:n]}…", size, bold=bold))
    return f"{line[: max(most - 1, 0)].rstrip()}…"


def wrapped(text: object, width: float, size: float, *, bold: bool = False, most: int = 100) -> str:
    """Break a text into at most `most` lines of a width in inches, and truncate the rest."""
    words = drawable(text).split()
    lines: list[str] = []
    for index, word in enumerate(words):
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and width_of(joined, size, bold=bold) <= width:
            lines[-1] = joined
        elif len(lines) == most:
            rest = " ".join([lines[-1], *words[index:]])
            lines[-1] = shortened(rest, width, size, bold=bold)
            break
        else:
            lines.append(shortened(word, width, size, bold=bold))
    return "\n".join(lines)


def not_shown(left_out: Mapping[str, str], styles: MethodStyles) -> str:
    """List the methods left out with their reasons; empty if there are none."""
    if not left_out:
        return ""
    named: dict[str, list[str]] = {}
    for label in styles.ordered(list(left_out)):
        reason = at_a_word(plain(left_out[label]), _LONGEST_REASON)
        named.setdefault(reason, []).append(styles.title(label))
    parts = (f"{', '.join(titles)} ({reason})" for reason, titles in named.items())
    return f"Not shown: {'; '.join(parts)}."
