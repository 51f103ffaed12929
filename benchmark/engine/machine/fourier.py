"""Convolutions of images by the discrete Fourier transform, for large kernels.

The spectrum of a convolution is a product of two matrices per frequency, images x channels by
channels x maps: far fewer multiplications than k x k a pixel (Mathieu et al., Fast training of
convolutional networks through FFTs, ICLR 2014). Tiles are small, and their transforms are matrix
products, too: on a CPU faster than an FFT along strided axes.

A spectrum is a pair of real and imaginary part, (frequencies, tiles, channels) each.
`docs/findings/performance.md` has the measurements.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

# Images of up to so many rows or columns are one tile; larger ones have tiles of at most _TILE.
_WHOLE, _TILE = 48, 32
# Bytes of the spectra of the tiles that are computed at a time.
_CHUNK = 32 * 2**20
# Channels are filled up with zeros to a multiple: products of odd matrices are slow.
_MULTIPLE = 8

Spectrum = tuple[Tensor, Tensor]


def convolve(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Return the convolution of images, with zeros around them, in their own size.

    Args:
        x: (n, channels, rows, columns).
        weight: (maps, channels, k, l), k and l odd.
        bias: (maps,) or None.
    """
    grid = _Grid.of(x, weight)
    kernel = _kernel(weight, grid)
    out = x.new_empty(len(x), *x.shape[2:], len(weight))
    for part in grid.parts(x, weight):
        tiles = _inverse(_product(_of_inputs(x, part, grid), kernel), grid, inputs=False)
        for tile, *where in _windows(tiles, part, grid, inputs=False):
            torch.add(tile[..., : len(weight)], 0 if bias is None else bias, out=out[*where])
    return out.permute(0, 3, 1, 2)


def gradients(
    gradient: Tensor, x: Tensor, weight: Tensor, *, of_input: bool, of_weight: bool
) -> tuple[Tensor | None, Tensor | None]:
    """Return the gradients with respect to the input and to the weight of `convolve`.

    Args:
        gradient: of the output.
        x: the input.
        weight: the weight.
        of_input: False returns None for the input's gradient.
        of_weight: False returns None for the weight's gradient.
    """
    grid = _Grid.of(x, weight)
    kernel = _adjoint(_kernel(weight, grid)) if of_input else None
    found = x.new_zeros(len(x), *x.shape[2:], x.shape[1]) if of_input else None
    total: Spectrum | None = None
    for part in grid.parts(x, weight):
        spectrum = _of_outputs(gradient, part, grid)
        if kernel is not None and found is not None:
            tiles = _inverse(_product(spectrum, kernel), grid, inputs=True)
            for tile, *where in _windows(tiles, part, grid, inputs=True):
                found[*where].add_(tile[..., : x.shape[1]])
        if of_weight:
            total = _product(_adjoint(_of_inputs(x, part, grid)), spectrum, total)
    return (
        None if found is None else found.permute(0, 3, 1, 2),
        None if total is None else _taps(total, weight, grid),
    )


def operations(x: tuple[int, ...], weight: tuple[int, ...]) -> float:
    """Return the multiplications of `convolve` for shapes of images and weight."""
    rows, columns = (_Axis.of(x[axis], weight[axis]) for axis in (2, 3))
    tiles, frequencies = x[0] * rows.count * columns.count, rows.half * columns.size
    channels, maps = x[1], weight[0]
    forward = rows.inputs * columns.inputs * rows.half * 2
    forward += frequencies * columns.inputs * 4
    inverse = frequencies * columns.outputs * 4
    inverse += rows.outputs * columns.outputs * rows.half * 2
    taps = 2 * rows.half * math.prod(weight[2:]) + 4 * frequencies * weight[3]
    products = 4.0 * frequencies * channels * maps
    return tiles * (channels * forward + maps * inverse + products) + channels * maps * taps


def spectrum_bytes(x: tuple[int, ...], weight: tuple[int, ...]) -> int:
    """Return the bytes of the spectrum of a weight, which are held at once."""
    rows, columns = (_Axis.of(x[axis], weight[axis]) for axis in (2, 3))
    return 8 * rows.half * columns.size * weight[0] * weight[1]


# Tiles


@dataclass(frozen=True)
class _Axis:
    """How the rows, or the columns, of an image are divided into tiles.

    Positions in a tile are counted from its first output.

    Attributes:
        length: of the image.
        size: period of the transform: no output meets the values of the other end.
        inputs: values of a tile that its outputs depend on; the rest of the period is zero.
        outputs: values of a tile's result.
        before: inputs before the first output.
    """

    length: int
    size: int
    inputs: int
    outputs: int
    before: int

    @classmethod
    def of(cls, length: int, kernel: int) -> "_Axis":
        reach = kernel // 2
        if length <= _WHOLE:  # zeros around the image need to be there on one side only
            return cls(length, length + reach, length, length, 0)
        outputs = math.ceil(length / math.ceil(length / _TILE))
        return cls(length, outputs + 2 * reach, outputs + 2 * reach, outputs, reach)

    @property
    def count(self) -> int:
        """Number of tiles."""
        return math.ceil(self.length / self.outputs)

    @property
    def half(self) -> int:
        """Number of frequencies of real values."""
        return self.size // 2 + 1

    def span(self, tile: int, *, inputs: bool) -> tuple[slice, slice]:
        """Return the part of a tile inside the image: in the image, and in the tile."""
        first = tile * self.outputs - (self.before if inputs else 0)
        start = max(first, 0)
        stop = min(first + (self.inputs if inputs else self.outputs), self.length)
        return slice(start, stop), slice(start - first, stop - first)


@dataclass(frozen=True)
class _Part:
    """Tiles that are computed at a time: of some images, at some positions."""

    images: slice
    positions: list[tuple[int, int]]


@dataclass(frozen=True)
class _Grid:
    """How images are divided into tiles."""

    rows: _Axis
    columns: _Axis

    @classmethod
    def of(cls, x: Tensor, weight: Tensor) -> "_Grid":
        return cls(_Axis.of(x.shape[2], weight.shape[2]), _Axis.of(x.shape[3], weight.shape[3]))

    def parts(self, x: Tensor, weight: Tensor) -> Iterator[_Part]:
        """Divide the tiles of all images into parts of bounded memory."""
        values = self.rows.half * self.columns.size * (weight.shape[0] + weight.shape[1])
        tiles = max(1, _CHUNK // (2 * values * x.element_size()))
        images = min(tiles, len(x))
        at_once = max(1, tiles // images)
        every = [(i, j) for i in range(self.rows.count) for j in range(self.columns.count)]
        for first in range(0, len(x), images):
            chosen = slice(first, min(first + images, len(x)))
            for position in range(0, len(every), at_once):
                yield _Part(chosen, every[position : position + at_once])


def _windows(
    tiles: Tensor, part: _Part, grid: _Grid, *, inputs: bool
) -> Iterator[tuple[Tensor, slice, slice, slice]]:
    """Yield the part of every tile inside its image, (n, rows, columns, channels), and where."""
    n = part.images.stop - part.images.start
    for number, (i, j) in enumerate(part.positions):
        rows, inner_rows = grid.rows.span(i, inputs=inputs)
        columns, inner_columns = grid.columns.span(j, inputs=inputs)
        window = tiles[inner_rows, inner_columns, number * n : (number + 1) * n]
        yield window.permute(2, 0, 1, 3), part.images, rows, columns


def _cut(images: Tensor, part: _Part, grid: _Grid, *, inputs: bool) -> Tensor:
    """Return tiles, (rows, columns, tiles, channels), with zeros around the image."""
    axes = grid.rows, grid.columns
    sides = [axis.inputs if inputs else axis.outputs for axis in axes]
    count = (part.images.stop - part.images.start) * len(part.positions)
    channels = images.shape[1]
    tiles = images.new_zeros(*sides, count, _filled(channels))
    values = images.permute(0, 2, 3, 1)
    for tile, *where in _windows(tiles, part, grid, inputs=inputs):
        tile[..., :channels].copy_(values[*where])
    return tiles


def _filled(channels: int) -> int:
    return channels if channels == 1 else math.ceil(channels / _MULTIPLE) * _MULTIPLE


# Spectra


def _of_inputs(x: Tensor, part: _Part, grid: _Grid) -> Spectrum:
    first = -grid.rows.before, -grid.columns.before
    return _spectrum(_cut(x, part, grid, inputs=True), grid, first)


def _of_outputs(gradient: Tensor, part: _Part, grid: _Grid) -> Spectrum:
    return _spectrum(_cut(gradient, part, grid, inputs=False), grid, (0, 0))


def _kernel(weight: Tensor, grid: _Grid) -> Spectrum:
    """Return what a spectrum of inputs is multiplied by: channels x maps for each frequency."""
    maps, channels, rows, columns = weight.shape
    filled = (0, 0, 0, 0, 0, _filled(channels) - channels, 0, _filled(maps) - maps)
    taps = functional.pad(weight, filled).permute(2, 3, 1, 0).contiguous()
    real, imaginary = _spectrum(taps, grid, (-(rows // 2), -(columns // 2)))
    return real, -imaginary  # a correlation


def _taps(spectrum: Spectrum, weight: Tensor, grid: _Grid) -> Tensor:
    """Return a weight's gradient from the sum of conj(inputs) x outputs."""
    real, imaginary = spectrum
    maps, channels, rows, columns = weight.shape
    span = (-(rows // 2), rows), (-(columns // 2), columns)
    taps = _values((real, -imaginary), grid, *span)
    return taps[..., :channels, :maps].permute(3, 2, 0, 1).contiguous()


def _inverse(spectrum: Spectrum, grid: _Grid, *, inputs: bool) -> Tensor:
    """Return (rows, columns, tiles, channels) at the positions of the inputs or the outputs."""
    if inputs:
        spans = [(-axis.before, axis.inputs) for axis in (grid.rows, grid.columns)]
    else:
        spans = [(0, axis.outputs) for axis in (grid.rows, grid.columns)]
    return _values(spectrum, grid, *spans)


def _spectrum(tiles: Tensor, grid: _Grid, first: tuple[int, int]) -> Spectrum:
    """Transform tiles, (rows, columns, n, channels), whose first value is at a position."""
    rows, columns, n, channels = tiles.shape
    waves = _waves(grid.rows.size, grid.rows.half, first[0], rows, tiles.dtype)
    lines = torch.mm(waves.flatten(0, 1), tiles.view(rows, -1))
    lines = lines.view(grid.rows.half, 2 * columns, -1)  # real, then imaginary parts
    cosine, sine = _waves(
        grid.columns.size, grid.columns.size, first[1], columns, tiles.dtype
    ).unbind(1)
    parts = []
    for matrix in (torch.cat([cosine, -sine], dim=1), torch.cat([sine, cosine], dim=1)):
        part = torch.bmm(matrix.expand(grid.rows.half, -1, -1), lines)
        parts.append(part.view(-1, n, channels))
    return parts[0], parts[1]


def _values(
    spectrum: Spectrum, grid: _Grid, rows: tuple[int, int], columns: tuple[int, int]
) -> Tensor:
    """Return the real values, (rows, columns, n, channels), at first and number of positions."""
    n, channels = spectrum[0].shape[1:]
    real, imaginary = (part.view(grid.rows.half, grid.columns.size, -1) for part in spectrum)
    size, dtype = grid.columns.size, real.dtype
    cosine, sine = (part.t() / size for part in _waves(size, size, *columns, dtype).unbind(1))
    from_real, from_imaginary = torch.cat([cosine, -sine]), torch.cat([sine, cosine])
    lines = torch.bmm(from_real.expand(grid.rows.half, -1, -1), real)
    from_imaginary = from_imaginary.expand(grid.rows.half, -1, -1)
    lines = torch.baddbmm(lines, from_imaginary, imaginary, out=lines)
    size = grid.rows.size
    waves = _waves(size, grid.rows.half, *rows, dtype) / size
    # All frequencies but the first, and that of alternating signs, stand for their conjugates too.
    waves[1 : (size + 1) // 2].mul_(2)
    found = torch.mm(waves.flatten(0, 1).t(), lines.view(2 * grid.rows.half, -1))
    return found.view(rows[1], columns[1], n, channels)


def _product(one: Spectrum, other: Spectrum, onto: Spectrum | None = None) -> Spectrum:
    """Return the matrix products of two spectra, added to a third."""
    if onto is None:
        real, imaginary = torch.bmm(one[0], other[0]), torch.bmm(one[0], other[1])
    else:
        real, imaginary = (part.baddbmm_(one[0], other[i]) for i, part in enumerate(onto))
    return real.baddbmm_(one[1], other[1], alpha=-1), imaginary.baddbmm_(one[1], other[0])


def _adjoint(spectrum: Spectrum) -> Spectrum:
    return spectrum[0].transpose(1, 2), -spectrum[1].transpose(1, 2)


@lru_cache(maxsize=64)
def _waves(size: int, frequencies: int, first: int, count: int, dtype: torch.dtype) -> Tensor:
    """Return (frequencies, 2, count): cos and -sin of 2 pi f p / size at positions p."""
    with torch.inference_mode(mode=False):
        positions = torch.arange(first, first + count, dtype=torch.float64)
        angles = torch.arange(frequencies, dtype=torch.float64)[:, None] * positions
        angles *= 2 * math.pi / size
        return torch.stack([angles.cos(), -angles.sin()], dim=1).to(dtype)
