"""Is the machine used as it could be: GPU, precision, threads, load, memory."""

import os
import re
import warnings
from collections.abc import Iterator, Sequence

import torch

from benchmark.engine import environment
from benchmark.engine.device import Device
from benchmark.tools.doctor.finding import GIB, Finding, sized

MEMORY = 4 * GIB  # what a training may take on the CPU
BUSY = 0.25  # share of the cores
UNKNOWN = "not known here"


def gpu() -> Iterator[Finding]:
    """Say which GPUs torch can use, and why it cannot use one that is here."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        available = torch.cuda.is_available()
    if available:
        for index in range(torch.cuda.device_count()):
            yield _usable(index)
        return
    sign, proof = environment.nvidia_sign()
    if not sign:
        yield Finding("gpu", "ok", "no NVIDIA GPU found; networks run on the CPU")
        return
    there = f"an NVIDIA GPU {'is' if proof else 'may be'} here ({sign}), but "
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    hidden = chosen is not None and not re.match(r"\s*(\d|GPU-|MIG-)", chosen)
    built = torch.version.cuda
    if built is None:
        why = f"torch {torch.__version__} is a build without CUDA"
        remedy = "install a build with CUDA: https://pytorch.org/get-started/locally/"
    elif hidden:
        why = f"torch sees none: CUDA_VISIBLE_DEVICES is '{chosen}'"
        remedy = "unset CUDA_VISIBLE_DEVICES if that was not meant"
    else:
        driver = environment.nvidia_driver() or "unknown"
        reason = "".join(f"; torch says: {one.message}" for one in said[:1])
        reason += "" if chosen is None else f"; CUDA_VISIBLE_DEVICES is '{chosen}'"
        why = f"torch, built for CUDA {built}, sees none: driver {driver}{reason}"
        remedy = (
            f"install a driver for CUDA {built} or newer, see that this user may open "
            "/dev/nvidia*, and start a container with its GPUs"
        )
    meant = built is not None and hidden
    yield Finding("gpu", "error" if proof and not meant else "warning", there + why, remedy)


def _usable(index: int) -> Finding:
    name = f"gpu {index}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of old GPUs at length
            known = torch.cuda.get_device_properties(index)
    except (RuntimeError, AssertionError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        remedy = "see nvidia-smi for who holds it; --device cpu does without"
        return Finding(name, "error", f"it is there but cannot be used: {reason}", remedy)
    capability = f"{known.major}.{known.minor}"
    text = f"{known.name}, {sized(known.total_memory)}, compute capability {capability}"
    built = torch.cuda.get_arch_list()
    if torch.version.cuda is None or runs_on(built, known.major, known.minor):
        return Finding(name, "ok", text)
    return Finding(
        name,
        "error",
        f"{text}; torch {torch.__version__} was built for {', '.join(built)} only",
        "install a build that has it: https://pytorch.org/get-started/locally/, or use "
        "--device cpu",
    )


def runs_on(built: Sequence[str], major: int, minor: int) -> bool:
    """Tell whether a GPU can run what torch was built for.

    Machine code runs on its own and later minor versions of a capability, intermediate code
    (`compute_90`) on all later ones. What is built for one version alone (`sm_90a`) says no more.

    Args:
        built: as `torch.cuda.get_arch_list` gives it; empty says nothing, and counts as yes.
        major: of the GPU's compute capability.
        minor: likewise.
    """
    for entry in built:
        match = re.fullmatch(r"(sm|compute)_(\d+)(\d)[a-z]?", entry)
        if match:
            kind, own = match[1], (int(match[2]), int(match[3]))
            if own == (major, minor) or (
                own <= (major, minor)
                and entry[-1].isdigit()
                and (kind == "compute" or own[0] == major)
            ):
                return True
    return not built


def precision(device: Device) -> Iterator[Finding]:
    """Say in which precision networks will run."""
    kind = "CPU" if device.torch.type == "cpu" else "GPU"
    if device.bfloat16:
        yield Finding("precision", "ok", f"the {kind} multiplies bfloat16 itself")
    else:
        text = f"the {kind} does not multiply bfloat16 itself: float32 is used, which is slower"
        yield Finding("precision", "ok", text)


def threads() -> Iterator[Finding]:
    """Compare torch's threads with the cores that this process may use."""
    used, cores = torch.get_num_threads(), environment.usable_cores()
    text = f"torch uses {used} {'thread' if used == 1 else 'threads'}; {cores} cores may be used"
    if (asked := os.environ.get("OMP_NUM_THREADS")) is not None:
        text += f"; OMP_NUM_THREADS is {asked}"
    if used > cores:
        remedy = f"set OMP_NUM_THREADS={cores}: threads that share a core wait for each other"
        yield Finding("threads", "warning", text, remedy)
    elif used == 1 < cores:
        remedy = f"unset OMP_NUM_THREADS, or set OMP_NUM_THREADS={cores}"
        yield Finding("threads", "warning", text, remedy)
    else:
        yield Finding("threads", "ok", text)


def load() -> Iterator[Finding]:
    """Say whether other processes keep the machine busy."""
    try:
        busy = os.getloadavg()[0]
    except (AttributeError, OSError):  # not on Windows
        yield Finding("load", "ok", UNKNOWN)
        return
    cores = os.cpu_count() or 1
    text = f"{busy:.1f} processes ran at a time over the last minute, on {cores} cores"
    if busy > max(0.5, BUSY * cores):
        remedy = (
            "wait until the machine is idle before anything is timed; on cores that are shared "
            "set OMP_WAIT_POLICY=PASSIVE"
        )
        yield Finding("load", "warning", text, remedy)
    else:
        yield Finding("load", "ok", text)


def memory() -> Iterator[Finding]:
    """Say whether there is enough memory for a training."""
    free = environment.memory_available()
    if free is None:
        yield Finding("memory", "ok", UNKNOWN)
    elif free < MEMORY:
        text = f"{sized(free)} can be had; a training may take {sized(MEMORY)}"
        yield Finding("memory", "warning", text, "end other programs, or raise the job's limit")
    else:
        yield Finding("memory", "ok", f"{sized(free)} can be had")
