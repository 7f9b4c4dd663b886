"""Changes since the last version: every fragment is read, and goes into the changelog as it is."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FRAGMENTS = sorted(path for path in (ROOT / "changes").iterdir() if path.name != "README.md")


def towncrier(folder: Path, *options: str) -> subprocess.CompletedProcess:
    tool = Path(sys.executable).with_name("towncrier")
    return subprocess.run(
        [tool, "build", *options], cwd=folder, capture_output=True, text=True, encoding="utf-8"
    )


@pytest.fixture
def copy(tmp_path):
    """What towncrier reads and writes, out of the way of the repository."""
    for name in ("pyproject.toml", "CHANGELOG.md"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "changes", tmp_path / "changes")
    return tmp_path


def test_towncrier_understands_all_of_them(copy):
    drafted = towncrier(copy, "--draft")
    assert drafted.returncode == 0, drafted.stderr
    shown = " ".join(drafted.stdout.split())
    for fragment in FRAGMENTS:
        assert " ".join(fragment.read_text(encoding="utf-8").split()) in shown, fragment.name


def test_a_fragment_is_a_few_sentences():
    for fragment in FRAGMENTS:
        text = fragment.read_text(encoding="utf-8")
        assert re.match(r"[A-Z`]", text) and text.endswith(".\n"), fragment.name


@pytest.mark.parametrize("name", ["+new.feature.md", "new.md", "notes.txt"])
def test_a_fragment_of_another_form_is_noticed(copy, name):
    (copy / "changes" / name).write_text("It is new.\n")
    drafted = towncrier(copy, "--draft")
    assert drafted.returncode != 0 and name in drafted.stderr


def test_a_release_puts_them_above_the_versions_before(copy):
    before = (copy / "CHANGELOG.md").read_text(encoding="utf-8")
    assert towncrier(copy, "--version", "99.0.0", "--keep").returncode == 0
    head, _, old = before.partition("<!-- towncrier release notes start -->\n")
    after = (copy / "CHANGELOG.md").read_text(encoding="utf-8")
    assert after.startswith(head) and after.endswith(old)
    titles = re.findall(r"^## \[(.+?)\]", after, re.M)
    assert titles[0] == "99.0.0" and titles[1:] == re.findall(r"^## \[(.+?)\]", before, re.M)


def test_the_changelog_has_the_same_parts_as_before():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    names = {each["name"] for each in settings["tool"]["towncrier"]["type"]}
    parts = re.findall(r"^### (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert set(parts) <= names
