"""MATLAB files of versions 5 and 7.3, read by scipy and h5py in a worker process.

Neither library is safe with damaged files: a flipped bit may crash scipy's reader, and libhdf5 may
loop for ever. In a worker process, both become an exception. The worker is reused.

Only compressed values of version 5 have a checksum. Elsewhere a flipped byte goes unnoticed unless
it puts a value out of range.
"""

from concurrent.futures import BrokenExecutor
from pathlib import Path

import numpy as np

from benchmark.data.formats.matlab_worker import ContentError, VariableError, read_values

__all__ = ["ContentError", "VariableError", "read"]

HDF = b"\x89HDF\r\n\x1a\n"  # at the start, or after MATLAB's header of 512 bytes
TIMEOUT = 300.0  # seconds to read one file; a scene of Harvard takes a few
IDLE = 20  # seconds without a file after which the worker ends


def read(file: Path, bands: int, crop: int) -> np.ndarray:
    """Read the variable `ref`, the image; the mask `lbl`, where there is one, is only checked.

    Args:
        file: the .mat file.
        bands: number of bands that the image must have.
        crop: rows and columns to keep at the top left; a smaller image is kept whole.

    Returns:
        (rows, columns, bands) float32; values beyond its range become infinite.

    Raises:
        ContentError: it is not a MATLAB file or is damaged.
        VariableError: it has other variables, types or shapes.
        MemoryError: reading it needs more memory than is free, or than a scene may take.
        OSError: it cannot be opened.
    """
    from loky import get_reusable_executor

    with file.open("rb") as stream:
        head = stream.read(520)
    version_5 = head.startswith(b"MATLAB 5.0")
    if not version_5 and HDF not in (head[:8], head[512:]):
        raise ContentError("it is not a MATLAB file (version 5 or 7.3)")
    worker = get_reusable_executor(max_workers=1, timeout=IDLE)
    try:
        future = worker.submit(read_values, file.absolute(), version_5, bands, crop)
        cube: np.ndarray = future.result(TIMEOUT)
    except (ContentError, MemoryError):
        raise
    except BrokenExecutor as error:
        raise ContentError("it is damaged: the library that reads it crashed") from error
    except BaseException as error:  # the worker may still be reading
        worker.shutdown(kill_workers=True)
        if not isinstance(error, TimeoutError):
            raise
        raise ContentError(
            f"it is damaged: the library that reads it did not finish within {TIMEOUT:g} s"
        ) from error
    return cube
