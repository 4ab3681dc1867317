"""What `make release` refuses before it builds anything."""

import subprocess
from pathlib import Path

import pytest

from release.ready import main


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Ready to be released as 0.2.0."""
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "0.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## 0.2.0 (2026-12-01)\n\n- A thing.\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-qm", "Begin")
    return tmp_path


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True)


def test_a_committed_version_that_the_changelog_tells_of_is_ready(checkout: Path) -> None:
    assert main(checkout) is None


def test_what_is_not_committed_is_not_released(checkout: Path) -> None:
    (checkout / "new").write_text("")
    assert "commit them first" in str(main(checkout))


def test_a_version_is_released_once(checkout: Path) -> None:
    git(checkout, "tag", "v0.2.0")
    assert "v0.2.0 is tagged already" in str(main(checkout))


def test_a_version_without_its_changes_is_not_released(checkout: Path) -> None:
    changelog = checkout / "CHANGELOG.md"
    changelog.write_text("# Changelog\n\n## 0.2.0-rc1 (2026-11-01)\n")
    git(checkout, "-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-qam", "Undo")
    assert "no section '## 0.2.0 (DATE)'" in str(main(checkout))
