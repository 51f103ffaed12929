"""Names find places that cover neither each other nor a point nor a line."""

from itertools import combinations

import pytest

pytest.importorskip("matplotlib", reason="figures need matplotlib")

from reports.figures.drawing.labels import Box, arranged

FRAME = Box(0, 0, 400, 200)


def test_a_name_alone_stands_right_of_its_point() -> None:
    (box,) = arranged([(100, 100)], [(40, 8)], FRAME)
    assert (box.left, box.bottom, box.right, box.top) == (106, 96, 146, 104)


def test_a_name_at_the_right_edge_stands_left() -> None:
    (box,) = arranged([(390, 100)], [(40, 8)], FRAME)
    assert box.right == 384


def test_a_crowd_is_sorted_out() -> None:
    points = [(200 + 9 * (index % 3), 100 + 9 * (index // 3)) for index in range(9)]
    boxes = arranged(points, [(60, 8)] * 9, FRAME)
    assert all(one.overlap(other) == 0 for one, other in combinations(boxes, 2))
    dots = [Box(x - 4, y - 4, x + 4, y + 4) for x, y in points]
    assert all(box.overlap(dot) == 0 for box in boxes for dot in dots)
    assert all(box.overlap(FRAME) == pytest.approx(box.area) for box in boxes)


def test_names_keep_off_lines() -> None:
    level = Box(0, 99.5, 400, 100.5)
    (box,) = arranged([(100, 100)], [(40, 8)], FRAME, [level])
    assert box.overlap(level) == 0


def test_where_no_place_is_free_the_least_bad_one_is_taken() -> None:
    (box,) = arranged([(5, 5)], [(40, 8)], Box(0, 0, 20, 10))
    assert (box.right - box.left, box.top - box.bottom) == (40, 8)
