"""The house: what the README promises is what CI runs, and the lock holds what is declared."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def tracked(*patterns):
    listed = subprocess.run(
        ["git", "ls-files", "--", *patterns], cwd=ROOT, capture_output=True, text=True
    ).stdout.split("\n")
    return [ROOT / name for name in listed if name and (ROOT / name).is_file()]


def test_the_readme_names_two_commands_and_ci_runs_the_second():
    first, second = re.findall(r"^bash setup\.sh.* && .*$", README, re.MULTILINE)
    assert first == "bash setup.sh && .venv/bin/unrolled demo"
    assert f"\n## Try it\n\n```sh\n{first}\n```\n" in README
    assert second == "bash setup.sh --tests && .venv/bin/pytest"
    commands = [
        line
        for line in (ROOT / ".ci" / "run").read_text().splitlines()
        if not line.startswith(("#", "set ", "cd ", "export "))
    ]
    assert commands == [second]


def test_the_version_is_the_same_wherever_it_is_written():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == PROJECT["version"]


@pytest.mark.parametrize(
    "page", [*ROOT.glob("*.md"), ROOT / "changes" / "README.md"], ids=lambda page: page.name
)
def test_what_a_page_of_the_repository_links_to_is_there(page):
    for link in re.findall(r"\]\((?!https:)([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_each_commit_is_looked_at_by_the_environments_own_ruff():
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    [hooks] = [repository["hooks"] for repository in config["repos"]]
    assert [hook["name"] for hook in hooks] == ["ruff check", "ruff format"]
    for hook in hooks:
        assert hook["language"] == "system"
        assert hook["entry"].startswith(f".venv/bin/{hook['name']} ")


def test_rnnlib_needs_numpy_alone():
    assert [Requirement(need).name for need in PROJECT["dependencies"]] == ["numpy"]


def test_the_locks_pin_every_requirement_that_is_declared():
    pinned = {}
    locks = (ROOT / "requirements.txt", ROOT / "requirements-torch.txt")
    for line in "\n".join(lock.read_text() for lock in locks).splitlines():
        if line and not line.startswith(("#", "-e ")):
            need = Requirement(line)
            assert str(need.specifier).startswith("=="), f"{line} is not pinned"
            pinned.setdefault(need.name, []).append(need)
    for extra, needs in PROJECT["optional-dependencies"].items():
        for need in map(Requirement, needs):
            if need.name == PROJECT["name"]:
                continue
            assert need.name in pinned, f"{need.name} of the extra {extra} is in no lock"
            for pin in pinned[need.name]:
                assert need.specifier.contains(str(pin.specifier).removeprefix("=="))


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="only a clone knows what is tracked")
def test_no_registry_is_named_and_no_path_of_one_machine():
    # spelt so that this file does not name them either
    hosts = re.compile(
        r"https?://[a-z.-]*(py" + r"pi\.org|pythonhosted|npm" + r"js|deb" + r"ian\.org)"
    )
    paths = re.compile(r"(?<![\w.])/(wo" + r"rk/main|ro" + r"ot/|home/[a-z]+/)")
    for path in tracked("*.py", "*.md", "*.txt", "*.toml", "*.json", "*.ipynb", "*.yml", "*.sh"):
        text = path.read_text(encoding="utf-8")
        assert not hosts.search(text), path
        assert not paths.search(text), path
