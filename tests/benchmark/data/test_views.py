"""Orientations, and windows of turned images that are read without turning them."""

import itertools

import pytest
import torch

from benchmark.data.views import ORIENTATIONS, Views, turned
from tests.benchmark.support import random


def flat(image: torch.Tensor) -> torch.Tensor:
    """Return (pixels, bands)."""
    return image.flatten(1).T.contiguous()


def test_there_are_eight_different_orientations_of_a_square() -> None:
    image = torch.arange(9.0).view(1, 3, 3)
    made = [turned(image, orientation) for orientation in range(ORIENTATIONS)]
    assert torch.equal(made[0], image)
    for one, other in itertools.combinations(made, 2):
        assert not torch.equal(one, other)
    turns = [torch.rot90(image, quarter, (1, 2)) for quarter in range(4)]
    for expected in turns + [turn.flip(1) for turn in turns]:
        assert sum(torch.equal(expected, one) for one in made) == 1


def test_a_view_reads_what_the_turned_image_has() -> None:
    images = [random(3, 7, 11, seed=1), random(3, 9, 5, seed=2)]
    views = Views()
    for image in images:
        views.add(flat(image), (image.shape[1], image.shape[2]), range(ORIENTATIONS))
    views.join()
    every = [turned(image, orientation) for image in images for orientation in range(ORIENTATIONS)]
    assert views.shapes.tolist() == [list(image.shape[1:]) for image in every]
    assert len(views.pixels) == 7 * 11 + 9 * 5  # one copy of each
    for view, image in enumerate(every):
        rows, columns = torch.tensor([[1, 2, 4]]), torch.tensor([[3, 0]])
        window = views.windows(torch.tensor([view]), rows, columns, None)[0]
        expected = image[:, rows[0]][:, :, columns[0]].permute(1, 2, 0)
        assert torch.equal(window, expected)
        bands = torch.tensor([[2, 0]])
        window = views.windows(torch.tensor([view]), rows, columns, bands)[0]
        assert torch.equal(window, expected[..., [2, 0]])


def test_images_of_different_bands_are_refused() -> None:
    views = Views()
    views.add(flat(random(3, 4, 4)), (4, 4), range(1))
    views.add(flat(random(2, 4, 4)), (4, 4), range(1))
    with pytest.raises(ValueError, match="number of bands"):
        views.join()
