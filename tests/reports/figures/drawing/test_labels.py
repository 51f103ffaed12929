"""Names overlap neither each other nor points nor lines."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

from reports.figures.drawing.labels import place_names


def placed(
    points: list[tuple[float, float]],
    path: list[tuple[float, float]] | None = None,
    size: tuple[float, float] = (4, 2),
) -> tuple[Axes, list[Annotation]]:
    """Place a name at each point of axes that are 100 x 100 and fill their figure."""
    axes = Figure(figsize=size).add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 100), ylim=(0, 100))
    place_names(axes, points, [f"name {index}" for index in range(len(points))], path or [])
    names = [child for child in axes.get_children() if isinstance(child, Annotation)]
    return axes, names


def boxes(axes: Axes, names: list[Annotation]) -> list[Bbox]:
    axes.get_figure().draw_without_rendering()  # type: ignore[union-attr]
    # The letters alone: with its line, a name reaches to its point.
    return [Bbox(super(Annotation, name).get_window_extent().get_points()) for name in names]


def test_a_name_alone_is_right_of_its_point() -> None:
    axes, names = placed([(50, 50)])
    (box,) = boxes(axes, names)
    x, y = axes.transData.transform((50, 50))
    assert x + 4 < box.x0 < x + 12
    assert box.y0 < y < box.y1


def test_a_name_at_the_right_edge_is_left() -> None:
    axes, names = placed([(99, 50)])
    (box,) = boxes(axes, names)
    assert box.x1 < axes.transData.transform((99, 50))[0]


def test_a_crowd_is_sorted_out() -> None:
    points = [(50.0 + 2 * (index % 3), 50.0 + 4 * (index // 3)) for index in range(9)]
    axes, names = placed(points)
    found = boxes(axes, names)
    assert len(found) == 9
    dots = [Bbox.from_extents(*p, *p).padded(3) for p in axes.transData.transform(points)]
    for index, box in enumerate(found):
        assert box.count_overlaps([*found[:index], *found[index + 1 :], *dots]) == 0
        assert axes.bbox.fully_contains(*box.min)
        assert axes.bbox.fully_contains(*box.max)


def test_names_keep_off_lines() -> None:
    axes, names = placed([(50, 50)], [(0, 50), (100, 50)])
    (box,) = boxes(axes, names)
    assert not box.y0 < axes.transData.transform((50, 50))[1] < box.y1


def test_where_no_place_is_free_the_least_occupied_one_is_taken() -> None:
    _, names = placed([(50, 50)], size=(0.1, 0.1))
    assert len(names) == 1
