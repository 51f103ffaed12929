"""Degradations and metrics by other software: what the suite's own are compared with.

Nothing here uses the suite. Images are numpy arrays, (bands, rows, columns) float64 unless stated.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import resize_right
from scipy.ndimage import gaussian_filter
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

Array = np.ndarray
Shape = tuple[int, int]


# Degradation and interpolation


def gaussian_decimation(image: Array, scale: int) -> Array:
    """Blur every band by scipy's Gaussian (sigma 3, 25 taps) and keep samples 0, s, 2s, ..."""
    bands = [gaussian_filter(band.astype(np.float64), 3) for band in image]
    return np.stack(bands)[:, ::scale, ::scale]


def matlab(image: Array, shape: Shape) -> Array:
    """Resize as MATLAB's `imresize` does, by resize_right; the ratio is that of the sizes."""
    out = (image.shape[0], *shape)
    return np.asarray(
        resize_right.resize(image.astype(np.float64), out_shape=out, pad_mode="symmetric")
    )


def opencv(image: Array, shape: Shape) -> Array:
    """Resize every band by OpenCV's `INTER_CUBIC`, in the type of the image."""
    size = (shape[1], shape[0])
    return np.stack([cv2.resize(band, size, interpolation=cv2.INTER_CUBIC) for band in image])


def cropped(image: Array, scale: int) -> Array:
    """Cut an image at the bottom and right to a multiple of the scale."""
    rows, columns = (size // scale * scale for size in image.shape[1:])
    return image[:, :rows, :columns]


def bicubic(
    truth: Array, scale: int, resize: Callable[[Array, Shape], Array]
) -> tuple[Array, Array]:
    """Degrade and interpolate a scene; return the cropped truth and the estimate.

    Args:
        truth: the whole scene in [0, 1].
        scale: the factor.
        resize: `matlab` or `opencv`. The low-resolution image is stored as float32 between.
    """
    truth = cropped(truth, scale)
    rows, columns = truth.shape[1:]
    low = resize(truth, (rows // scale, columns // scale)).astype(np.float32)
    return truth, resize(low.astype(np.float64), (rows, columns))


# Metrics: of an estimate x and the truth y, both in 0..peak


def psnr(x: Array, y: Array, peak: float = 1.0) -> float:
    """Compute scikit-image's PSNR of the whole cube, in dB."""
    return float(peak_signal_noise_ratio(y, x, data_range=peak))  # type: ignore[no-untyped-call]


def mpsnr(x: Array, y: Array, peak: float = 1.0) -> float:
    """Compute the mean of the bands' PSNR, in dB."""
    return float(np.mean([psnr(a, b, peak) for a, b in zip(x, y, strict=True)]))


def ssim(x: Array, y: Array, peak: float = 1.0) -> float:
    """Compute scikit-image's SSIM with a Gaussian window, the mean over bands."""
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    return _mean_ssim(x, y, peak, options)


def ssim_uniform(x: Array, y: Array, peak: float = 1.0) -> float:
    """Compute scikit-image's SSIM by its defaults (uniform 7 x 7), the mean over bands."""
    return _mean_ssim(x, y, peak, {})


def _mean_ssim(x: Array, y: Array, peak: float, options: dict[str, float]) -> float:
    values = [
        structural_similarity(b, a, data_range=peak, **options)  # type: ignore[no-untyped-call]
        for a, b in zip(x, y, strict=True)
    ]
    return float(np.mean(values))


def ssim_matlab(x: Array, y: Array, peak: float = 1.0) -> float:
    """Compute MATLAB's `ssim`: Gaussian of 11 taps, replicated border, mean of the whole map."""

    def smooth(image: Array) -> Array:
        return np.asarray(gaussian_filter(image, 1.5, mode="nearest", truncate=3.5))

    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    values = []
    for a, b in zip(x, y, strict=True):
        ma, mb = smooth(a), smooth(b)
        va, vb, ab = smooth(a * a) - ma**2, smooth(b * b) - mb**2, smooth(a * b) - ma * mb
        values.append(
            ((2 * ma * mb + c1) * (2 * ab + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2))).mean()
        )
    return float(np.mean(values))


def angles(x: Array, y: Array) -> Array:
    """Compute the angle of every pixel in degrees, (rows, columns).

    It is NaN where the truth is zero, and 90 where the estimate alone is.
    """
    dot = (x * y).sum(axis=0)
    norms = np.linalg.norm(x, axis=0) * np.linalg.norm(y, axis=0)
    cosine = np.divide(dot, norms, out=np.zeros_like(dot), where=norms > 0)
    found = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    return np.where((y == 0).all(axis=0), np.nan, found)


def sam(x: Array, y: Array) -> float:
    """Compute the mean angle in degrees; pixels that are zero in the truth are left out."""
    return float(np.nanmean(angles(x, y)))


def rmse(x: Array, y: Array) -> float:
    """Compute the root of the mean squared error of the cube."""
    return float(np.sqrt(((x - y) ** 2).mean()))


def ergas(x: Array, y: Array, ratio: float) -> float:
    """Compute ERGAS, 100 / ratio sqrt(mean_b(MSE_b / mean_b^2))."""
    errors = ((x - y) ** 2).mean(axis=(1, 2))
    return float(100 / ratio * np.sqrt(np.mean(errors / y.mean(axis=(1, 2)) ** 2)))


def cc(x: Array, y: Array) -> float:
    """Compute the mean of the bands' correlation coefficients."""
    pairs = zip(x, y, strict=True)
    return float(np.mean([np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in pairs]))


def scores(
    x: Array, y: Array, scale: int, names: Sequence[str], peak: float = 1.0
) -> dict[str, float]:
    """Compute metrics by the suite's names for them, of cubes in [0, peak]."""
    known: dict[str, Callable[[], float]] = {
        "psnr": lambda: psnr(x, y, peak),
        "mpsnr": lambda: mpsnr(x, y, peak),
        "ssim": lambda: ssim(x, y, peak),
        "ssim_uniform": lambda: ssim_uniform(x, y, peak),
        "ssim_matlab": lambda: ssim_matlab(x, y, peak),
        "sam": lambda: sam(x, y),
        "sam_float": lambda: sam(x, y),
        "rmse": lambda: rmse(x, y),
        "ergas": lambda: ergas(x, y, scale),
        "ergas[ratio=4]": lambda: ergas(x, y, 4),
        "cc": lambda: cc(x, y),
    }
    return {name: known[name]() for name in names}


# Scenes


def read_cave(folder: Path) -> Array:
    """Read a scene's folder of PNG files by OpenCV, in [0, 1].

    Args:
        folder: with the 31 bands of one scene. 16 bit are divided by 65535, the colour PNG
            of `watercolors`, three equal channels and an opacity, by 255.
    """
    bands = []
    for file in sorted(folder.rglob("*_ms_[0-9][0-9].png")):
        band = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
        assert band is not None, file
        band = band if band.ndim == 2 else band[:, :, 0]
        bands.append(band / (255 if band.dtype == np.uint8 else 65535))
    return np.stack(bands)
