"""What became of one dbt node in a build, in dbt's words."""

from dataclasses import dataclass

FAILED = ("error", "fail", "runtime error")


@dataclass(frozen=True)
class NodeResult:
    """What was done with one node; `failures` counts the rows that a test found."""

    unique_id: str
    status: str
    seconds: float
    failures: int
    message: str

    @property
    def failed(self) -> bool:
        return self.status in FAILED
