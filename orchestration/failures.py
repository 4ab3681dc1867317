"""From exceptions to the lines and exit codes that a user sees.

Enters: whatever a command raised. Leaves: one line a cause on standard error and an exit code. A
failure that nobody foresaw keeps its traceback: it is a bug, and the trace is what is reported.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from orchestration.lock import LockHeld
from orchestration.logs import is_json, log
from orchestration.settings import WrongSettings

FAILED, WRONG_USAGE, BLOCKED = 1, 2, 3
INTERRUPTED = 130


class Unknown(Exception):
    """What was asked for does not exist; the text says what does."""


def exit_code(error: BaseException) -> int | None:
    """The exit code of a foreseen failure; None for a bug."""
    from ingestion.brake import Braked
    from ingestion.client import StripeError
    from ingestion.inbox_schema import InboxNotReady
    from ingestion.rows import MissingValue
    from ingestion.warehouse import LoadFailed
    from ingestion.webhooks.server import NoAddress
    from orchestration.manifest import DbtFailed, ManifestOutdated
    from orchestration.transform import TransformFailed
    from reverse_sync.account_store import AccountStoreError, InvalidAccountStoreUrl
    from reverse_sync.guards import Blocked
    from reverse_sync.planning import PlanMoved
    from sandbox.options import WrongOption
    from sandbox.server import OtherPopulation
    from sandbox.store import WrongFile

    if isinstance(error, (Blocked, PlanMoved)):
        return BLOCKED
    misused = (
        WrongSettings,
        InvalidAccountStoreUrl,
        OtherPopulation,
        WrongFile,
        WrongOption,
        NoAddress,
    )
    if isinstance(error, misused):
        return WRONG_USAGE
    if isinstance(error, Braked):
        return BLOCKED
    foreseen = (
        StripeError,
        MissingValue,
        LoadFailed,
        InboxNotReady,
        LockHeld,
        Unknown,
        TransformFailed,
        DbtFailed,
        ManifestOutdated,
        AccountStoreError,
    )
    return FAILED if isinstance(error, foreseen) else None


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was raised from: Dagster and dlt wrap what a stage raises."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


@contextmanager
def explained() -> Iterator[None]:
    """Turn foreseen failures of the block into lines and an exit code."""
    try:
        yield
    except KeyboardInterrupt:
        _say("stopped; nothing is lost: the next run goes on from here")
        raise typer.Exit(INTERRUPTED) from None
    except Exception as error:
        for cause in causes(error):
            code = exit_code(cause)
            if code is not None:
                _say(str(cause))
                raise typer.Exit(code) from None
        raise


def _say(text: str) -> None:
    for line in text.splitlines():
        if is_json():
            log.error(line)
            continue
        sys.stderr.write(f"stripe-traits: {line}\n")
