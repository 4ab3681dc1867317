"""No secret stands in any file or line of output, whatever has failed."""

import traceback
from pathlib import Path

import pyarrow as pa
import pytest
from command_line import run
from local_stripe import NOW, several_accounts

from orchestration.configuration.environment import WrongSettings, read_settings
from orchestration.configuration.settings import Settings
from sandbox import builders
from sandbox.http.keys import Key
from sandbox.misbehaviour.faults import Fault, Faults

pytestmark = pytest.mark.long

FIRST, NARROW, WRONG = "sk_test_Zq7neverfirst", "rk_test_Zq7nevernarrow", "sk_test_Zq7neverwrong"
SIGNING = "whsec_Zq7neversigning"
MARK = b"Zq7never"  # long enough that no picture in base64 holds it by chance
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
        for given, code in ((f"{FIRST},{NARROW},{WRONG}", 1), (FIRST, 0)):
            finished = run("sync", cwd=tmp_path, **settings, STRIPE_API_KEY=given)
            assert finished.returncode == code, finished.stderr
            said.append(finished.stdout + finished.stderr)
    assert "key 2: the key in STRIPE_API_KEY may not read" in said[0]
    assert "key 3: Stripe does not accept the key (401)" in said[0]
    files = everything(data)
    assert {path.name for path in files} >= {"events.db", "warehouse.duckdb"}
    assert MARK not in "".join(said).encode()
    assert [path for path, content in files.items() if MARK in content] == []


@pytest.mark.parametrize(
    "given", [f"{FIRST}\r", f"{FIRST},{FIRST}", f"{FIRST} {WRONG}", "Zq7never", ""]
)
def test_wrong_setting_never_repeats_the_key(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STRIPE_API_KEY", given)
    with pytest.raises(WrongSettings) as raised:
        read_settings()
    assert "STRIPE_API_KEY" in str(raised.value)
    assert MARK.decode() not in "".join(traceback.format_exception(raised.value))
