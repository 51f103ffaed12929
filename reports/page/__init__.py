"""One page of everything stored: a single HTML file that opens offline and makes no requests."""

from reports.page.write import Page, write_page

__all__ = ["Page", "write_page"]
