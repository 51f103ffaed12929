"""A process that is killed while it extends a cell leaves the old cell or the new one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark import CHECKOUT

# Kills itself at the n-th thing that Python asks of the system, for every n.
CODE = """
import json, os, shutil, sys
from pathlib import Path
from benchmark.store.address import Address
from benchmark.store.cells import extend, read, write
from benchmark.store.lock import CellLock

root = Path(sys.argv[1])
place = Address("cave", "li2020", "quick", 2, "bicubic", 0)
facts = {"key": "k" * 16, "status": "done", "reason": None, "metrics": ["psnr"]}
files = {"scores.csv": b"scene,psnr\\na,30.5\\n", "weights.safetensors": bytes(range(256))}
write(root / "whole", place, facts, files)
found = []
while True:
    results = root / str(len(found))
    shutil.copytree(root / "whole", results)
    child = os.fork()
    if child == 0:
        counted = [0]

        def count(event, arguments):
            counted[0] += event.partition(".")[0] in ("open", "os", "shutil", "tempfile")
            if counted[0] > len(found):
                os._exit(9)

        cell = read(place.folder(results))
        sys.addaudithook(count)
        scores = {"scores.csv": b"scene,psnr,cc\\na,30.5,1\\n"}
        extend(results, cell, {"metrics": ["psnr", "cc"]}, scores)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    lock = CellLock(results, place, "k" * 16)
    assert lock.acquire()
    lock.release()
    cell, aside = read(place.folder(results)), list((results / ".superseded").glob("*/*/*/*/*/*"))
    hidden = [path.name for path in place.folder(results).parent.glob(".*")]
    kept = [file.name for folder in aside for file in folder.iterdir()]
    found.append([code, cell and cell.facts["metrics"], len(kept), hidden])
    shutil.rmtree(results)
    if code == 0:
        break
print(json.dumps(found))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="processes cannot be forked there")
def test_a_kill_at_any_moment_loses_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(tmp_path)],
        cwd=CHECKOUT,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert len(found) > 20
    assert found[-1] == [0, ["psnr", "cc"], 0, []]
    for code, metrics, kept, hidden in found[:-1]:
        assert (code, hidden) == (9, [])
        # Between two renames the old cell lies in .superseded, whole.
        assert metrics in (["psnr"], ["psnr", "cc"]) or (metrics is None and kept == 3)
    assert sum(metrics is None for _, metrics, _, _ in found) <= 1
    assert sum(metrics == ["psnr", "cc"] for _, metrics, _, _ in found) > 1
