"""Names and splits that would give a wrong table are refused."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmark.data.checks import check_names
from benchmark.dataset import DataSet, Source
from benchmark.errors import RequestError


class Shelf(DataSet):
    """A data set of names only."""

    title = "Shelf"
    scenes = ("a", "b", "c")
    test = ("c",)
    validation = ("b",)

    def open(self, root: Path, scenes: Sequence[str]) -> Source:
        """Never called."""
        raise NotImplementedError


def shelf(**parts: Any) -> DataSet:
    """Make a data set with other names."""
    made: DataSet = type("Other", (Shelf,), parts)()
    return made


def test_a_good_split_passes_and_so_does_one_to_train_on_only() -> None:
    check_names(shelf(), "shelf")
    check_names(shelf(test=(), validation=[]), "shelf")
    check_names(shelf(test={"c"}), "shelf")
    check_names(shelf(scenes=["a", "b", "c", "ü [1]+@"]), "shelf")


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"scenes": ()}, "expected one or more names in `scenes`, found none"),
        ({"scenes": ("a", "b", "c", 4)}, "expected text as the name of a scene, found 4 (int)"),
        ({"scenes": ("a", "b", "c", "d/e")}, "the name of a scene, found the path 'd/e'"),
        ({"scenes": ("a", "b", "c", "d\\e")}, "found the path 'd\\e'"),
        ({"scenes": ("a", "b", "c", "..")}, "found the path '..'"),
        ({"scenes": ("a", "b", "c", "")}, "without outer spaces or control characters, found ''"),
        ({"scenes": ("a", "b", "c", " d")}, "found ' d'"),
        ({"scenes": ("a", "b", "c", "d\n")}, "found 'd\\n'"),
        ({"scenes": ("a", "b", "c", "a")}, "every scene once in `scenes`, found 'a' 2 times"),
        ({"scenes": ("a", "b", "c", "A")}, "differ in more than case, found 'a' and 'A'"),
        ({"test": ("c", "c")}, "expected every scene once in `test`, found 'c' 2 times"),
        ({"test": ("x",)}, "expected names of `scenes` in `test`, found 'x'"),
        ({"scenes": ("sun", "b", "c"), "test": ("sum",)}, "found 'sum' (did you mean 'sun'?)"),
        ({"validation": ("x",)}, "expected names of `scenes` in `validation`, found 'x'"),
        ({"validation": ("c",)}, "other scenes in `validation` than in `test`, found 'c' in both"),
        ({"test": "c"}, "expected `test` to be a tuple of names, found the text 'c'"),
        ({"scenes": {"a", "b", "c"}}, "expected `scenes` to be a tuple of names, found set"),
        ({"title": None}, "expected text as `title`, found NoneType"),
        ({"remark": ("x",)}, "expected text as `remark`, found tuple"),
        ({"validation": None}, "expected `validation` to be a tuple of names, found NoneType"),
    ],
)
def test_a_wrong_name_or_split_is_refused(parts: dict[str, Any], says: str) -> None:
    with pytest.raises(RequestError) as caught:
        check_names(shelf(**parts), "shelf[size=3]")
    text = str(caught.value)
    assert text.startswith("shelf[size=3]: expected ")
    assert says in text
    assert text.endswith("; correct the data set")


def test_an_exception_of_the_data_set_is_one_line() -> None:
    with pytest.raises(RequestError) as caught:
        check_names(shelf(scenes=property(lambda _: int("lost"))), "shelf")
    place = r"shelf: ValueError: invalid literal .*'lost' \(test_names\.py, line \d+\); correct"
    assert re.match(place, str(caught.value))


def test_the_first_problem_is_named_and_the_others_are_counted() -> None:
    with pytest.raises(RequestError, match=r"found the path 'd/e' \(and 2 more problems\);"):
        check_names(shelf(scenes=("a", "b", "c", "d/e"), test=("x", "y")), "shelf")
