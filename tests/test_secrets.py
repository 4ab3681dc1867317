"""No secret stands in any file or line of output, whatever has failed."""

from pathlib import Path

import pyarrow as pa
from local_stripe import NOW, several_accounts
from test_cli import run

from sandbox import builders
from sandbox.faults import Fault, Faults
from sandbox.keys import Key

FIRST, NARROW, WRONG = "sk_test_Zq7first", "rk_test_Zq7narrow", "sk_test_Zq7wrong"
SIGNING = "whsec_Zq7signing"
MARK = b"Zq7"
UNREST = (Fault("reset", probability=0.05), Fault("unavailable", probability=0.05))


def everything(folder: Path) -> dict[Path, bytes]:
    """The content of every file; what is compressed as a whole is opened."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            found[path] = path.read_bytes()
            if path.suffix == ".zst":
                with pa.CompressedInputStream(pa.OSFile(str(path)), "zstd") as opened:
                    found[path] = opened.read()
    return found


def test_no_key_is_written_anywhere_whatever_fails(tmp_path: Path) -> None:
    keys = [Key(FIRST), Key(NARROW, reads=frozenset({"customers"}))]
    data = tmp_path / "data"
    faults = Faults(seed=1, plan=UNREST)
    with several_accounts(tmp_path, keys=keys, faults=faults) as stripe:
        stripe.store.put(builders.customer(id="cus_1", created=NOW))
        settings = {
            "STRIPE_API_BASE": stripe.url,
            "STRIPE_WEBHOOK_SECRETS": SIGNING,
            "DATA_DIR": str(data),
        }
        said = []
        for given, code in (
            (WRONG, 1),
            (NARROW, 1),
            (f"{FIRST},{WRONG}", 1),
            (f"{FIRST}\r", 2),
            (f"{FIRST},{FIRST}", 2),
            (FIRST, 0),
        ):
            finished = run("sync", cwd=tmp_path, **settings, STRIPE_API_KEY=given)
            assert finished.returncode == code, finished.stderr
            said.append(finished.stdout + finished.stderr)
    files = everything(data)
    assert {path.name for path in files} >= {"events.db", "warehouse.duckdb"}
    assert MARK not in "".join(said).encode()
    assert [path for path, content in files.items() if MARK in content] == []
