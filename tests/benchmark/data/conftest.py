"""Files in the formats of CAVE and Harvard, and a web server, as the data sets' tests have them."""

from tests.datasets.conftest import root, web

__all__ = ["root", "web"]
