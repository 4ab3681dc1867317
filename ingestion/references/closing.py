"""Closes references: what rows name is landed, has a tombstone, or is noted as not to be had.

Enters: an intake, after its rows are committed and before what led to them is settled, so that a
crash repeats it. Leaves: rows. One way for every kind: by id; gone, a tombstone; refused, a note;
then the copy inside the object that names it. Nothing is decided about money.
"""

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import replace

from ingestion.inbox.events_db import FIRST, Inbox
from ingestion.intake import BATCH, Intake, Watch, refetch
from ingestion.landing import TOMBSTONED
from ingestion.references.embedded import embedded
from ingestion.references.missing_objects import GONE, REFUSED, Notes
from ingestion.references.named import missing, referrers
from ingestion.stripe_api.event_types import Pointer
from ingestion.stripe_api.list_page import PAGE
from ingestion.stripe_api.page_queue import pages
from ingestion.stripe_api.reader import Page, unlisted, utc_now
from ingestion.stripe_api.streams import BY_NAME

ROUNDS = 10  # what was read names others: a line a subscription, that a price, that a product


def close_references(
    inbox: Inbox,
    intake: Intake,
    *,
    everything: bool = False,
    newest: Mapping[str, set[str]] | None = None,
) -> None:
    """Read what rows of this load (`everything`: of any) name and no table holds.

    What was noted before is asked for again when it is due; `newest`: the newest ids of what the
    lists leave out, where they are here. Raises StripeError where Stripe is not
    to be reached.
    """
    closer = _Closing(intake, everything=everything, newest=newest or {})
    closer.ask(closer.notes.due(all_refused=everything))
    for _ in range(ROUNDS):
        if not closer.round():
            break
    closer.notes.write({}, {})
    inbox.keep_missing(intake.stripe_account_id, closer.notes.lines())


class _Answers(Watch):
    """What has come of what was asked for. What is gone is held back: a copy of it goes first."""

    def __init__(self) -> None:
        self.came: set[Pointer] = set()
        self.gone: list[Page] = []
        self.refused: dict[Pointer, str] = {}

    def passed(self, page: Page) -> Page:
        self.came |= {(page.stream, one["id"]) for one in page.objects}
        if page.gone:
            self.gone.append(replace(page, objects=[]))
        return replace(page, gone=())

    def lost(self) -> dict[Pointer, tuple[str, str]]:
        """Problem and detail of each that did not come; what is not listed is not lost."""
        gone = [(page.stream, one) for page in self.gone for one in page.gone]
        return {
            **dict.fromkeys(gone, (GONE, "Stripe no longer knows it")),
            **{one: (REFUSED, said) for one, said in self.refused.items()},
        }


class _Closing:
    def __init__(self, intake: Intake, *, everything: bool, newest: Mapping[str, set[str]]) -> None:
        self._intake = intake
        self._everything = everything
        self.notes = Notes(intake.landing)
        self._newest = dict(newest)
        self._unlisted: dict[str, set[str]] = {}

    def round(self) -> bool:
        """Ask once for what is missing; whether there was something to ask for."""
        if not (self._everything or self._intake.rows.total()):
            return False
        asked, last = len(self._intake.asked), FIRST
        while batch := missing(
            self._intake.landing, everything=self._everything, after=last, most=BATCH
        ):
            self.ask(one for one in self._listed(batch) if one not in self.notes)
            last = batch[-1]
        return len(self._intake.asked) > asked

    def ask(self, pointers: Iterable[Pointer]) -> None:
        wanted = [one for one in pointers if one not in self._intake.asked]
        if not wanted:
            return
        self._intake.asked.update(wanted)
        answers = _Answers()
        self._intake.merge(refetch(wanted, answers.refused), answers)
        self._settle(answers)

    def _settle(self, answers: _Answers) -> None:
        lost = answers.lost()
        named = referrers(self._intake.landing, sorted(lost))
        copies = embedded(self._intake.connection, named) if named else []
        if copies:
            self._intake.merge_pages(copies)
        if answers.gone:
            self._intake.merge_pages(replace(page, read_at=utc_now()) for page in answers.gone)
        kept = {one: why for one, why in lost.items() if why[0] != GONE or one[0] not in TOMBSTONED}
        if kept or answers.came:
            self.notes.write(kept, named, answers.came)

    def _listed(self, batch: list[Pointer]) -> list[Pointer]:
        """Without what the lists leave out (drafts), where there is more of it than lists of the
        others: one request names a hundred. Where more than a page is missing, they are read to
        their end."""
        left = batch
        for name in {stream for stream, _ in batch if BY_NAME[stream].others}:
            all_of_it, others = _count(batch, name), len(BY_NAME[name].others)
            for known, most in ((self._newest, others), (self._unlisted, PAGE)):
                many = self._everything and all_of_it > most and _count(left, name) > others
                if many and name not in known:
                    known[name] = self._read_unlisted(name, whole=known is self._unlisted)
                left = [one for one in left if one[0] != name or one[1] not in known.get(name, ())]
        return left

    def _read_unlisted(self, name: str, *, whole: bool) -> set[str]:
        read = unlisted(BY_NAME[name], whole=whole)
        with closing(pages(self._intake.connection, read)) as found:
            return {one["id"] for page in found for one in page.objects}


def _count(pointers: list[Pointer], name: str) -> int:
    return sum(stream == name for stream, _ in pointers)
