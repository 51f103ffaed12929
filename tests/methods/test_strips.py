"""Layers in strips compute what they compute at once."""

import pytest
import torch

from methods._blocks.strips import Strips
from methods._blocks.weight_norm import separable3d, transposed3d


@pytest.mark.parametrize(("scale", "rows"), [(2, 40), (3, 33), (4, 17), (2, 16)])
def test_strips_of_rows_give_the_whole(scale: int, rows: int) -> None:
    torch.manual_seed(0)
    tail = Strips(transposed3d(4, scale), separable3d(4, 4, 1), scale=scale, reach=2).double()
    maps = torch.rand(2, 4, 5, rows, 7, dtype=torch.float64)
    whole = tail(maps).detach()
    with torch.inference_mode():
        strips = tail(maps)
    assert whole.shape == (2, 1, 5, rows * scale, 7 * scale)
    torch.testing.assert_close(strips, whole, rtol=0, atol=1e-12)


def test_a_reach_too_short_would_show() -> None:
    torch.manual_seed(0)
    tail = Strips(transposed3d(4, 2), separable3d(4, 4, 1), scale=2, reach=0)
    maps = torch.rand(1, 4, 3, 40, 8)
    whole = tail(maps).detach()
    with torch.inference_mode():
        assert float((tail(maps) - whole).abs().max()) > 1e-4
