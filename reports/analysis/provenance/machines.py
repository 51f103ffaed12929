"""The machines that cells were computed on, and the one whose seconds a table compares."""

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from benchmark.errors import counted
from benchmark.store.cells import Cell
from reports.analysis.facts import as_text, get_nested

SCORED_IN_FLOAT32 = 3  # the first version of the engine that scores in float32 in any case
UNKNOWN = "a machine that is not recorded"


@dataclass(frozen=True)
class Machine:
    """All that a cell records of its machine and that changes its numbers or its seconds.

    Attributes:
        device: the GPU's name, or "CPU".
        processor: its model.
        threads: their number.
        precision: of the convolutions in training.
        memory: of the GPU in GiB, as GPUs of one name are sold with different amounts.
        torch: its version.
    """

    device: str
    processor: str
    threads: str
    precision: str
    memory: str = ""
    torch: str = ""


def machine_of(cell: Cell) -> Machine:
    """Return the machine of a cell; two cells are of the same machine if theirs are equal."""

    def known(name: str) -> str:
        return as_text(get_nested(cell.facts, "environment", name))

    memory = get_nested(cell.facts, "environment", "gpu_memory_bytes")
    is_number = isinstance(memory, int) and 0 < memory < 2**60
    return Machine(
        # What follows the name, such as ", 2 threads, bfloat16", is in the others.
        device=known("device").partition(",")[0],
        processor=known("processor"),
        threads=known("threads"),
        precision=known("precision"),
        memory=f"{memory / 2**30:.0f} GiB" if is_number else "",
        torch=known("torch"),
    )


@dataclass(frozen=True)
class Machines:
    """The machines of some cells.

    Attributes:
        names: how each is called, in the order of the cells.
        cells: number of cells of each: of the finished ones, or of all if none is finished.
        main: the machine of most cells, the first one of a tie; the others' cells are marked.
    """

    names: Mapping[Machine, str]
    cells: Mapping[Machine, int]
    main: Machine

    @property
    def mixed(self) -> bool:
        """Return whether numbers of different machines stand beside each other."""
        return len(self.cells) > 1

    def is_main(self, cell: Cell) -> bool:
        """Return whether a cell was computed on the main machine."""
        return machine_of(cell) == self.main

    def note(self, cell: Cell) -> str:
        """Return the note on a finished cell of another machine than the main one, or ""."""
        if cell.status != "done" or self.is_main(cell):
            return ""
        others = "the others" if len(self.cells) == 2 else "most others"
        return (
            f"computed on {self.names[machine_of(cell)]}, {others} on {self.names[self.main]}; "
            "its scores may differ for that reason, and its seconds are not comparable"
        )

    def line(self) -> str:
        """Return the line of a table's head."""
        known = [name for name in self.names.values() if name != UNKNOWN]
        if not self.mixed:
            return "; ".join(known) or "not recorded"
        parts = []
        for machine, count in self.cells.items():
            marked = "" if machine == self.main else ", marked"
            parts.append(f"{self.names[machine]} ({counted(count, 'cell')}{marked})")
        return f"NOT one machine: {'; '.join(parts)}; seconds of marked cells are not compared"

    @property
    def main_name(self) -> str:
        """Return the name of the main machine."""
        return self.names[self.main]


def machines_of(cells: Sequence[Cell]) -> Machines:
    """Find the machines of the cells of a table, or of a figure; not empty."""
    finished = [cell for cell in cells if cell.status == "done"]
    counts = Counter(map(machine_of, finished or cells))
    firsts: dict[Machine, Cell] = {}
    for cell in cells:
        firsts.setdefault(machine_of(cell), cell)
    names = {machine: name_of(cell) for machine, cell in firsts.items()}
    alike: dict[str, list[Machine]] = {}
    for machine, name in names.items():
        alike.setdefault(name, []).append(machine)
    return Machines(
        names={
            machine: _full_name(name, machine, alike[name]) if len(alike[name]) > 1 else name
            for machine, name in names.items()
        },
        cells=counts,
        main=max(counts, key=counts.__getitem__),
    )


def elsewhere(cells: Sequence[Cell], methods: Container[str]) -> dict[str, str]:
    """Return the methods whose seconds a figure must not show beside the others'.

    Args:
        cells: one per method.
        methods: labels of the methods in the figure.

    Returns:
        The label of each method of another machine than the main one of these, and that machine.
    """
    shown = [cell for cell in cells if cell.address.method in methods]
    if not shown:
        return {}
    machines = machines_of(shown)
    return {
        cell.address.method: machines.names[machine_of(cell)]
        for cell in shown
        if not machines.is_main(cell)
    }


def name_of(cell: Cell) -> str:
    """Name what a cell was computed on: the device, its precision, and of a CPU the processor."""
    machine = machine_of(cell)
    name = as_text(get_nested(cell.facts, "environment", "device"))
    if not name:
        return UNKNOWN
    engine = get_nested(cell.facts, "configuration", "engine")
    if isinstance(engine, int) and engine >= SCORED_IN_FLOAT32 and machine.precision:
        name = name.removesuffix(f", {machine.precision}")
        name += (
            ", float32"
            if machine.precision == "float32"
            else f", trained in {machine.precision}, scored in float32"
        )
    is_cpu = machine.device.startswith("CPU")
    return f"{name} ({machine.processor})" if machine.processor and is_cpu else name


def _full_name(name: str, machine: Machine, alike: Sequence[Machine]) -> str:
    """Add what tells a machine apart from those whose devices are called alike."""
    texts = {
        "processor": machine.processor,
        "threads": f"{machine.threads} thread{'s' * (machine.threads != '1')}",
        "precision": machine.precision,
        "memory": machine.memory,
        "torch": f"torch {machine.torch}",
    }
    more = [
        text
        for field, text in texts.items()
        if getattr(machine, field) and len({getattr(one, field) for one in alike}) > 1
    ]
    return f"{name} [{', '.join(more) or 'nothing more recorded'}]"
