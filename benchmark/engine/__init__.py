"""Training and inference of methods on a device.

A GPU computes while this process prepares the operations that follow, unless the process reads a
value from the device: then it waits for all that was asked before. A training step, the gathering
of its patches, the estimate of a scene by a network and the scoring of a band read none. These
places do; `tests/benchmark/engine/on_meta` checks that there are no others:

- `benchmark/data/patches.py: PatchBank.band_means`: once a training.
- `benchmark/engine/training/loop.py: _Loop._log_and_validate`: the loss, every `LOG_EVERY` steps.
- `benchmark/engine/training/loop.py: _Loop._validate`: the error of each validation scene.
- `benchmark/engine/training/iterative.py: CellRun.step`: the loss, every `LOG_EVERY` iterations.
- `benchmark/engine/training/rounding.py: _rounded`: once for each tensor of the trained weights.
- `benchmark/engine/inference/building.py: rebuild`: the trained weights, once a cell.
- `benchmark/engine/scoring/scene.py: score`: the extremes of each estimate.
- `benchmark/engine/scoring/clipping.py: Clipping.add`: the same, and what is clipped.
- `benchmark/engine/scoring/clipping.py: far_outside`: how much of an estimate is clipped.
- `benchmark/metric.py: _Bands.value`: the bands' values, once a scene and metric.
- `benchmark/metrics/_angles.py: SpectralAngles.value`: the mean angle of a scene.
- `benchmark/metrics/_angles.py: SpectralAngles.counts`: the number of pixels left out of it.
- `benchmark/execution/computation/evaluation.py: _tensors`: the stored weights, once a cell.

So does writing a checkpoint, every `--checkpoint-every` seconds.
"""
