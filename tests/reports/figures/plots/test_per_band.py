"""PSNR per band: means of the scenes, without infinite values."""

import numpy as np

from reports.figures.drawing.context import FigureContext
from reports.figures.plots.per_band import BandScores, per_band_figure
from tests.reports.figures.drawn import curves, texts

NM = (400.0, 500.0, 600.0)


def values_of(labels: list[str]) -> dict[str, np.ndarray]:
    """Return two scenes and three bands for each label."""
    return {
        label: np.array([[30, 34, 31], [38, 36, 33]]) + index for index, label in enumerate(labels)
    }


def test_means_are_left_and_every_method_has_its_scenes(context: FigureContext) -> None:
    values = values_of(list(context.styles.titles))
    figure = per_band_figure(BandScores(NM, values, ["a", "b"], 7), context)
    left, *right = figure.axes
    means = [of.mean(axis=0) for of in values.values()]
    assert np.array_equal(curves(left), means)
    assert len(right) == 3
    for axes, of, mean in zip(right, values.values(), means, strict=True):
        others = [one for one in means if one is not mean]
        assert np.array_equal(curves(axes), [*others, *of, mean])
    assert len({axes.get_ylim() for axes in right}) == 1
    assert "mean over 2 of 7 test scenes" in texts(figure)[0] + " ".join(texts(figure))


def test_perfect_bands_are_left_out_and_counted(context: FigureContext) -> None:
    values = values_of(["srcnn"])
    values["srcnn"] = values["srcnn"].astype(float)
    values["srcnn"][0, 1] = values["srcnn"][0, 2] = values["srcnn"][1, 2] = np.inf
    figure = per_band_figure(BandScores(NM, values, ["a", "b"], 2), context, {"bicubic": "failed"})
    (mean,) = curves(figure.axes[0])
    assert mean[:2] == [34, 36]
    assert np.isnan(mean[2])
    told = " ".join(texts(figure))
    assert "Left out: 3 bands without any error (infinite PSNR)." in told
    assert "Not shown: Bicubic (failed)." in told
    assert "mean over all 2 test scenes" in told
