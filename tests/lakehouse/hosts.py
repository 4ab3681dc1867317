"""Hosts of loaders and builders: each in a network namespace of its own on one bridge.

Enters: names of hosts. Leaves: the address where servers have to listen, a namespace for each host,
and its cable, which can be pulled: what it sends then arrives nowhere, and nobody refuses it. Where
the machine allows no namespaces (it takes root and iproute2), all share one network.
"""

import ctypes
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

NETWORK = "198.18.{}.{}"  # for tests between networks alone
NAMESPACES = Path("/run/netns")
OF_A_NETWORK = 0x40000000  # CLONE_NEWNET


class NotAllowed(Exception):
    """This machine gives no network namespaces."""


@dataclass(frozen=True)
class Hosts:
    """`mark` tells those of this process from others'."""

    names: tuple[str, ...]
    mark: str

    @property
    def address(self) -> str:
        """Of the machine, as all of them see it."""
        return self._address(1)

    def namespace(self, host: str) -> Path | None:
        return NAMESPACES / self._named(host) if host in self.names else None

    @contextmanager
    def cut(self, host: str) -> Iterator[None]:
        """Its cable is pulled."""
        _ip("link", "set", self._named(host), "down")
        try:
            yield
        finally:
            _ip("link", "set", self._named(host), "up")

    def make(self) -> None:
        """Raises NotAllowed."""
        _ip("link", "add", f"b{self.mark}", "type", "bridge")
        _ip("address", "add", f"{self.address}/24", "dev", f"b{self.mark}")
        _ip("link", "set", f"b{self.mark}", "up")
        for number, host in enumerate(self.names, start=2):
            name = self._named(host)
            _ip("netns", "add", name)
            _ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
            _ip("link", "set", name, "master", f"b{self.mark}", "up")
            _ip("-n", name, "address", "add", f"{self._address(number)}/24", "dev", "eth0")
            for device in ("eth0", "lo"):
                _ip("-n", name, "link", "set", device, "up")

    def remove(self) -> None:
        for host in self.names:
            with suppress(NotAllowed):
                _ip("netns", "delete", self._named(host))
        with suppress(NotAllowed):
            _ip("link", "delete", f"b{self.mark}")

    def _named(self, host: str) -> str:
        return f"s{self.mark}-{self.names.index(host)}"

    def _address(self, number: int) -> str:
        return NETWORK.format(os.getpid() % 250, number)


@contextmanager
def hosts(names: Sequence[str]) -> Iterator[Hosts | None]:
    """None: this machine allows none."""
    made = Hosts(tuple(names), f"{os.getpid():x}")
    try:
        try:
            made.make()
        except NotAllowed:
            yield None
        else:
            yield made
    finally:
        made.remove()


def enter(namespace: Path) -> None:
    """For this process, from now on, whose threads are not begun yet."""
    system = ctypes.CDLL(None, use_errno=True)
    with namespace.open() as file:
        if system.setns(file.fileno(), OF_A_NETWORK):
            raise OSError(ctypes.get_errno(), f"{namespace} cannot be entered")


def _ip(*words: str) -> None:
    try:
        subprocess.run(["ip", *words], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotAllowed(" ".join(words)) from error
