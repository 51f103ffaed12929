"""What cells of version 0.3 do not record, and every one of them has in common.

Nothing else in the reports knows a metric or a protocol by its name: newer cells say it themselves.
"""

from typing import Any

# As the list `metrics` of newer cells.
METRICS: tuple[dict[str, Any], ...] = (
    {
        "name": "psnr", "title": "PSNR", "unit": "dB", "digits": 2, "higher": True, "main": True,
        "meaning": "peak signal-to-noise ratio over the whole cube",
    },
    {
        "name": "sam", "title": "SAM", "unit": "degrees", "digits": 2, "main": True,
        "meaning": "spectral angle between estimate and truth, mean over pixels",
    },
    {
        "name": "sam_float", "title": "SAM (float)", "unit": "degrees", "digits": 2,
        "meaning": "the same angle of images that were not rounded",
    },
    {
        "name": "ssim", "title": "SSIM", "digits": 4, "higher": True,
        "meaning": "structural similarity, mean over bands",
    },
    {
        "name": "ergas", "title": "ERGAS", "digits": 2,
        "meaning": "relative global error, as in pansharpening",
    },
    {
        "name": "rmse", "title": "RMSE", "unit": "grey levels", "digits": 2,
        "meaning": "root mean squared error over the whole cube",
    },
)  # fmt: skip
# The data sets that the networks of a protocol's paper were trained on together.
TRAINED_TOGETHER = {"wang2017": ["cave", "harvard"]}
