"""Whether the account store was brought to the published marts: read, without a diff.

Enters: the published copy, which says of which build it is and which one the account store was
brought to. Leaves: why a delivery is due, or None. What the copy does not say is not known, and
then a delivery is due: it sends what differs, and nothing where nothing does.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from orchestration.configuration.settings import Settings
from orchestration.publication.marts import publication, reading
from orchestration.publication.sync_records import (
    acknowledged_version,
    delivered,
    delivered_tracking,
    lifecycle_ends_at,
)
from reverse_sync.stores.url import opened

# Of account_traits, which is what is delivered; an older version's copy names one build alone.
BUILD = """
select
    coalesce(said ->> 'account_traits_build', said ->> 'id'),
    case when ahead_as_of > (said ->> 'as_of')::timestamp then ahead_as_of end
from (
    select said, (said ->> 'account_traits_as_of')::timestamp as ahead_as_of
    from (select to_json(build) as said from publication.build as build)
)
"""
AHEAD = timedelta(minutes=1)  # longer than whoever let it go ahead leaves the other marts behind


@dataclass(frozen=True)
class Delivery:
    """`build` is the id of the published one; `delivered` that of the last one that a whole run
    brought to this account store; None: not known. `waits_until`: when the first account that was
    not taken may be tried again (aware UTC); None: none waits. `waits_since`: when that was noted;
    None: not known. `ends_at`: when time alone ends an account's lifecycle; None: it ends none.
    `ahead_as_of`: account_traits went ahead of the other marts, by a process that delivers it;
    None: it did not."""

    build: str | None
    delivered: str | None = None
    waits_until: datetime | None = None
    waits_since: datetime | None = None
    ends_at: datetime | None = None
    ahead_as_of: datetime | None = None

    @property
    def due(self) -> str | None:
        """Why the account store must be looked at again, if so."""
        if self.build is None or self.delivered is None:
            return "it is not known whether the account store holds the published marts"
        if self.delivered != self.build:
            return "the marts are newer than the account store"
        until = self.waits_until
        return f"accounts wait for another attempt until {until:%Y-%m-%d %H:%M}" if until else None

    @property
    def retry_at(self) -> datetime | None:
        """When accounts that wait are due; None: none waits, or more than they is due."""
        return self.waits_until if self.delivered == self.build else None

    @property
    def again_at(self) -> datetime | None:
        """When there is something to bring although the store holds the published marts."""
        moments = (self.retry_at, self.ends_at if self.delivered == self.build else None)
        return min(filter(None, moments), default=None)

    def is_on_its_way(self, at: datetime) -> bool:
        """Whether the process that let account_traits go ahead may still be at it: what it has
        delivered is published with all marts."""
        return self.ahead_as_of is not None and abs(at - self.ahead_as_of) < AHEAD

    def is_due(self, at: datetime, as_of: datetime | None = None) -> bool:
        """Not where all that is left waits for a later moment. A moment before the wait began says
        that the clock was set back: then nobody knows how long is left, and it is due. `as_of`:
        the moment that lifecycles are judged at, where that is another one."""
        if self.ends_at and self.ends_at <= (as_of or at):
            return True
        if not self.due or self.retry_at is None:
            return bool(self.due)
        went_back = self.waits_since is not None and at < self.waits_since
        return went_back or self.retry_at <= at


def last_delivery(settings: Settings) -> Delivery | None:
    """None: nothing was published yet, so there is nothing to deliver."""
    if not settings.marts.exists():
        return None
    with reading(settings.marts):  # opened once for all that is asked of it
        build, ahead_as_of = publication(settings.marts, BUILD) or (None, None)
        last, *moments = delivered(settings) or (None, None, None)
        moments += lifecycle_ends_at(settings), ahead_as_of
    build = settings.store_rules.brought_to(build)
    return Delivery(build, last, *(one and one.replace(tzinfo=UTC) for one in moments))


def delivery_due(settings: Settings) -> str | None:
    """Why a delivery is due; None: it is not, or nothing was published yet."""
    last = last_delivery(settings)
    return last.due if last else None


def is_due(settings: Settings, *, at: datetime, as_of: datetime | None = None) -> bool:
    """Whether a delivery can bring the account store anything at that moment."""
    last = last_delivery(settings)
    return last is not None and last.is_due(at, as_of)


def is_due_or_lost(settings: Settings, *, at: datetime, as_of: datetime | None = None) -> bool:
    """The same, or the store itself says so: it tracks other traits than those that its accounts
    were brought by, or it lost what it held, was emptied, restored or replaced; a delivery blocks
    then with the remedy. Asks the store; raises AccountStoreError where it is away."""
    return is_due(settings, at=at, as_of=as_of) or _store_differs(settings)


def _store_differs(settings: Settings) -> bool:
    with opened(settings.target) as store:
        if acknowledged_version(settings) > store.highest_version():
            return True
        return settings.marts.exists() and (
            store.read_tracking().digest != delivered_tracking(settings)
        )
