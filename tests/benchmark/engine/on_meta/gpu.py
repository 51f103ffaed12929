"""A GPU on every machine: torch's `meta` device, whose tensors have shapes and no values.

What a GPU computes is not there when the host asks for it: the host waits. What a meta tensor
contains is never there, so that every question is noticed. Tensors on two devices are noticed too,
where torch itself accepts them for the sake of meta tensors.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from benchmark import CHECKOUT
from benchmark.engine.machine.device import Device

META = torch.device("meta")
_OURS = ("benchmark", "methods", "tests")
_aten = torch.ops.aten


class ReadError(AssertionError):
    """The host asked for a value of the device, where it is not to wait."""


class UploadError(AssertionError):
    """The host waited until a tensor had been copied to the device, where it is not to wait."""


class OtherDeviceError(AssertionError):
    """An operation was given tensors on two devices, which fails on a GPU."""


class Gpu(Device):
    """The meta device, for the engine; torch has no autocast for it."""

    def autocast(self) -> AbstractContextManager[object]:
        """Return a context without effect."""
        return nullcontext()

    def full_precision(self) -> AbstractContextManager[object]:
        """Return a context without effect."""
        return nullcontext()


GPU = Gpu(META, bfloat16=False)


class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Follows all operations of torch, and raises an exception where a GPU would fail or wait.

    Args:
        may_read: True lets the host read from the device, which is counted.
        may_copy: True lets it wait for copies to the device.
        value: what it reads instead of the values that are not there.

    Attributes:
        reads: how often each place read from the device, as `file: function`.
    """

    def __init__(self, *, may_read: bool, may_copy: bool, value: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.reads: Counter[str] = Counter()
        self._may_read, self._may_copy, self._value = may_read, may_copy, value

    def __torch_dispatch__(
        self,
        func: OpOverload[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run an operation, or replace what it reads."""
        options = dict(kwargs or {})
        with self:  # in inference mode operations arrive that others are made of
            done = func.decompose(*args, **options)
        if done is not NotImplemented:
            return done
        name: object = func
        if name is _aten._local_scalar_dense.default and args[0].is_meta:
            self._read()
            return self._of(args[0].dtype).item()
        if name is _aten._to_copy.default:
            source, target = args[0], options.get("device") or args[0].device
            if source.is_meta and target.type == "cpu":
                self._read()
                return self._of(options.get("dtype") or source.dtype).expand(source.shape).clone()
            if source.is_cpu and target.type == "meta" and not options.get("non_blocking"):
                self.uploaded()
        elif name is _aten.copy_.default:
            target, source = args[:2]
            if source.is_meta and target.is_cpu:
                self._read()
                return target.copy_(self._of(source.dtype))
            if source.is_cpu and target.is_meta and source.dim():
                self.uploaded()
        else:
            _require_one_device(func, tree_leaves((args, options)))
        return func(*args, **options)

    def uploaded(self) -> None:
        """Note that the host waited for a copy to the device."""
        if not self._may_copy:
            raise UploadError(f"{_place()} waits for a copy to the device")

    def _read(self) -> None:
        if not self._may_read:
            raise ReadError(f"{_place()} reads a value from the device")
        self.reads[_place()] += 1

    def _of(self, dtype: torch.dtype) -> Tensor:
        """Return what stands for a value of a type: whole numbers are 1, and truths True."""
        return torch.tensor(self._value if dtype.is_floating_point else 1, dtype=dtype)


class _Constructors(TorchFunctionMode):
    """Notes tensors that are made from numbers of the host on the device."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call a function of torch."""
        options = dict(kwargs or {})
        made = func in (torch.tensor, torch.as_tensor, torch.asarray)
        if made and options.get("device") and torch.device(options["device"]) == META:
            self._watch.uploaded()
        return func(*args, **options)


@contextmanager
def watched(
    *, may_read: bool = False, may_copy: bool = False, value: float = 0.5
) -> Iterator[Watch]:
    """Watch what is done on the meta device; see `Watch`.

    Raises:
        AssertionError: the host waits and must not, or an operation has tensors on two devices.
    """
    watch = Watch(may_read=may_read, may_copy=may_copy, value=value)
    with watch, _Constructors(watch):
        yield watch


def _require_one_device(func: object, arguments: Sequence[object]) -> None:
    tensors = [one for one in arguments if isinstance(one, Tensor)]
    # A scalar of the CPU may meet tensors of any device.
    if any(one.is_meta for one in tensors) and any(one.is_cpu and one.dim() for one in tensors):
        shapes = ", ".join(f"{one.device} {tuple(one.shape)}" for one in tensors)
        raise OtherDeviceError(f"{_place()}: {func} is given tensors on two devices: {shapes}")


def _place() -> str:
    """Return the innermost function of this checkout that is being called, outside this file."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        file = Path(frame.f_code.co_filename)
        if file != Path(__file__) and file.is_relative_to(CHECKOUT):
            inside = file.relative_to(CHECKOUT)
            if inside.parts[0] in _OURS:
                return f"{inside}: {frame.f_code.co_qualname.partition('.<locals>')[0]}"
        frame = frame.f_back
    return "somewhere else"
