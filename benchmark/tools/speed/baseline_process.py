"""A process of its own for the plain way, so that nothing the engine sets up helps it along."""

import multiprocessing
import signal
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import torch

from benchmark.dataset import DATASETS
from benchmark.method import METHODS
from benchmark.plugins.discovery import discover

Work = Callable[[], object]


class PlainWayError(Exception):
    """The plain way raised an error."""


class Apart:
    """Does work in another process, one piece at a time, when it is told to.

    The engine tells the C library to keep freed memory, for the whole of its process. People's
    scripts do not, and the plain way is to be as theirs.

    Args:
        plugins: files with methods to import there.
    """

    def __init__(self, plugins: Sequence[Path] = ()) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, there = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(there, torch.get_num_threads(), tuple(plugins)), daemon=True
        )
        self._process.start()
        there.close()

    def prepare(self, maker: Callable[..., Work], *arguments: Any) -> Work:
        """Make a piece of work there; the one before is forgotten.

        Args:
            maker: a function of a module; called there, it gives the work.
            arguments: of the maker; they are copied there.

        Returns:
            What does the work once and returns when it is done.

        Raises:
            PlainWayError: the maker raised an error, or later the work.
        """
        self._ask((maker, arguments))
        return lambda: self._ask(None)

    def _ask(self, message: tuple[Callable[..., Work], tuple[Any, ...]] | None) -> None:
        try:
            self._pipe.send(message)
            raised = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise PlainWayError("the process of the plain way ended") from error
        if raised:
            raise PlainWayError(f"the plain way failed: {raised}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pipe.close()
        self._process.join(10)
        self._process.kill()


def _serve(pipe: Connection, threads: int, plugins: tuple[Path, ...]) -> None:
    """Make work and do it until the other end is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the other end's matter
    torch.set_num_threads(threads)
    discover([METHODS, DATASETS], plugins)
    work: Work = _nothing
    while True:
        try:
            message = pipe.recv()
        except EOFError:
            return
        raised = ""
        try:
            if message is None:
                work()
                if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
                    torch.cuda.synchronize()
            else:
                work = _nothing  # what the last one held is free before the next one starts
                work = message[0](*message[1])
        except Exception as error:  # noqa: BLE001 - whatever it is, the other end is to know
            raised = f"{type(error).__name__}: {error}"
        pipe.send(raised)


def _nothing() -> None:
    """Do nothing."""
