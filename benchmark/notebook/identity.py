"""The identity of a Python object that has no source file: what its numbers depend on, as a text.

The object is walked by value: bytecode, constants, defaults, closures and the global names that a
function uses; the attributes of classes and instances; the content of tensors and arrays. Names of
installed packages, torch and this suite stand for themselves, modules elsewhere for their source.
"""

import dis
import enum
import functools
import hashlib
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.errors import RequestError
from benchmark.plugins.fingerprint import is_outside, source_of_module

_VALUES = (
    bool, int, float, complex, bytes, range, slice, type(None), type(...), type(NotImplemented),
    torch.dtype, torch.device, np.dtype, np.generic,
)  # fmt: skip
_BUILTIN = (types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType,
            types.MethodWrapperType, types.ClassMethodDescriptorType, np.ufunc)  # fmt: skip
# What objects of some types consist of.
_PARTS: Mapping[Any, Callable[[Any], Iterable[Any]]] = {
    types.MethodType: lambda value: (value.__func__, value.__self__),
    functools.partial: lambda value: (value.func, value.args, value.keywords),
    staticmethod | classmethod: lambda value: (value.__func__,),
    property: lambda value: (value.fget, value.fset, value.fdel),
    tuple | list: lambda value: value,
}
# Entries of a class that do not change what it computes.
_OMITTED = frozenset(
    {"__dict__", "__weakref__", "__doc__", "__module__", "__qualname__", "__annotations__",
     "__firstlineno__", "__static_attributes__", "__annotate__"}
)  # fmt: skip
_LONGEST_NAME = 1000  # characters of a text that may name a file


def identity(value: object) -> tuple[str, list[str]]:
    """Return what the numbers of an object depend on.

    Args:
        value: a function, a module of torch, a class, or what these may refer to.

    Returns:
        A SHA-256 that is the same for objects that compute the same, with this version of Python;
        and descriptions of the parts that cannot be identified. With any of these, objects of one
        SHA-256 may differ.
    """
    walk = _Walk()
    text = walk.text(value)
    return hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest(), walk.unknown


class _Walk:
    """Writes objects as texts; an object that was met before is written as its number."""

    def __init__(self) -> None:
        self.unknown: list[str] = []
        self._numbers: dict[int, int] = {}
        self._kept: list[object] = []  # so that no identifier is used twice

    def text(self, value: Any) -> str:
        """Write a value."""
        if isinstance(value, str | PurePath):
            return repr(str(value)) + _file(value)
        if isinstance(value, _VALUES):
            return f"{type(value).__name__} {value!r}"
        if isinstance(value, Tensor):
            return self._tensor(value)
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, types.ModuleType):
            return self._module(value.__name__)
        if isinstance(value, types.CodeType):
            return self._code(value)
        if isinstance(value, set | frozenset):
            return f"{type(value).__name__} {sorted(map(self.text, value))}"
        if id(value) in self._numbers:
            return f"#{self._numbers[id(value)]}"
        self._numbers[id(value)] = len(self._numbers)
        self._kept.append(value)
        return self._compound(value)

    def _compound(self, value: Any) -> str:
        kind = type(value)
        if isinstance(value, enum.Enum):
            return f"{kind.__module__}.{value}"
        if isinstance(value, types.FunctionType):
            return self._function(value)
        if isinstance(value, type):
            return self._class(value)
        for known, parts in _PARTS.items():
            if isinstance(value, known):
                return self._items(kind.__name__, parts(value))
        if isinstance(value, _BUILTIN):
            return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', value)}"
        if isinstance(value, Mapping) and is_outside(kind.__module__):
            return self._items(kind.__name__, (part for item in value.items() for part in item))
        own = isinstance(value, nn.Module) or not is_outside(kind.__module__)
        if own and hasattr(value, "__dict__"):
            return self._items("instance", (kind, dict(vars(value))))
        return self._unknown(value)

    def _items(self, name: str, items: Iterable[Any]) -> str:
        return f"{name}({', '.join(map(self.text, items))})"

    def _function(self, function: types.FunctionType) -> str:
        if is_outside(function.__module__ or ""):
            return f"{function.__module__}.{function.__qualname__}"
        code = function.__code__
        names = dict.fromkeys(_globals(code))
        known = {name: function.__globals__[name] for name in names if name in function.__globals__}
        cells = []
        for cell in function.__closure__ or ():
            with suppress(ValueError):  # not filled yet
                cells.append(cell.cell_contents)
        parts = (code, function.__defaults__, function.__kwdefaults__, cells, known)
        return self._items("function", parts)

    def _code(self, code: types.CodeType) -> str:
        head = (code.co_code.hex(), code.co_names, code.co_varnames, code.co_freevars,
                code.co_cellvars, code.co_argcount, code.co_posonlyargcount,
                code.co_kwonlyargcount, code.co_flags,
                getattr(code, "co_exceptiontable", b"").hex())  # fmt: skip
        modules = [self._module(name) for name in _imports(code)]
        constants = [self.text(value) for value in code.co_consts]
        return f"code({sys.version_info[:2]} {head} {modules} {constants})"

    def _class(self, kind: type) -> str:
        if is_outside(kind.__module__):
            return f"{kind.__module__}.{kind.__qualname__}"
        own = {name: value for name, value in vars(kind).items() if name not in _OMITTED}
        own = {name: value for name, value in own.items()
               if not isinstance(value, types.GetSetDescriptorType)}  # fmt: skip
        return self._items("class", (kind.__qualname__, kind.__bases__, own))

    def _module(self, name: str) -> str:
        if is_outside(name):
            return name
        try:
            return source_of_module(name)
        except RequestError:
            return self._unknown(f"the module {name}")

    def _tensor(self, tensor: Tensor) -> str:
        if tensor.is_meta or tensor.layout != torch.strided or tensor.is_quantized:
            return self._unknown(tensor)
        data = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
        digest = hashlib.sha256(data.tobytes()).hexdigest()
        return f"tensor {tensor.dtype} {tuple(tensor.shape)} {tensor.requires_grad} {digest}"

    def _array(self, array: np.ndarray[Any, Any]) -> str:
        if array.dtype.hasobject:
            return self._unknown(array)
        digest = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
        return f"array {array.dtype} {array.shape} {digest}"

    def _unknown(self, value: object) -> str:
        named = isinstance(value, str)
        self.unknown.append(str(value) if named else f"a {type(value).__qualname__}")
        return "unknown"


def _globals(code: types.CodeType) -> Iterable[str]:
    """Yield the global names that a function, or a function inside it, uses."""
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield step.argval
    for value in code.co_consts:
        if isinstance(value, types.CodeType):
            yield from _globals(value)


def _imports(code: types.CodeType) -> list[str]:
    """List the modules that a function imports."""
    steps = dis.get_instructions(code)
    return [step.argval for step in steps if step.opname == "IMPORT_NAME" and step.argval]


def _file(value: str | PurePath) -> str:
    """Return the SHA-256 of the file that a text names, if there is one: weights, for example."""
    text = str(value)
    if not 0 < len(text) < _LONGEST_NAME or "\0" in text:
        return ""
    with suppress(OSError, ValueError):
        if Path(text).is_file():
            with Path(text).open("rb") as file:
                return f" {hashlib.file_digest(file, 'sha256').hexdigest()}"
    return ""
