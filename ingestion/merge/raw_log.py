"""The raw log `raw/<stream>/<time>.jsonl.zst`: every object as Stripe sent it, one a line.

Enters: pages. Leaves: compressed files that DuckDB reads as they are. Nothing is changed or deleted
here; a file appears under its name only when it is whole.
"""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ingestion.stripe_api.reader import Page

if TYPE_CHECKING:
    import pyarrow as pa


class RawLog:
    """`with RawLog(folder, name) as log: log.append(page)`; `name` is the read's own."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = f"{name}.jsonl.zst"
        self._files: dict[str, pa.NativeFile] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def append(self, page: Page) -> None:
        if page.objects:
            self._file(page.stream).write(page.lines)

    def _file(self, stream: str) -> "pa.NativeFile":
        import pyarrow as pa

        if stream not in self._files:
            path = self._partial(stream)
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600)
            opened = pa.CompressedOutputStream(pa.OSFile(str(path), "wb"), "zstd")
            self._files[stream] = self._stack.enter_context(opened)
        return self._files[stream]

    def _partial(self, stream: str) -> Path:
        return self._folder / stream / f"{self._name}.partial"

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()
        for stream in self._files:
            if error is None:
                self._partial(stream).rename(self._folder / stream / self._name)
            else:
                self._partial(stream).unlink()
