"""The pages of segments: what was judged, what waits, and the one form that writes."""

import html
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from local_stripe import NOW
from made_once import made_once
from pipeline import AS_OF, Pipeline
from refreshed import copied
from report_world import Report, reported

from report.filters.tree import Condition, Group, written
from report.page import Site
from report.segments.definition import Segment
from report.segments.segments_file import read, write

PAYING = Condition("all_mrr_normalized", "over", "40")
RICH = [{"field": "all_mrr_normalized", "operator": "over", "value": "100"}]
WHERE = json.dumps(RICH)
RISK = Group(
    "any", (Condition("at_risk", "has", "past_due"), Condition("metadata.tier", "is", "a"))
)


JUDGED = [
    Segment("paying", "Over 40 a month", PAYING),
    Segment("tree", "", Group("all", (PAYING, RISK))),
]


@pytest.fixture(scope="session")
def judged(first_refresh: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two segments that were judged, of three accounts of which one has gone."""

    def judge(folder: Path) -> None:
        with (
            pytest.MonkeyPatch.context() as environment,
            copied(first_refresh, folder, environment) as business,
        ):
            saved(business, JUDGED).refresh()
            business.stripe.store.delete("customer", "cus_one", now=NOW)
            business.refresh(as_of=AS_OF)

    return made_once(tmp_path_factory, "judged", judge)


@pytest.fixture
def business(judged: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Pipeline]:
    """A copy of it, and a segment that waits for its first refresh."""
    with copied(judged, tmp_path, monkeypatch) as found:
        yield saved(found, [*JUDGED, Segment("later", "To come", PAYING)])


def saved(business: Pipeline, segments: list[Segment]) -> Pipeline:
    business.set(SEGMENTS_FILE=str(business.folder.parent / "segments.yml"))
    write(business.settings.segments_file, segments)
    return business


@pytest.fixture
def report(business: Pipeline) -> Iterator[Report]:
    site = Site(segments_file=business.settings.segments_file)
    with reported(business.settings.marts, site=site) as found:
        yield found


def token(report: Report) -> str:
    found = re.search(r'name="token" value="([^"]+)"', report.page(f"/accounts?{where()}"))
    assert found
    return found[1]


def where() -> str:
    return urlencode({"where": WHERE})


def where_of(tree: Group) -> str:
    return urlencode({"where": written(tree)})


def linked(text: str, name: str) -> str:
    found = re.search(rf'href="([^"]+)"[^>]*>{name}<', text)
    assert found, name
    return html.unescape(found[1])


def hidden(text: str, action: str) -> dict[str, str]:
    """What the page's form of this action brings back, as a browser sends it."""
    forms = re.findall(r"<form.*?</form>", text, re.DOTALL)
    [form] = [one for one in forms if f'name="action" value="{action}"' in one]
    fields = re.findall(r'name="([^"]+)" value="([^"]*)"', form)
    return {name: html.unescape(value) for name, value in fields}


def posted(report: Report, **given: str) -> httpx.Response:
    return report.client.post("/segments", data={"where": WHERE, **given})


def test_the_page_says_what_sql_says(report: Report) -> None:
    rows = report.json("/segments")
    assert [(row["segment"], row["members"]) for row in rows] == report.sql(
        "select segment, members from segments order by segment"
    )
    assert [row["mrr"] for row in report.json("/segments?table=mrr")] == ["100.000"]
    text = report.page("/segments")
    assert "Over 40 a month" in text
    assert 'href="/segment?name=later"' in text


def test_a_segment_shows_its_conditions_its_accounts_and_who_left(report: Report) -> None:
    text = report.page("/segment?name=tree")
    assert "all of these hold:" in text
    assert "one of these holds:" in text
    assert "tier is a" in text
    shown = report.json(linked(text, "Open as a filter"))
    assert shown == report.json("/accounts?" + where_of(Group("all", (PAYING, RISK))))
    moved = report.json("/segment?name=paying&table=moved")
    assert [(one["move"], one["account_id"]) for one in moved if one["move"] == "left"] == [
        ("left", "cus_one")
    ]


def test_a_name_that_is_none_leads_back(report: Report) -> None:
    assert "No such segment" in report.page("/segment?name=none%3Cscript%3E")
    assert "<script>" not in report.page("/segment?name=%3Cscript%3E").replace("<script src", "")


def test_a_filter_becomes_a_segment(report: Report, business: Pipeline) -> None:
    saved = posted(report, token=token(report), name="rich", description="= over 100")
    assert (saved.status_code, saved.headers["location"]) == (303, "/segment?name=rich")
    [made] = [one for one in read(business.settings.segments_file) if one.name == "rich"]
    assert made == Segment("rich", "= over 100", Group("all", (Condition(**RICH[0]),)))
    business.refresh()
    assert "rich" in {row["segment"] for row in report.json("/segments")}


@pytest.mark.parametrize(
    ("given", "status", "told"),
    [
        ({"name": "a", "token": "guessed"}, 403, "open the page again"),
        ({"name": "a"}, 403, "open the page again"),
        ({"name": "Not a name"}, 400, "small letters"),
        ({"name": "paying"}, 400, "already"),
        ({"name": "a", "where": ""}, 400, "add a filter first"),
        ({"name": "a", "where": '[{"field": "b", "operator": "is"}]'}, 400, "no field"),
        ({"name": "a", "description": "x" * 70_000}, 403, "at most 64 KiB"),
    ],
)
def test_what_cannot_be_saved_is_told_and_nothing_is_written(
    report: Report, business: Pipeline, given: dict[str, str], status: int, told: str
) -> None:
    before = business.settings.segments_file.read_bytes()
    answer = posted(report, **({"token": token(report)} | given if status == 400 else given))
    assert (answer.status_code, told in answer.text) == (status, True), answer.text
    assert business.settings.segments_file.read_bytes() == before


def test_before_a_segment_is_saved_the_page_says_how_to_begin(refreshed: Pipeline) -> None:
    with reported(refreshed.settings.marts) as report:
        assert "No segment is saved" in report.page("/segments")
        assert report.client.get("/segments?format=csv").status_code == 404


def test_a_file_that_cannot_be_written_is_told(refreshed: Pipeline) -> None:
    site = Site(segments_file=refreshed.folder / "none" / "segments.yml")
    with reported(refreshed.settings.marts, site=site) as report:
        answer = posted(report, token=token(report), name="rich")
        assert (answer.status_code, "cannot be written" in answer.text) == (503, True)


def sent(report: Report, form: dict[str, str], **given: str) -> httpx.Response:
    return report.client.post("/segments", data={**form, **given})


def test_a_segment_is_changed_by_its_page(report: Report, business: Pipeline) -> None:
    file = business.settings.segments_file
    edit = linked(report.page("/segment?name=tree"), "Change")
    added = report.client.get(f"{edit}&{urlencode({**RICH[0], 'into': '1'})}").headers["location"]
    form = hidden(report.page(added), "change")
    assert form["description"] == ""
    saved = sent(report, form, description="deeper")
    assert (saved.status_code, saved.headers["location"]) == (303, "/segment?name=tree")
    before, made, after = read(file)
    deeper = Group("any", (*RISK.parts, Condition(**RICH[0])))
    assert made == Segment("tree", "deeper", Group("all", (PAYING, deeper)))
    assert [before.name, after.name] == ["paying", "later"]


def test_a_segment_is_deleted_by_its_page(report: Report, business: Pipeline) -> None:
    form = hidden(report.page("/segment?name=paying"), "delete")
    assert sent(report, form).headers["location"] == "/segments"
    assert [one.name for one in read(business.settings.segments_file)] == ["tree", "later"]
    business.refresh(as_of=AS_OF)
    assert "paying" not in report.page("/segments")
    assert report.sql("select count(*) from segment_members where segment = 'paying'") == [(3,)]


@pytest.mark.parametrize("action", ["change", "delete"])
def test_what_changed_meanwhile_is_not_lost(
    report: Report, business: Pipeline, action: str
) -> None:
    file = business.settings.segments_file
    page = report.page("/segment?name=paying")
    form = hidden(page if action == "delete" else report.page(linked(page, "Change")), action)
    assert sent(report, {**form, "token": "guessed"}).status_code == 403
    write(file, [Segment("paying", "another's", PAYING)])
    late = sent(report, form)
    assert (late.status_code, "was changed meanwhile" in late.text) == (400, True)
    write(file, [])
    late = sent(report, form)
    assert (late.status_code, "is not saved any more" in late.text) == (400, True)
    assert read(file) == []


SAVE = """
import sys
from pathlib import Path
from report.filters.tree import Condition
from report.segments.definition import Segment
from report.segments.segments_file import change
for number in range(40):
    made = Segment(f"{sys.argv[2]}_{number}", "", Condition("name", "known"))
    change(Path(sys.argv[1]), lambda kept: [*kept, made])
"""


def test_two_writers_lose_nothing_of_each_other(report: Report, business: Pipeline) -> None:
    """The page saves while two other processes do, as `segments import` does."""
    file, form = business.settings.segments_file, token(report)
    writers = [
        subprocess.Popen([sys.executable, "-c", SAVE, str(file), name]) for name in ("one", "two")
    ]
    for number in range(10):
        assert posted(report, token=form, name=f"page_{number}").status_code == 303
    assert [writer.wait() for writer in writers] == [0, 0]
    names = {one.name for one in read(file)}
    wanted = {f"{who}_{number}" for who in ("one", "two") for number in range(40)}
    assert names == wanted | {f"page_{number}" for number in range(10)} | {
        "paying",
        "tree",
        "later",
    }
