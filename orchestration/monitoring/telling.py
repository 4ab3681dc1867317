"""Tells each channel what it has not heard yet, and keeps what each was told.

Enters: a file of what was told, the notices that are due by it. Leaves: notices on the channels,
the file. A channel that fails holds no other one up: it alone is tried again.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from orchestration.configuration.settings import Settings
from orchestration.monitoring.channels import CHANNELS
from orchestration.monitoring.notice import Notice
from orchestration.whole_file import write_whole

Last = TypeVar("Last")
N = TypeVar("N", bound=Notice)
Told = dict[str, Last]  # by what it was about, such as a problem's key: what was told last
Due = Iterable[tuple[N, Callable[[], object]]]  # each with what notes that it was told


class ToldFile(Generic[Last]):
    """What each channel was told. A file that does not tell means that nothing was."""

    def __init__(self, path: Path, kind: type[Last]) -> None:
        self._path = path
        self._kept = TypeAdapter(dict[str, dict[str, kind]])  # type: ignore[valid-type]
        self.by_channel: dict[str, Told[Last]] = {name: {} for name in CHANNELS}
        self.by_channel |= self._read() or self._before_channels(kind)

    def _read(self) -> dict[str, Told[Last]] | None:
        """None: it does not tell."""
        try:
            found = self._kept.validate_json(self._path.read_bytes())
        except (OSError, ValidationError):
            return None
        return {name: told for name, told in found.items() if name in CHANNELS}

    def _before_channels(self, kind: type[Last]) -> dict[str, Told[Last]]:
        """An earlier version kept one for all of them."""
        try:
            told = TypeAdapter(dict[str, kind]).validate_json(self._path.read_bytes())  # type: ignore[valid-type]
        except (OSError, ValidationError):
            return {}
        return {name: dict(told) for name in CHANNELS}

    def write(self) -> None:
        write_whole(self._path, self._kept.dump_json(self.by_channel, indent=1).decode())


def tell(settings: Settings, told: ToldFile[Last], due: Callable[[Told[Last]], Due[N]]) -> list[N]:
    """`due` gives what a channel has to hear by what it was told. The notices that arrived on each
    channel that had to hear of them."""
    arrived: dict[str, N] = {}
    refused = set[str]()
    for name, send in CHANNELS.items():
        notices = [*due(told.by_channel[name])]
        for notice, note in notices:
            if send(settings, notice):
                note()
                arrived.setdefault(notice.key, notice)
            else:
                refused.add(notice.key)
        if notices:
            told.write()
    return [notice for key, notice in arrived.items() if key not in refused]
