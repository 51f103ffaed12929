"""A real Ray cluster on this machine: a head without cores, and two nodes with two GPUs each.

The GPUs are fake: Ray gives them out, and nothing uses them. Run as a program, it starts the
cluster, prints its address, and obeys the words on its standard input.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
NODES = 2
# Ray would take this machine's outer address for the loopback one.
LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_USAGE_STATS_ENABLED": "0"}


def missing() -> str:
    """Return why Ray cannot be run here; "" if it can."""
    found = importlib.util.find_spec("ray") is not None
    return "" if found else "the package ray is not installed (pip install ray)"


class RayCluster:
    """The cluster, in a process of its own."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            env={**os.environ, **LOOPBACK},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
        )
        self.address = self._answer()
        if not self.address:
            raise RuntimeError("Ray did not start")

    def kill_node(self, identifier: str) -> None:
        """End a node at once; it is named by the first characters of its identifier."""
        assert self._ask(f"kill {identifier}") == "killed"

    def add_node(self) -> None:
        """Start another node."""
        assert self._ask("add") == "added"

    def stop(self) -> None:
        """End all processes of the cluster."""
        self._process.communicate(timeout=60)

    def _ask(self, words: str) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{words}\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def main() -> None:
    """Run the cluster until standard input is closed."""
    import ray
    from ray.cluster_utils import Cluster

    shared = {
        "node_ip_address": "127.0.0.1",
        "object_store_memory": 80 * 2**20,
        "include_dashboard": False,
    }
    quick = {
        "health_check_initial_delay_ms": 0,
        "health_check_period_ms": 1000,
        "health_check_failure_threshold": 5,
    }
    head = {**shared, "num_cpus": 0, "num_gpus": 0, "_system_config": quick}
    cluster = Cluster(initialize_head=True, connect=False, head_node_args=head)
    nodes = [cluster.add_node(num_cpus=2, num_gpus=2, **shared) for _ in range(NODES)]
    print(cluster.address, flush=True)  # noqa: T201 - to the process that started this
    for line in sys.stdin:
        word, _, identifier = line.strip().partition(" ")
        if word == "kill":
            (node,) = [one for one in nodes if one.node_id.startswith(identifier)]
            cluster.remove_node(node, allow_graceful=False)
            nodes.remove(node)
            print("killed", flush=True)  # noqa: T201
        else:
            nodes.append(cluster.add_node(num_cpus=2, num_gpus=2, **shared))
            print("added", flush=True)  # noqa: T201
    cluster.shutdown()
    ray.shutdown()


if __name__ == "__main__":
    # `python tests/clusters/mini_ray.py` puts this folder first, where nothing is to be imported.
    sys.path[0] = str(CHECKOUT)
    main()
