"""An exception of a data set's own code is one line that says where it was raised."""

import pytest

from benchmark.data.checks import failing
from benchmark.errors import RequestError


class Shelf:
    """A data set."""

    def read(self, error: BaseException) -> None:
        """Raise."""
        raise error


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (KeyError("cube"), "shelf: scene one: KeyError: 'cube' (test_refusal.py, line 14); corr"),
        (SystemExit(3), "shelf: scene one: SystemExit: 3 (test_refusal.py, line 14); correct the"),
        (AssertionError(), "shelf: scene one: AssertionError (test_refusal.py, line 14); correct"),
    ],
)
def test_an_exception_of_a_data_set_is_one_line(error: BaseException, says: str) -> None:
    shelf = Shelf()
    with pytest.raises(RequestError) as caught, failing(shelf, "shelf: scene one"):
        shelf.read(error)
    assert str(caught.value).startswith(says)


def test_ctrl_c_stays_what_it_is() -> None:
    shelf = Shelf()
    with pytest.raises(KeyboardInterrupt), failing(shelf, "shelf"):
        shelf.read(KeyboardInterrupt())
