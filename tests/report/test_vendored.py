"""The one library of the browser stands as it was released, with its licence beside it."""

from hashlib import sha256
from pathlib import Path

STATIC = Path(__file__).parents[2] / "report" / "static"
# npm echarts 6.1.0, dist/echarts.min.js
RELEASED = "b66b25aeb4df84e33199dc21694014d336d222cbd9deb0e5a7c14bd6aa0d0fd0"


def test_echarts_is_the_released_file() -> None:
    assert sha256((STATIC / "echarts.min.js").read_bytes()).hexdigest() == RELEASED
    assert "Apache License" in (STATIC / "echarts-LICENSE.txt").read_text()
