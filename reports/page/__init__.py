"""One page of everything stored: a single HTML file that opens offline and makes no requests.

Its plots are SVG and its tables HTML by scripts of its own (`assets/lib`, 20 kB) rather than by a
library: uPlot (51 kB) draws lines on a canvas, which follows neither the theme nor print, and has
no points with names; Tabulator (477 kB) has no entry that opens the origin of a number.
"""

from reports.page.write import Page, write_page

__all__ = ["Page", "write_page"]
