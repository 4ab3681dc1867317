"""From exceptions to the lines and exit codes that a user sees.

Enters: whatever a command raised. Leaves: one line a cause on standard error and an exit code. A
failure that nobody foresaw keeps its traceback: it is a bug, and the trace is what is reported.
"""

import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer

from orchestration.terminal.logs import is_json, log
from orchestration.terminal.machine_faults import machine_fault
from orchestration.terminal.printable import printable
from orchestration.terminal.stopping import STOPPED, stopped_code

FAILED, WRONG_USAGE, BLOCKED = 1, 2, 3
# By name: an error comes from a module that is loaded already, and loading the others, only to
# compare, would take seconds.
CODES = {
    "ingestion.engines.unreachable.LakeUnreachable": FAILED,
    "ingestion.deletion_limit.DeletionLimitReached": BLOCKED,
    "ingestion.stripe_api.refusals.StripeError": FAILED,
    "ingestion.inbox.schema.InboxNotReady": FAILED,
    "ingestion.merge.load_failed.LoadFailed": FAILED,
    "ingestion.webhooks.server.NoAddress": WRONG_USAGE,
    "orchestration.terminal.failures.Unknown": FAILED,
    "orchestration.terminal.failures.WrongUsage": WRONG_USAGE,
    "orchestration.dagster_local.demo_world.NoSandbox": FAILED,
    "orchestration.alert_rules.rules_file.WrongRules": WRONG_USAGE,
    "orchestration.file_lock.LockHeld": FAILED,
    "orchestration.configuration.data_format.NewerData": FAILED,
    "orchestration.build.manifest.DbtFailed": FAILED,
    "orchestration.build.manifest.ManifestOutdated": FAILED,
    "orchestration.configuration.traits_folder.OwnTraitsFailed": FAILED,
    "orchestration.configuration.environment.WrongSettings": WRONG_USAGE,
    "orchestration.build.transform.TransformFailed": FAILED,
    "orchestration.stages.compare_builds.NotComparable": FAILED,
    "orchestration.stages.delivery.MartsRefused": BLOCKED,
    "orchestration.stages.stores_failed.StoresBlocked": BLOCKED,
    "orchestration.refresh.shown_run.NotRecorded": FAILED,
    "report.filters.tree.WrongFilter": WRONG_USAGE,
    "report.segments.definition.WrongSegment": WRONG_USAGE,
    "report.published.NothingPublished": FAILED,
    "report.serving.server.NoAddress": WRONG_USAGE,
    "reverse_sync.stores.account_store.AccountStoreError": FAILED,
    "reverse_sync.stores.account_store.InvalidAccountStoreUrl": WRONG_USAGE,
    "reverse_sync.guards.Blocked": BLOCKED,
    "reverse_sync.plan.planning.PlanMoved": BLOCKED,
    "reverse_sync.values.tracking.WrongSetting": WRONG_USAGE,
    "sandbox.options.WrongOption": WRONG_USAGE,
    "sandbox.server.NoAddress": WRONG_USAGE,
    "sandbox.server.OtherPopulation": WRONG_USAGE,
    "sandbox.storage.store.WrongFile": WRONG_USAGE,
}


class Unknown(Exception):
    """What was asked for does not exist; the text says what does."""


class WrongUsage(Exception):
    """A word that means nothing here; the text says which do."""


def exit_code(error: BaseException) -> int | None:
    """The exit code of a foreseen failure; None for a bug."""
    names = (f"{one.__module__}.{one.__qualname__}" for one in type(error).__mro__)
    return next((CODES[name] for name in names if name in CODES), None)


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was raised from: Dagster and dlt wrap what a stage raises."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def foreseen(error: BaseException) -> tuple[str, int] | None:
    """The lines and the exit code of a failure that a user can mend; None for a bug."""
    for cause in causes(error):
        if fault := machine_fault(cause):
            return fault, FAILED
        code = exit_code(cause)
        if code is not None:
            return str(cause), code
    return None


@contextmanager
def explained() -> Iterator[None]:
    """Turn foreseen failures of the block into lines and an exit code."""
    try:
        yield
    except KeyboardInterrupt:
        _stop(stopped_code() or STOPPED[signal.SIGINT])
    except (typer.Exit, typer.Abort, typer.BadParameter):
        raise  # these say themselves what is wrong, and how the command ends
    except Exception as error:
        if code := stopped_code():
            _stop(code)
        found = foreseen(error)
        if found is not None:
            _say(found[0])
            raise typer.Exit(found[1]) from None
        if is_json():
            raise
        sys.stderr.write(printable(traceback.format_exc()))
        raise typer.Exit(FAILED) from None


def _stop(code: int) -> NoReturn:
    _say("stopped; nothing is lost: the next run goes on from here")
    raise typer.Exit(code) from None


def _say(text: str) -> None:
    for line in text.splitlines():
        if is_json():
            log.error(line)
            continue
        sys.stderr.write(f"stripe-traits: {printable(line)}\n")
