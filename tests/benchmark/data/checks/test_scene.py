"""A scene that is not as its interface says is refused before anything is computed from it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from benchmark.data.checks import check_source, checked, truth_digest
from benchmark.data.split import truth_of
from benchmark.dataset import Scene, Source
from benchmark.errors import RequestError

CUBE = np.random.default_rng(0).integers(0, 200, (8, 6, 3), dtype=np.uint8)
GOOD = Scene("one", CUBE, (400.0, 500.0, 612.5), 255.0)


def other(**parts: Any) -> Scene:
    """Return the good scene with other parts, of any type."""
    return replace(GOOD, **parts)


def refusal(scene: object) -> str:
    """Return the message about a scene."""
    with pytest.raises(RequestError) as caught:
        checked(scene, "one", "shelf")
    return str(caught.value)


def changed(value: float, kind: type = np.float32) -> np.ndarray:
    """Return the cube with one other value."""
    cube: np.ndarray = CUBE.astype(kind)
    cube[1, 2, 0] = value
    return cube


def test_a_good_scene_is_returned_as_it_is() -> None:
    made = checked(GOOD, "one", "shelf")
    assert np.array_equal(made.cube, CUBE)
    assert made == other(cube=made.cube)


@pytest.mark.parametrize(
    ("scene", "says"),
    [
        (None, "expected a Scene, found NoneType"),
        (CUBE, "expected a Scene, found ndarray"),
        (other(name="two"), "expected a scene of that name, found 'two'"),
        (other(remark=3), "expected text as `remark`, found int"),
        (other(cube=CUBE.tolist()), "expected `cube` as a plain numpy array, found list"),
        (other(cube=np.ma.masked_less(CUBE, 9)), "plain numpy array, found MaskedArray"),
        (other(cube=CUBE.astype(object)), "expected real numbers such as uint8"),
        (other(cube=CUBE.astype(complex)), "found complex128"),
        (other(cube=CUBE > 9), "found bool"),
        (other(cube=CUBE.astype(str)), "found <U3"),
        (other(cube=CUBE[..., 0]), "rows x columns x bands, found 8 x 6"),
        (other(cube=CUBE[None]), "rows x columns x bands, found 1 x 8 x 6 x 3"),
        (other(cube=np.float32(3)), "found float32"),
        (other(cube=CUBE[:0]), "found 0 x 6 x 3 (rows x columns x bands)"),
        (other(cube=CUBE[..., :1]), "expected pixels in 2 bands or more, found 8 x 6 x 1"),
        (other(cube=CUBE[..., :0], wavelengths=()), "found 8 x 6 x 0"),
    ],
)
def test_another_type_or_shape_is_refused(scene: object, says: str) -> None:
    assert says in refusal(scene)


@pytest.mark.parametrize(
    "peak", [0, 0.0, -1.0, np.nan, np.inf, None, "255", True, 255 + 0j, 1e-60, 1e60, [255.0]]
)
def test_a_peak_that_is_no_positive_number_is_refused(peak: Any) -> None:
    text = refusal(other(peak=peak))
    assert "expected a finite positive number as `peak`" in text
    assert f"found {peak!r}" in text


@pytest.mark.parametrize(
    ("cube", "says"),
    [
        (changed(255.5), "up to the peak 255, found 1 of 144 values above, up to 255.5"),
        (CUBE.astype(np.uint16) * 300, "expected values up to the peak 255, found 14"),
        (changed(np.nextafter(np.float32(255), 256)), "1 of 144 values above, up to 255.000015"),
        (changed(-1, np.int16), "expected no negative values, found 1 of 144 values negative"),
        (changed(-1e-9), "down to -1e-09"),
        (changed(np.nan), "expected finite values, found 1 of 144 values not finite"),
        (changed(np.inf), "found 1 of 144 values not finite"),
        (changed(-np.inf), "found 1 of 144 values not finite"),
        (CUBE * 0, "expected an image, found 0 in every pixel and band"),
        (np.full_like(CUBE, 7), "expected an image, found 7 in every pixel and band"),
        (CUBE[:1, :1].repeat(8, 0).repeat(6, 1), "found the same spectrum in every pixel"),
        (CUBE / 255, "expected values up to the peak 255, found none above 0.7"),
    ],
)
def test_values_outside_zero_to_the_peak_are_counted_and_refused(
    cube: np.ndarray, says: str
) -> None:
    assert says in refusal(other(cube=cube))


@pytest.mark.parametrize(
    ("wavelengths", "says"),
    [
        ((400.0, 500.0), "found 2 wavelengths and 3 bands in a cube of 8 x 6 x 3"),
        (range(400, 480, 10), "found 8 wavelengths and 3 bands in a cube of 8 x 6 x 3 (rows"),
        (range(400, 480, 10), "(rows x columns x bands); are the bands on axis 0?"),
        ((500.0, 400.0, 600.0), "found 500 nm before 400 nm (bands 1 and 2)"),
        ((600.0, 500.0, 400.0), "in ascending order of wavelength, found 600 nm before 500 nm"),
        ((400.0, 500.0, 500.0), "found 500 nm before 500 nm (bands 2 and 3)"),
        ((0.4, 0.5, 0.6), "expected wavelengths in nm, from 100 to 30000, found 0.4 to 0.6 (micro"),
        ((4e-7, 5e-7, 6e-7), "found 4e-07 to 6e-07"),
        ((400.0, np.nan, 600.0), "expected finite wavelengths, found nan"),
        ((400.0, 500.0, np.inf), "expected finite wavelengths, found inf"),
        (("red", "green", "blue"), "expected wavelengths as numbers, found ('red'"),
        (7, "expected wavelengths as numbers, found 7"),
    ],
)  # fmt: skip
def test_wavelengths_are_ascending_nanometres_one_for_each_band(
    wavelengths: Any, says: str
) -> None:
    assert says in refusal(other(wavelengths=wavelengths))


def test_one_line_names_data_set_scene_the_first_problem_and_how_many_more() -> None:
    text = refusal(other(cube=changed(-5) * 2, wavelengths=(1.0,)))
    assert text.startswith("shelf: scene one: expected as many wavelengths as bands, found 1 ")
    assert "(and 2 more problems); correct what the data set's `read` returns" in text
    assert "\n" not in text


@pytest.mark.parametrize("wavelengths", [(), None, []])
def test_wavelengths_may_be_unknown(wavelengths: Any) -> None:
    assert checked(other(wavelengths=wavelengths), "one", "shelf").wavelengths == ()


def test_numpy_types_and_other_memory_layouts_become_plain() -> None:
    cube = np.asfortranarray(CUBE.astype(">u2"))
    made = checked(
        Scene("one", cube, np.array([400, 500, 600], np.float32), np.uint16(255)),  # type: ignore[arg-type]
        "one",
        "shelf",
    )
    assert made.cube.dtype == np.uint16
    assert made.cube.dtype.isnative
    assert made.cube.flags.c_contiguous
    assert np.array_equal(made.cube, CUBE)
    assert [type(one) for one in (*made.wavelengths, made.peak)] == [float] * 4


@pytest.mark.parametrize("peak", [0.1, 1 / 3, 0.7])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_largest_value_itself_may_be_the_peak(peak: float, kind: type) -> None:
    scene = other(cube=(CUBE / CUBE.max() * peak).astype(kind), peak=peak)
    made = checked(scene, "one", "shelf")
    assert truth_of(made).max() <= 1


def test_the_same_image_has_one_digest_however_it_is_stored() -> None:
    stored = [
        GOOD,
        other(cube=CUBE.astype(np.uint16) * 257, peak=65535.0),
        other(cube=(CUBE / 255).astype(np.float32), peak=1.0),
        other(name="two", wavelengths=()),
    ]
    assert len({truth_digest(scene) for scene in stored}) == 1
    assert truth_digest(other(cube=changed(9, np.uint8))) != truth_digest(GOOD)


def test_a_source_without_a_stamp_is_refused() -> None:
    class Bare(Source):
        def read(self, scene: str) -> Scene:
            raise NotImplementedError

    with pytest.raises(RequestError, match=r"shelf: expected text as the source's `stamp`, found"):
        check_source(Bare(), "shelf")
    with pytest.raises(RequestError, match=r"expected a Source from `open`, found NoneType"):
        check_source(None, "shelf")
