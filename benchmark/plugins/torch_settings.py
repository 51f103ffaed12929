"""Global settings of torch: how each is read and written.

This file does not import torch: plugins are found, and data sets read, without it.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any


@dataclass(frozen=True)
class Setting:
    """A setting that belongs to the whole process.

    Attributes:
        name: for messages.
        read: returns its value; two values can be compared.
        write: sets it.
        required: the value that the engine relies on; None if any value will do.
    """

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], object]
    required: Any = None


def torch_settings() -> list[Setting]:
    """Return the settings of torch in the order in which to write them; none before its import."""
    torch = sys.modules.get("torch")
    return list(_settings(torch)) if torch is not None else []


def _settings(torch: Any) -> Iterator[Setting]:
    yield Setting(
        "the default type of torch", torch.get_default_dtype, torch.set_default_dtype, torch.float32
    )
    yield Setting(
        "the default device of torch",
        lambda: str(torch.get_default_device()),
        # "cpu" as a default would slow every call down; without a default it is the CPU, too.
        lambda name: torch.set_default_device(None if name == "cpu" else name),
        "cpu",
    )
    yield from _contexts(torch)
    yield Setting(
        "torch's recording of gradients", torch.is_grad_enabled, torch.set_grad_enabled, True
    )
    for kind in ("cpu", "cuda"):
        yield Setting(
            f"torch's autocast on {kind}",
            partial(torch.is_autocast_enabled, kind),
            partial(torch.set_autocast_enabled, kind),
            False,
        )
    yield Setting(
        "torch's deterministic algorithms",
        torch.get_deterministic_debug_mode,
        torch.set_deterministic_debug_mode,
        0,
    )
    yield Setting(
        "torch's anomaly detection",
        torch.is_anomaly_enabled,
        torch.autograd.set_detect_anomaly,
        False,
    )
    yield Setting(
        "torch's treatment of denormal numbers",
        lambda: sys.float_info.min / 2 == 0,
        torch.set_flush_denormal,
        False,
    )
    yield Setting("the number of torch's threads", torch.get_num_threads, torch.set_num_threads)
    yield _hooks(torch.nn.modules.module)
    yield from _precisions(torch.backends)
    for name, value in (
        ("cuda.matmul.allow_fp16_reduced_precision_reduction", None),
        ("cuda.matmul.allow_bf16_reduced_precision_reduction", None),
        ("cudnn.enabled", True),
        ("cudnn.benchmark", False),
        ("cudnn.deterministic", False),
        ("mkldnn.enabled", True),
    ):
        yield _attribute(torch.backends, name, value)


def _contexts(torch: Any) -> Iterator[Setting]:
    """Yield the contexts that are entered: of autocast, hooks of saved tensors, and modes.

    A plugin may enter one (`torch.autocast("cpu").__enter__()`) and never leave it. While autocast
    is entered, its copies of weights in bfloat16 are kept from one training step to the next.
    """

    def nesting() -> int:
        torch.autocast_increment_nesting()
        return int(torch.autocast_decrement_nesting())

    def nest(depth: int) -> None:
        while nesting() < depth:
            torch.autocast_increment_nesting()
        while nesting() > depth:
            torch.autocast_decrement_nesting()
        torch.clear_autocast_cache()

    yield Setting("torch's contexts of autocast", nesting, nest, 0)

    # There is no public way to ask which of these are entered.
    inside: Any = torch._C  # noqa: SLF001
    saved: Any = inside._autograd  # noqa: SLF001

    hooks = partial(saved._top_saved_tensors_default_hooks, False)  # noqa: SLF001

    def leave_hooks(kept: Any) -> None:
        while hooks() not in (None, kept):
            saved._pop_saved_tensors_default_hooks()  # noqa: SLF001

    yield Setting("torch's hooks of saved tensors", hooks, leave_hooks)
    for kind, argument in (("function", ()), ("dispatch", (None,))):
        length = getattr(inside, f"_len_torch_{kind}_stack")
        leave = partial(getattr(inside, f"_pop_torch_{kind}_stack"), *argument)
        yield Setting(f"torch's {kind} modes", length, partial(_leave_modes, length, leave))


def _leave_modes(length: Callable[[], int], leave: Callable[[], object], kept: int) -> None:
    while length() > kept:
        leave()


def _hooks(module: Any) -> Setting:
    """Return the setting of the hooks that run for every module (`register_module_...`)."""
    kinds = [value for name, value in vars(module).items() if name.startswith("_global_")]
    hooks = [kind for kind in kinds if isinstance(kind, dict)]

    def write(kept: list[dict[int, Any]]) -> None:
        for kind, before in zip(hooks, kept, strict=True):
            kind.clear()
            kind.update(before)

    return Setting("torch's hooks of all modules", lambda: [dict(kind) for kind in hooks], write)


def _precisions(backends: Any) -> Iterator[Setting]:
    """Yield the settings that allow products of float32 in TF32 or bfloat16."""
    # Those of before torch 2.9 first: they change the new ones too, and torch raises where the two
    # contradict each other.
    yield _attribute(backends, "cuda.matmul.allow_tf32", False)
    yield _attribute(backends, "cudnn.allow_tf32", False)
    for part in (
        "",
        "cudnn.",
        "mkldnn.",
        "cuda.matmul.",
        "cudnn.conv.",
        "cudnn.rnn.",
        "mkldnn.matmul.",
        "mkldnn.conv.",
        "mkldnn.rnn.",
    ):
        yield _attribute(backends, f"{part}fp32_precision", "ieee")


def _attribute(backends: Any, path: str, required: Any) -> Setting:
    """Return the setting `torch.backends.<path>`."""
    above, _, name = path.rpartition(".")
    owner = reduce(getattr, filter(None, above.split(".")), backends)

    def read() -> Any:
        try:
            return getattr(owner, name)
        except RuntimeError:  # the old and the new settings of the precision contradict each other
            return None

    def write(value: Any) -> None:
        if value is not None:
            setattr(owner, name, value)

    return Setting(f"torch.backends.{path}", read, write, required)
