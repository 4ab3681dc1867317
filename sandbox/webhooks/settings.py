"""How deliveries are made: the one thing in the sandbox that runs by the machine's clock, since
a receiver checks the age of a signature by its own.

Enters: seconds. Leaves: when a failed delivery is tried again.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Deliveries:
    """Real seconds, all of them. As it stands, deliveries go out at once, and are tried again
    after 5, 10, 20 ... seconds for three days, as Stripe does it in live mode."""

    automatic: bool = True  # else only when `POST /sandbox/deliver` says so
    first_retry: float = 5.0
    factor: float = 2.0
    give_up: float = 3 * 86_400.0  # after the first attempt
    timeout: float = 10.0  # until an answer has begun
    poll: float = 0.02  # how often new events are looked for

    def __post_init__(self) -> None:
        for name in ("first_retry", "factor", "give_up", "timeout", "poll"):
            if getattr(self, name) <= 0:
                raise ValueError(f"deliveries.{name} is {getattr(self, name)}: give a positive one")

    def wait(self, attempts: int) -> float:
        """Seconds from a failed attempt (the first is 1) to the next."""
        return float(self.first_retry * self.factor ** (attempts - 1))

    def over(self, attempts: int) -> bool:
        """Whether the next attempt would come too late."""
        return sum(self.wait(number) for number in range(1, attempts + 1)) > self.give_up
