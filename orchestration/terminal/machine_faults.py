"""What a machine does to a process, in one line: a full disk, a folder that may not be written, a
file that is broken or of a newer version.

Enters: what was raised, and the files that this process works with. Leaves: what is wrong, where,
and the remedy; None for anything else. The error's own text is not repeated: it may hold what a
customer wrote.
"""

import errno
import os
import pwd
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

FULL = "full"
CLOSED = "closed"
BROKEN = "broken"
NEWER = "newer"
NUMBERS = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), FULL),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), CLOSED),
}
# What DuckDB, SQLite and the system say, by what it comes from.
WORDS = {
    NEWER: (
        *("Trying to read a database file", "greater than the latest version", "newer version of"),
        *("Unsupported Storage Version", "Invalid storage version"),
    ),
    FULL: (
        *("No space left on device", "disk is full", "File too large", "Disk quota exceeded"),
        *("Could not write all bytes", "max_temp_directory_size", "disk I/O error"),
    ),
    CLOSED: (
        *("Permission denied", "Read-only file system", "Operation not permitted"),
        *("readonly database", "unable to open database file", "in read-only mode"),
    ),
    BROKEN: (
        *("not a valid DuckDB database", "is not a database", "malformed", "Corrupt database"),
        *("Failed to deserialize", "Checksum", "checksum"),
    ),
}
# Errors whose text is that of a file or a disk; any other's may be a customer's words.
SPEAKERS = ("duckdb", "_duckdb", "sqlite3", "sqlalchemy", "dlt", "dbt", "pyarrow")
REPEATING = ("LoadFailed", "DbtFailed", "TransformFailed")  # ours, with such a text in it
NAMED = re.compile(r'[Ff]ile "([^"]+)"')
SQLITE = b"SQLite format 3\x00"
DUCKDB = b"DUCK"

_folder = Path()
_remedies: dict[Path, str] = {}


def work_with(folder: Path, remedies: Mapping[Path, str]) -> None:
    """The files of this process, each with what to do where it is broken."""
    global _folder  # noqa: PLW0603 - as the settings of the process
    _folder = folder
    _remedies.clear()
    _remedies.update(remedies)


def machine_fault(error: BaseException) -> str | None:
    """One line; None where no machine has done this."""
    kind = _kind(error)
    if kind is None:
        return None
    return {FULL: _full, CLOSED: _closed, BROKEN: _broken, NEWER: _newer}[kind](_named(error))


def _kind(error: BaseException) -> str | None:
    if isinstance(error, OSError) and error.errno in NUMBERS:
        return NUMBERS[error.errno]
    speaks = type(error).__module__.split(".")[0] in SPEAKERS or isinstance(error, OSError)
    if not speaks and type(error).__name__ not in REPEATING:
        return None
    text = str(error)
    return next((kind for kind, words in WORDS.items() if any(w in text for w in words)), None)


def _named(error: BaseException) -> Path | None:
    """The file that the error is about, if it says so."""
    if isinstance(error, OSError) and isinstance(error.filename, str):
        return Path(error.filename)
    found = NAMED.search(str(error))
    return Path(found[1]) if found else None


def _full(named: Path | None) -> str:
    return (
        f"no room to write in {named.parent if named else _folder}, or its disk fails: free space"
        " on it, or raise the quota, then run again; nothing is lost, what was committed stays"
    )


def _closed(named: Path | None) -> str:
    closed = named or next((one for one in (_folder, *_remedies) if _is_closed(one)), _folder)
    path = next((one for one in (closed, *closed.parents) if _exists(one)), closed)
    return (
        f"{path} may not be read and written by the user {_user(os.geteuid())}: it belongs to"
        f" {_owner(path)}; run as its owner, or give DATA_DIR to this user (chown -R, chmod -R"
        " u+rwX), and mount its disk writable; nothing was changed"
    )


def _broken(named: Path | None) -> str:
    is_ours = named and any(one in _remedies for one in (named, *named.parents))
    path = named if named and is_ours else next(filter(_is_broken, _files()), named or _folder)
    return f"{path} is broken, or no file of stripe-traits: {_remedy(path)}"


def _newer(named: Path | None) -> str:
    path = named or next(filter(_is_newer, _files()), _folder)
    return (
        f"{path} was written by a newer version: update stripe-traits (make setup), or go back:"
        f" {_remedy(path)}"
    )


def _remedy(path: Path) -> str:
    """That of the file, or of the folder that it is in."""
    said = (_remedies[one] for one in (path, *path.parents) if one in _remedies)
    return next(said, "restore it from a backup (stripe-traits restore), or move it away")


def _files() -> Iterator[Path]:
    for path in _remedies:
        yield from path.rglob("*.db") if path.is_dir() else [path]


def _is_closed(path: Path) -> bool:
    try:
        return path.exists() and not os.access(path, os.R_OK | os.W_OK)
    except OSError:
        return True


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def _is_broken(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(len(SQLITE))
    except OSError:
        return False
    if path.suffix == ".duckdb":
        return head[8:12] != DUCKDB
    return bool(head) and (head != SQLITE or not _is_sound(path))


def _is_newer(path: Path) -> bool:
    if path.suffix != ".duckdb" or not _exists(path):
        return False
    import duckdb  # there already, where it has said that a file is newer

    try:
        duckdb.connect(str(path), read_only=True).close()
    except duckdb.Error as error:
        return _kind(error) == NEWER
    return False


def _is_sound(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(path)) as database:
            return bool(database.execute("pragma quick_check(1)").fetchone() == ("ok",))
    except sqlite3.Error:
        return False


def _owner(path: Path) -> str:
    try:
        return _user(path.stat().st_uid)
    except OSError:
        return "another user"


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
