"""The parsed dbt project as it goes into the wheel: without the folder in which it was parsed.

Enters: what `make setup` parsed. Leaves: `transform/target/wheel`, the same for every builder: what
was parsed, and the texts of a first build and a first refresh, which dbt then need not render where
the wheel is installed. `release/hook.py` puts it where the installed program looks for it.
"""

import json
import shutil
from pathlib import Path

from dbt.contracts.files import FilePath
from dbt.contracts.graph.manifest import Manifest

from orchestration.build import first_text
from orchestration.build.build_text import RENDERED, name_of
from orchestration.build.manifest import MANIFEST, read_manifest
from orchestration.code_location import dbt_specs
from orchestration.code_location.events import asset_keys

FOLDER = MANIFEST.parent / "wheel"
PARSED = MANIFEST.with_name("partial_parse.msgpack")
HERE = "."  # orchestration/build/manifest.py says where it is when it reads it


def write() -> None:
    """Afresh."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    (FOLDER / MANIFEST.name).write_text(_manifest())
    (FOLDER / PARSED.name).write_bytes(_parsed())
    for kept in (asset_keys.KEPT, dbt_specs.KEPT):
        shutil.copyfile(kept, FOLDER / kept.name)
    _write_texts(FOLDER / RENDERED.name)


def _write_texts(folder: Path) -> None:
    """Under the names that they have beside the wheel's manifest."""
    folder.mkdir()
    for made in first_text.make():
        name = name_of(FOLDER / MANIFEST.name, made.holds_for)
        shutil.copyfile(RENDERED / made.name, folder / name)


def _manifest() -> str:
    manifest = read_manifest()
    for node in manifest["nodes"].values():
        if node.get("root_path"):
            node["root_path"] = HERE
    return json.dumps(manifest)


def _parsed() -> bytes:
    manifest = Manifest.from_msgpack(PARSED.read_bytes())
    for node in manifest.nodes.values():
        if hasattr(node, "root_path"):
            node.root_path = HERE
    for file in manifest.files.values():
        if isinstance(file.path, FilePath):
            file.path.project_root = HERE
    return bytes(manifest.to_msgpack())


if __name__ == "__main__":
    write()
