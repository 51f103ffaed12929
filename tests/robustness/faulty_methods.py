"""Methods that fail in every way we could think of, and what comes of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import dedent, indent

# A worker imports while the one before it works, and needs a tenth of this for its job.
TIMEOUT = 6.0


@dataclass(frozen=True)
class Fault:
    """What a method does before it returns the up-scaled image, and what comes of it.

    Attributes:
        does: lines of Python.
        reason: the failed cell's; empty where the cell is done all the same.
        trace: what its traceback.txt says among other things; empty where there is nothing to say.
    """

    does: str
    reason: str = ""
    trace: str = ""


EXCEPTIONS = {
    "raising": Fault(
        'raise ValueError("no such luck\\non two lines")',
        "ValueError: no such luck",
        "ValueError: no such luck\non two lines",
    ),
    # What the engine raises where nothing that comes later would fare better.
    "refusing": Fault(
        'raise benchmark.errors.RequestError("no such luck")',
        "RequestError: no such luck",
        "in upscale",
    ),
    "small": Fault(
        "return low[:, ::2, ::2]",
        "ValueError: the estimate has shape (5, 24, 20), expected (5, 48, 40)",
        "in crop_to",
    ),
    "undefined": Fault(
        "return low * float('nan')",
        "ValueError: the estimate contains NaN or infinity",
        "in score",
    ),
    "foreign": Fault(
        "return low.numpy()",
        "TypeError: upscale returned a numpy array of shape (5, 48, 40), expected a tensor of "
        "shape (5, 48, 40)",
        "in crop_to",
    ),
}
FAULTS = {
    "leaving": Fault("os._exit(3)", "its process ended with exit code 3 and no result"),
    "pretending": Fault("os._exit(0)", "its process ended with exit code 0 and no result"),
    "exiting": Fault("sys.exit(2)", "SystemExit: 2", "sys.exit(2)"),
    "crashing": Fault(
        "ctypes.string_at(0)",
        "its process was killed by SIGSEGV, a segmentation fault in compiled code",
        "Fatal Python error: Segmentation fault",
    ),
    "starving": Fault(
        "os.kill(os.getpid(), signal.SIGKILL)",
        "its process was killed by SIGKILL, most likely by the system, because memory ran out",
    ),
    "aborting": Fault(
        "os.abort()",
        "its process was killed by SIGABRT, compiled code aborted",
        "Fatal Python error: Aborted",
    ),
    "asking": Fault("input()", "EOFError: EOF when reading a line", "input()"),
    "closing": Fault("sys.stdout.close(), sys.stderr.close(), os.close(1), os.close(2)"),
    "chatty": Fault(
        """
        for number in range(10_000):
            print("line", number)
        print("x" * 10_000_000, end="")
        """
    ),
    "fathering": Fault("subprocess.Popen(['sleep', '600'])"),
    "spinning": Fault("threading.Thread(target=time.sleep, args=(600,)).start()"),
    "scribbling": Fault(
        """
        rubbish = [
            b"\\x00\\xff rubbish", b"5", b"null", b"[]", b"{}", b"[[]]", b"[1]", b'"ended"',
            b'["ended"]', b'["ended", "well"]', b'["line"]', b'["printed"]', b'["scene", 1, 2]',
            b'["stepped", 0, 0, "x"]', b'["no such thing"]', b"[" * 100_000, b"half a line",
        ]
        for number in range(256):
            for line in rubbish:
                with contextlib.suppress(OSError):
                    os.write(number, b"\\n" + line)
        """
    ),
    "patching": Fault(
        """
        known = ("psnr", "sam")
        evaluation = benchmark.execution.computation.evaluation
        evaluation.score = lambda *_, **__: dict.fromkeys(known, 99.0)
        benchmark.degradation.degradation.Degradation.low = lambda *_: None
        torch.set_default_dtype(torch.float64)
        os.chdir("/")
        os.environ.clear()
        """,
        "TamperedError: it replaced benchmark.degradation.degradation.Degradation.low, "
        "benchmark.execution.computation.evaluation.score, which the engine uses too; define a "
        "function of another name instead",
        "in _require_untouched",
    ),
}
TOO_LONG = f"it took longer than --cell-timeout {TIMEOUT:g} s"
HANGING = {
    "endless": Fault("while True: time.sleep(0.01)", TOO_LONG),
    # The regular expression holds the interpreter's lock: no other thread of the process runs.
    "clinging": Fault("re.match('(a+)+$', 'a' * 60 + 'b')", TOO_LONG),
}
# It is in no process group of ours, and holds on to its output: nobody waits for it.
FLEEING = {"fleeing": Fault("subprocess.Popen(['sleep', '600'], start_new_session=True)")}
IMPORTS = """
import contextlib, ctypes, os, re, signal, subprocess, sys, threading, time

import torch

import benchmark.degradation.degradation, benchmark.errors
import benchmark.execution.computation.evaluation
import benchmark.engine.scoring.scene
from benchmark.method import Method, NetworkMethod, register
"""
DIVERGING = """
@register("diverging", title="Diverging", paper="nobody")
class Diverging(NetworkMethod):
    def network(self, problem):
        return torch.nn.Conv2d(problem.bands, problem.bands, 3, padding=1)

    def loss(self, output, truth, inputs, problem):
        return super().loss(output, truth, inputs, problem) * float("nan")
"""
DIVERGED = "TrainingError: the loss became nan before step 25"


def plugin(faults: Mapping[str, Fault], more: str = "") -> str:
    """Return a plugin with a method for every fault."""
    parts = [IMPORTS]
    for name, fault in faults.items():
        parts.append(
            f'@register("{name}", title="{name.title()}", paper="nobody")\n'
            f"class {name.title()}(Method):\n"
            "    def upscale(self, low, problem, state):\n"
            f"{indent(dedent(fault.does).strip(), ' ' * 8)}\n"
            "        return low\n"
        )
    return "\n\n".join([*parts, more])
