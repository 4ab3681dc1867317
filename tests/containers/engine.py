"""podman with compose.yaml as it stands, on a machine that reaches no registry of images.

Enters: the files of this checkout. Leaves: running services. The two images that a registry would
give are made here of Debian's packages: `debian:bookworm-slim` by debootstrap, and `postgres` by
`postgres.Containerfile`. Needs root, podman, debootstrap, runc, netavark and aardvark-dns.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
BASE, POSTGRES = "docker.io/library/debian:bookworm-slim", "docker.io/library/postgres:15-bookworm"
# What this machine has to say about where packages come from; nothing of it is left in an image.
OURS = {
    "/etc/pip.conf": "/etc/pip.conf",
    "/usr/local/share/ca-certificates": "/usr/local/share/ca-certificates",
    str(HERE / "uv.toml"): "/etc/uv/uv.toml",
}
PROJECT = "stripe-traits-test"


@dataclass(frozen=True)
class Engine:
    """`folder`: a copy of the checkout's files, with settings beside compose.yaml."""

    folder: Path

    def podman(self, *words: str, check: bool = True) -> str:
        return _run(["podman", *words], self.folder, check=check)

    def compose(self, *words: str) -> str:
        files = ["-f", "compose.yaml", "-f", "tests/containers/sandbox.yaml"]
        program = str(Path(sys.executable).with_name("podman-compose"))
        build = f"--podman-build-args={' '.join(_build_options())}"
        return _run([program, "-p", PROJECT, *files, build, *words], self.folder)

    def inside(self, service: str, *command: str, check: bool = True) -> str:
        return self.podman("exec", f"{PROJECT}_{service}_1", *command, check=check)

    def is_healthy(self, service: str) -> bool:
        """By the check that stands in compose.yaml; no systemd asks here in podman's place."""
        name = f"{PROJECT}_{service}_1"
        asked = ["podman", "healthcheck", "run", name]
        done = subprocess.run(asked, capture_output=True, env=_environment(), check=False)
        return done.returncode == 0

    def base_images(self) -> None:
        if not self.podman("images", "--quiet", BASE):
            self._debian()
        file = str(HERE / "postgres.Containerfile")
        self.podman("build", *_build_options(), "-t", POSTGRES, "-f", file, str(HERE))

    def _debian(self) -> None:
        with tempfile.TemporaryDirectory(dir=self.folder) as made:
            root = f"{made}/root"
            command = ["debootstrap", "--variant=minbase", "bookworm", root, *_mirror()]
            _run(command, self.folder)
            packed = f"{made}/root.tar"
            _run(["tar", "-C", root, "-cf", packed, "."], self.folder)
            self.podman("import", packed, BASE)


def copied(folder: Path) -> Engine:
    """The files that git knows or would take, so that nothing else can get into an image."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    for name in _run(listed, ROOT).splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name, follow_symlinks=False)
    return Engine(folder)


def _run(command: list[str], folder: Path, *, check: bool = True) -> str:
    done = subprocess.run(
        command, cwd=folder, env=_environment(), capture_output=True, text=True, check=False
    )
    assert not check or done.returncode == 0, (command, done.stdout[-3000:], done.stderr[-3000:])
    return done.stdout


def _environment() -> dict[str, str]:
    return os.environ | {"CONTAINERS_CONF": str(HERE / "containers.conf")}


def _build_options() -> list[str]:
    """Networks and mounts of a build; `chroot`: its steps need no more rights than they have."""
    mounts = [f"--volume={here}:{there}:ro" for here, there in OURS.items() if Path(here).exists()]
    return ["--pull-never", "--isolation=chroot", "--network=host", *mounts]


def _mirror() -> list[str]:
    """Where this machine's own packages come from; none: debootstrap's default."""
    for path in Path("/etc/apt/sources.list.d").glob("debian.sources"):
        for line in path.read_text().splitlines():
            if line.startswith("URIs:"):
                return [line.split()[1]]
    return []
