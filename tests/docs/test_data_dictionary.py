"""The page that `make docs` opens on: every mart, every column, nothing cut off."""

import re
from html import unescape

from source_code import contracts

from orchestration.build.manifest import read_manifest
from orchestration.pages.data_dictionary import page


def test_every_column_has_its_type_and_its_whole_description() -> None:
    shown = page()
    assert set(re.findall(r'<h2 id="(\w+)">', shown)) == set(contracts())
    rows = {
        tuple(map(unescape, row))
        for row in re.findall(
            r"<tr><td>(.*?)</td><td>(.*?)</td><td>(.*?)</td></tr>", shown, re.DOTALL
        )
    }
    for node in read_manifest()["nodes"].values():
        if node["name"] in contracts() and node["resource_type"] == "model":
            assert unescape(node["description"]) in unescape(shown)
            for one in node["columns"].values():
                assert (one["name"], one["data_type"], one["description"]) in rows
