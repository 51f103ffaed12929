"""Findings of the doctor, and how they are printed."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from benchmark.errors import counted, plain

Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        name: of the check.
        level: "error" stops a run or makes its numbers wrong, "warning" may; "ok" informs.
        text: the result.
        remedy: what to do about it; empty for nothing.
    """

    name: str
    level: Level
    text: str
    remedy: str = ""

    def lines(self) -> list[str]:
        """Format it for a terminal: the result, and the remedy below."""
        found = [f"  {self.level:<7}  {self.name}: {plain(self.text)}"]
        return found + ([f"{'':11}-> {plain(self.remedy)}"] if self.remedy else [])


@dataclass(frozen=True)
class Examination:
    """The results of all checks.

    Attributes:
        environment: as stored in cells; empty where the engine cannot be imported.
        findings: in the order in which they are printed.
    """

    environment: dict[str, Any]
    findings: tuple[Finding, ...]

    @property
    def failed(self) -> bool:
        """True if any finding is an error."""
        return self._count("error") > 0

    def lines(self) -> list[str]:
        """Format it for a terminal."""
        facts = {name: "none" if one is None else one for name, one in self.environment.items()}
        errors, warnings = self._count("error"), self._count("warning")
        return [
            "Environment",
            *(f"  {name:<16}  {plain(fact)}" for name, fact in facts.items()),
            "Findings",
            *(line for finding in self.findings for line in finding.lines()),
            f"{counted(errors, 'error')}, {counted(warnings, 'warning')}",
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return it for `--json`."""
        return {
            "environment": self.environment,
            "findings": [asdict(finding) for finding in self.findings],
            "errors": self._count("error"),
            "warnings": self._count("warning"),
        }

    def _count(self, level: str) -> int:
        return sum(finding.level == level for finding in self.findings)
