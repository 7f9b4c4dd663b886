"""The README's first command, after setting up: the whole project on a sample class."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder import cli, demo

ROOT = Path(__file__).parent.parent
LEFT_OUT = shutil.ignore_patterns(".*", "node_modules", "_build", "demo", "tests", "__pycache__")


@pytest.fixture(scope="module")
def shown(tmp_path_factory, bubblewrap):
    """What ``autograder demo`` prints in a fresh copy of the repository."""
    copy = tmp_path_factory.mktemp("clone") / "unrolled"
    shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
    done = subprocess.run(
        [Path(sys.executable).with_name("autograder"), "demo"],
        cwd=copy / "book",  # it finds the repository from any folder in it
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_it_ends_with_the_table_of_the_class(shown):
    rows = {line.split()[0]: line for line in shown.stdout.splitlines() if line.strip()}
    for sample in demo.SAMPLE_CLASS.glob("*.txt"):
        assert sample.stem in rows
    assert re.search(r" 27  all right$", rows["right"])
    assert re.search(r" 4  wrong \(3\), error \(2\), altered$", rows["fake-score"])


def test_it_shows_progress(shown):
    assert "10/10" in shown.stderr


def test_it_names_three_pages_that_are_there(shown):
    pages = [Path(path) for path in re.findall(r"/\S+\.html", shown.stdout)]
    assert len(pages) == 3
    assert all(
        "<html" in page.read_text() or "refresh" in page.read_text().lower() for page in pages
    )
    assert (pages[0].parent / "book" / "elman.html").is_file()


def test_the_pages_link_to_each_other(shown):
    report = Path(re.findall(r"/\S+report-\S+\.html", shown.stdout)[0])
    links = re.findall(r'href="([^"]+)"', report.read_text())
    assert len(links) == len(list(demo.SAMPLE_CLASS.glob("*.txt")))
    assert all((report.parent / link).is_file() for link in links)


def test_outside_of_a_clone_it_says_where_to_go(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["demo"]) == 1
    assert "is not in a clone of Unrolled" in capsys.readouterr().err
