"""A real SLURM with two nodes on this machine, bound to the loopback address alone."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue")
NODES = ("n1", "n2")
# No wait is longer, in seconds.
LIMIT = 300.0

_CONFIGURATION = """
SlurmctldHost={host}(127.0.0.1)
ClusterName=tests
SlurmctldPort={ports[0]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={d}/munge/s
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={d}/state
SlurmdSpoolDir={d}/spool/%n
SlurmctldPidFile={d}/ctld.pid
SlurmdPidFile={d}/%n.pid
SlurmctldLogFile={d}/log/ctld.log
SlurmdLogFile={d}/log/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=1,sched_interval=2,bf_interval=2
ReturnToService=2
JobRequeue=1
KillWait=5
SlurmdTimeout=6
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
GresTypes=gpu
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=2 RealMemory=4000 Gres=gpu:2
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=2 RealMemory=4000 Gres=gpu:2
PartitionName=gpu Nodes=n1,n2 Default=YES MaxTime=60 PriorityTier=1 GraceTime=4
PartitionName=urgent Nodes=n1,n2 MaxTime=60 PriorityTier=10 PreemptMode=OFF
"""
# Devices that are there on every Linux stand for GPUs.
_GPUS = "AutoDetect=off\nNodeName=n1,n2 Name=gpu File=/dev/tty[0-1]\n"


def missing() -> str:
    """Return why SLURM cannot be run here; "" if it can."""
    absent = [name for name in PROGRAMS if shutil.which(name) is None]
    if absent:
        return f"{', '.join(absent)}: not installed (apt-get install slurm-wlm munge)"
    return "" if os.geteuid() == 0 else "SLURM's daemons need root"


class Slurm:
    """A cluster in a folder of its own.

    Args:
        folder: for configuration, state and logs.

    Attributes:
        environment: what a process needs in its environment to use the cluster.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {"SLURM_CONF": str(folder / "slurm.conf")}
        self._whole = {**os.environ, **self.environment}

    def start(self) -> None:
        """Start the daemons, and wait until both nodes are idle."""
        for name in ("munge", "state", "log", *(f"spool/{node}" for node in NODES)):
            (self.folder / name).mkdir(parents=True)
        host, ports = socket.gethostname(), _free_ports(3)
        text = _CONFIGURATION.format(host=host, ports=ports, d=self.folder)
        (self.folder / "slurm.conf").write_text(text)
        (self.folder / "gres.conf").write_text(_GPUS)
        key = self.folder / "munge" / "key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o600)
        munge = self.folder / "munge"
        self._run(
            "munged", "--force", f"--socket={munge}/s", f"--key-file={key}",
            f"--pid-file={munge}/pid", f"--log-file={munge}/log", f"--seed-file={munge}/seed",
        )  # fmt: skip
        self._run("slurmctld")
        for node in NODES:
            self.start_node(node)
        self.wait_for(lambda: self.asked("sinfo", "-h", "-o", "%T").strip() == "idle")

    def start_node(self, node: str) -> None:
        """Start a node."""
        self._run("slurmd", "-N", node)

    def kill_node(self, node: str) -> None:
        """End everything that runs on a node at once, as if its power had gone."""
        daemon = int((self.folder / f"{node}.pid").read_text())
        with suppress(ProcessLookupError):
            os.kill(daemon, signal.SIGSTOP)  # it must not tell anybody
        jobs = self.asked("squeue", "-h", "-r", "-w", node, "-o", "%A").split()
        tasks = _with(f"SLURMD_NODENAME={node}", f"SLURM_CONF={self.environment['SLURM_CONF']}")
        for pid in [*_watching(jobs), daemon, *tasks]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def kill_tasks(self) -> None:
        """End what runs in jobs at once, as a node's clean-up does; the daemons live on."""
        for pid in _with(f"SLURM_CONF={self.environment['SLURM_CONF']}", "SLURM_PROCID=0"):
            with suppress(OSError):
                if b"submitit" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        """End all jobs and daemons."""
        with suppress(subprocess.SubprocessError):
            self.asked("scancel", "--user=root", "--signal=KILL", "--full")
            self.asked("scancel", "--user=root")
        for node in NODES:
            with suppress(OSError, ValueError):
                self.kill_node(node)
        for file in (self.folder / "ctld.pid", self.folder / "munge" / "pid"):
            with suppress(OSError, ValueError):
                os.kill(int(file.read_text()), signal.SIGTERM)

    def asked(self, *words: str) -> str:
        """Run one of SLURM's commands and return what it prints."""
        done = subprocess.run(
            words, env=self._whole, capture_output=True, encoding="utf-8", timeout=60, check=True
        )
        return done.stdout

    def wait_for(self, condition: Callable[[], object], limit: float = LIMIT) -> None:
        """Wait until a condition holds."""
        until = time.monotonic() + limit
        while not condition():
            if time.monotonic() > until:
                raise TimeoutError(self.asked("squeue") + self.asked("sinfo"))
            time.sleep(0.2)

    def _run(self, *words: str) -> None:
        done = subprocess.run(
            words, env=self._whole, capture_output=True, encoding="utf-8", timeout=60, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)}: {done.stdout}{done.stderr}")


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _processes() -> Iterator[Path]:
    return (folder for folder in Path("/proc").iterdir() if folder.name.isdigit())


def _watching(jobs: Sequence[str]) -> list[int]:
    """Find the processes of SLURM that watch the steps of jobs; they have these titles."""
    titles = tuple(f"slurmstepd: [{job}.".encode() for job in jobs)
    found = []
    for folder in _processes():
        with suppress(OSError):
            if titles and (folder / "cmdline").read_bytes().startswith(titles):
                found.append(int(folder.name))
    return found


def _with(*marks: str) -> list[int]:
    """Find the processes that have these variables in their environment."""
    wanted = {mark.encode() for mark in marks}
    found = []
    for folder in _processes():
        with suppress(OSError):
            if wanted <= set((folder / "environ").read_bytes().split(b"\0")):
                found.append(int(folder.name))
    return found
