"""TRAITS_DIR: the user's own dbt models and the YAML that describes their columns.

Enters: the folder. Leaves: its files with their bytes, or one line that says what is wrong with it.
Files whose path has a part that begins with a dot are none of ours, as in a mounted ConfigMap.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

KINDS = {".sql", ".yml", ".yaml"}
MOST_BYTES = 4 << 20  # of all files together: they are read at each look whether something is due


class OwnTraitsFailed(Exception):
    """Own traits are those of an earlier build, all others new: one line for each cause."""


def own_files(folder: Path) -> Mapping[str, bytes]:
    """By path in the folder, in order. Raises OwnTraitsFailed."""
    try:
        if not folder.is_dir():
            raise OwnTraitsFailed(
                f"TRAITS_DIR: {folder} is no folder; make it, or take the setting away"
            )
        paths = sorted(path for path in folder.rglob("*") if _is_own(path.relative_to(folder)))
        if sum(path.stat().st_size for path in paths) > MOST_BYTES:
            raise OwnTraitsFailed(f"TRAITS_DIR: the models have more than {MOST_BYTES >> 20} MiB")
        return {str(path.relative_to(folder)): path.read_bytes() for path in paths}
    except OSError as error:
        why = f"cannot be read ({error.strerror})"
        raise OwnTraitsFailed(f"TRAITS_DIR: {error.filename or folder} {why}") from None


def digest(folder: Path) -> str:
    """Of all that its models are."""
    try:
        files = own_files(folder)
    except OwnTraitsFailed as failed:
        return str(failed)  # mended, it is another one
    found = hashlib.sha256()
    for name, content in files.items():
        found.update(f"{name}\0{len(content)}\0".encode() + content)
    return found.hexdigest()


def _is_own(path: Path) -> bool:
    return path.suffix in KINDS and not any(part.startswith(".") for part in path.parts)
