"""The report in a browser: `make report-page` (not in `make test`: it wants Debian's chromium).

Enters: --data, a DATA_DIR with a published copy; none: a business is made. Leaves:
docs/report-*.png, or what was wrong. Each page at two widths, light and dark, with every other host
unreachable: no error in the console, no request elsewhere, nothing wider than the window, text that
can be read; a bar leads to its accounts, a filter, a segment and a CSV work, the keyboard finds the
content.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import duckdb
from chromium import Page, tab, until

from benchmarks.processes import PROGRAM, process
from report.pages import PAGES

ROOT = Path(__file__).parents[2]
OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
WIDTHS, SCHEMES, HEIGHT = (1280, 360), ("light", "dark"), 800
PICTURES = {
    "/": "overview",
    "/movements": "movements",
    "/accounts": "accounts",
    "/account": "account",
}
IN_PAGE = Path(__file__).with_name("in_page.js").read_text()


def check(wrong: object, where: str) -> None:
    if wrong:
        raise SystemExit(f"{where}: {wrong}")


def said(page: Page, call: str) -> Any:
    """What a function of `in_page.js` gives."""
    return json.loads(page.evaluate(f"{IN_PAGE}\nJSON.stringify({call} ?? null)"))


def show(page: Page, url: str, width: int = WIDTHS[0], scheme: str = SCHEMES[0]) -> None:
    """The address, drawn."""
    size = {"width": width, "height": HEIGHT}
    page.ask("Emulation.setDeviceMetricsOverride", **size, deviceScaleFactor=1, mobile=False)
    wish = [{"name": "prefers-color-scheme", "value": scheme}]
    page.ask("Emulation.setEmulatedMedia", features=wish)
    page.ask("Emulation.setScrollbarsHidden", hidden=True)
    page.events.clear()
    page.ask("Page.navigate", url=url)
    until(f"{url} is drawn", lambda: said(page, "isDrawn()"), page)


def complaints(page: Page, url: str) -> list[str]:
    """What the browser has to say: errors, and requests to anybody else."""
    found = []
    for event in page.events:
        told = event.get("params", {})
        if event.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown"):
            found.append(json.dumps(told)[:300])
        asked = told.get("request", {}).get("url", url)
        if event.get("method") == "Network.requestWillBeSent" and not asked.startswith(url):
            found.append(f"asked {asked}")
    return found


def look(page: Page, url: str, address: str) -> None:
    """One page in all its looks."""
    for width in WIDTHS:
        for scheme in SCHEMES:
            where = f"{address} at {width}, {scheme}"
            show(page, url + address, width, scheme)
            check(complaints(page, url), where)
            check(said(page, "tooWide()"), f"{where}: wider than the window")
            check(said(page, "tooFaint()"), f"{where}: too faint")


def click_a_bar(page: Page, url: str) -> None:
    show(page, f"{url}/movements")
    bar = said(page, "lastBar()")
    at = {"x": bar["x"], "y": bar["y"], "button": "left", "clickCount": 1}
    for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
        page.ask("Input.dispatchMouseEvent", type=kind, **at)
        time.sleep(0.1)
    wanted = f"month={bar['month']}-01&movement=new"
    until("a bar leads to its accounts", lambda: wanted in page.evaluate("location.href"), page)
    until("they show", lambda: page.shows("New in "), page)


def filter_accounts(page: Page, url: str) -> None:
    show(page, f"{url}/accounts")
    said(page, "addFilter()")
    until("a filter is in the address", lambda: "where=" in page.evaluate("location.href"), page)
    until("it shows", lambda: page.shows("Lifecycle status is subscribed"), page)


def save_a_segment(page: Page, url: str) -> None:
    """From the filter that is open: saved, changed, and deleted again."""
    said(page, "sendSegment('save', {name: 'subscribed', description: 'Who pays'})")
    until("a segment is saved", lambda: page.shows("The next refresh judges"), page)
    look(page, url, "/segment?name=subscribed")
    show(page, f"{url}/segment?name=subscribed")
    page.evaluate("document.querySelectorAll('#conditions .twins a')[1].click()")
    until("it can be changed", lambda: page.shows("This filter changes the segment"), page)
    said(page, "sendSegment('change', {description: 'Who pays now'})")
    until("a segment is changed", lambda: page.shows("Who pays now"), page)
    said(page, "sendSegment('delete', {})")
    until("a segment is deleted", lambda: page.shows("No segment is saved"), page)


def download(page: Page, url: str, folder: Path) -> None:
    to = {"behavior": "allow", "downloadPath": str(folder)}
    page.ask("Browser.setDownloadBehavior", **to)
    show(page, f"{url}/accounts")
    page.evaluate("document.querySelector('.twins a').click()")
    until("the CSV is there", (folder / "accounts.csv").exists, page)


def publish(page: Page, url: str, marts: Path) -> None:
    """An open page says so within two seconds, and some for a busy machine."""
    show(page, url)
    fresh = marts.with_suffix(".tmp")
    shutil.copy(marts, fresh)
    with duckdb.connect(str(fresh)) as database:
        database.execute("update publication.build set id = 'another'")
    fresh.replace(marts)
    until("a new build shows", lambda: page.shows("New figures are there"), page)


def tab_to_content(page: Page, url: str) -> None:
    show(page, url)
    for kind in ("keyDown", "keyUp"):
        page.ask(
            "Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9
        )
    until(
        "the keyboard finds the content first",
        lambda: page.evaluate("document.activeElement.className") == "skip",
        page,
    )


def example(marts: Path) -> str:
    """The account with the most subscriptions that pays and was changed: worth a picture."""
    with duckdb.connect(str(marts), read_only=True) as database:
        [(account,)] = database.execute(
            "select account_id from accounts where all_mrr_normalized > 0"
            " order by subscription_paying_count desc, subscription_count desc, account_id limit 1"
        ).fetchall()
    return str(account)


@contextmanager
def served(folder: Path, data: Path | None) -> Iterator[tuple[str, Path]]:
    """The report's address and the published copy; without `data` of a business made for it."""
    with ExitStack() as open_:
        if data is None:
            sandbox = [PROGRAM, "sandbox", "--port", "0", "--customers", "300"]
            made = open_.enter_context(process(sandbox, folder))
            stripe = next(line.split()[-1] for line in made.stdout or () if "ready" in line)
            with process([PROGRAM, "sync"], folder, STRIPE_API_BASE=stripe) as importing:
                check(importing.wait(), "sync")
        kept = folder / "data"
        if data is not None:
            kept.mkdir()
            shutil.copy(data / "marts.duckdb", kept)
        command = [PROGRAM, "report", "--port", "0"]
        serving = open_.enter_context(process(command, folder, DATA_DIR=str(kept.absolute())))
        line = serving.stdout.readline() if serving.stdout else ""
        yield line.split()[1].rstrip("/"), kept / "marts.duckdb"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    data = parser.parse_args().data
    with tempfile.TemporaryDirectory() as name, ExitStack() as open_:
        folder = Path(name)
        url, marts = open_.enter_context(served(folder, data))
        page = open_.enter_context(tab(folder, OFFLINE))
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.ask(f"{domain}.enable")
        for one in PAGES:
            address = f"{one.path}?id={example(marts)}" if one.path == "/account" else one.path
            look(page, url, address)
            if one.path in PICTURES:
                show(page, url + address)
                page.picture(ROOT / "docs" / f"report-{PICTURES[one.path]}.png")
        click_a_bar(page, url)
        filter_accounts(page, url)
        save_a_segment(page, url)
        download(page, url, folder)
        tab_to_content(page, url)
        publish(page, url, marts)
    sys.stdout.write(f"{len(PAGES)} pages drawn; docs/report-*.png\n")


if __name__ == "__main__":
    main()
