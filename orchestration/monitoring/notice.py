"""What is told to people: one notice, the same for every channel.

Leaves: `Notice`. Names of customers are in none: they are personal data.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Notice:
    """What is told: `state` is failed, degraded, recovered, moved, alert or digest; `text` is one
    line, and `lines` say more where there is more to say."""

    key: str
    state: str
    text: str
    remedy: str
    at: str
    lines: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """As a chat shows it."""
        return "\n".join([f"stripe-traits {self.state}: {self.text}", *self.lines])
