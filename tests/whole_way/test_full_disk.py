"""A disk that is full at each stage, one by one: one line, exit 1, nothing lost.

One change is on its way to the account store, and each sync brings it as far as the stage named.
"""

from functools import partial

import pytest
from command_line import run
from full_disk import disk_at
from pipeline import Pipeline, subscribe
from test_machine_faults import SYNC, said, statuses

pytestmark = pytest.mark.long

NO_ROOM = "no room to write in {folder}, or its disk fails: free space on it"
# From where each is called.
STAGES = {
    "load": "ingestion.accounts:load",
    "merge": "ingestion.merge.merge:merge",
    "build": "orchestration.stages.build:transform",
    "publication": "orchestration.stages.build:_publish",
    "plan": "reverse_sync.sync:diff",
    "sending": "reverse_sync.sync:push",
    "remembering": "reverse_sync.sync:remember",
    "records": "orchestration.stages.delivery:publish_sync",
}
UNREADY = ("*.tmp", "*.tmp.wal")  # what only takes room


def test_a_disk_that_is_full_at_each_stage_is_named_and_loses_nothing(refreshed: Pipeline) -> None:
    subscribe(refreshed, "four")
    with disk_at(refreshed.folder) as disk:
        for place in STAGES.values():
            line = said(refreshed, *SYNC, before=partial(disk.fill_at, place))
            assert NO_ROOM.format(folder=refreshed.folder) in line, place
            assert not [file for name in UNREADY for file in refreshed.folder.glob(name)]
            disk.free()
        refreshed.refresh()
        assert statuses(refreshed, "one", "two", "three", "four") == ["subscribed"] * 4
        assert refreshed.refresh()["sent"] == 0


@pytest.mark.parametrize("megabytes", [3, 30])
def test_a_small_disk_is_named_at_the_first_sync(pipeline: Pipeline, megabytes: int) -> None:
    subscribe(pipeline, "one")
    with disk_at(pipeline.folder) as disk:
        line = said(pipeline, *SYNC, before=partial(disk.shrink, megabytes << 20))
        assert NO_ROOM.format(folder=pipeline.folder) in line
        disk.free()
        pipeline.refresh()
        assert statuses(pipeline, "one") == ["subscribed"]
        assert pipeline.refresh()["sent"] == 0


def test_a_backup_on_a_full_disk_leaves_no_half_archive(refreshed: Pipeline) -> None:
    archive = refreshed.folder / "backup.tar.gz"
    with disk_at(refreshed.folder) as disk:
        line = said(refreshed, "backup", str(archive), before=disk.fill)
        assert "room" in line
        assert str(refreshed.folder) in line
        assert not list(refreshed.folder.glob("backup*"))
        disk.free()
        assert run("backup", str(archive), DATA_DIR=str(refreshed.folder)).returncode == 0


@pytest.mark.parametrize(
    "place",
    ["reverse_sync.repair.operations:undo_into_outbox", "reverse_sync.deliver.chunks:push"],
    ids=["plan", "sending"],
)
def test_undo_on_a_full_disk_puts_back_when_it_is_asked_again(
    refreshed: Pipeline, place: str
) -> None:
    with disk_at(refreshed.folder) as disk:
        line = said(refreshed, "undo", "1", before=partial(disk.fill_at, place))
        assert NO_ROOM.format(folder=refreshed.folder) in line
        assert statuses(refreshed, "one", "two", "three") == ["subscribed"] * 3
        disk.free()
        settings = {"DATA_DIR": str(refreshed.folder), "STRIPE_API_BASE": refreshed.stripe.url}
        assert "3 updated" in run("undo", "1", cwd=refreshed.stripe.folder, **settings).stdout
        assert statuses(refreshed, "one", "two", "three") == [None] * 3
