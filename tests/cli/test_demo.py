"""The README's first command, after setting up: the whole project on a sample class."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from unrolled.authoring import made_up_class
from unrolled.cli.commands import demo
from unrolled.cli.main import main

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(".*", "node_modules", "_build", "demo", "tests", "__pycache__")


@pytest.fixture(scope="module")
def shown(tmp_path_factory, bubblewrap, site):
    """What ``unrolled demo`` prints in a copy of the repository with its book, already built."""
    copy = tmp_path_factory.mktemp("clone") / "unrolled"
    shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
    shutil.copytree(site, copy / "_build" / "html")
    done = subprocess.run(
        [Path(sys.executable).with_name("unrolled"), "demo"],
        cwd=copy / "book",  # it finds the repository from any folder in it
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


ASSIGNMENTS = sorted(path.name for path in (ROOT / "assignments").iterdir())


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_it_grades_a_class_in_every_assignment(shown, name):
    report = Path(re.search(rf"\S+/report-{name}\.html", shown.stdout)[0])
    text = report.read_text(encoding="utf-8")
    links = set(re.findall(r'href="([^"#]+)', text))  # whoever needs a human eye has two
    assert len(links) == len(made_up_class.NAMES)
    assert all((report.parent / link).is_file() for link in links)


def test_it_ends_each_with_a_table_and_the_commonest_mistakes(shown):
    assert shown.stdout.count("The commonest mistakes:") == len(ASSIGNMENTS)
    whole = [line for line in shown.stdout.splitlines() if line.endswith(" all right")]
    assert len(whole) >= 4 * len(ASSIGNMENTS), "the model answers and three other styles"
    for what in ("not attempted", "unreadable", "timeout"):
        assert what in shown.stdout
    assert re.search(r"\d× .*: the bias is forgotten", shown.stdout)


def test_feedback_has_hints_that_lead_into_the_book(shown):
    report = Path(re.search(r"\S+/report-elman\.html", shown.stdout)[0])
    pages = [path.read_text(encoding="utf-8") for path in report.parent.glob("feedback/*/elman/*")]
    hints = [page for page in pages if "<strong>Hint.</strong>" in page]
    assert hints
    [link] = set(re.findall(r'href="(file:[^"#]+)#?[^"]*"', hints[0])[:1])
    assert Path(link.removeprefix("file://")).is_file()


def test_it_shows_progress(shown):
    assert f"{len(made_up_class.NAMES)}/{len(made_up_class.NAMES)}" in shown.stderr


def test_it_names_the_book(shown):
    [book] = re.findall(r"the book +(\S+\.html)", shown.stdout)
    assert Path(book).is_file()
    assert (Path(book).parent / "book" / "elman.html").is_file()


def test_a_book_is_built_again_after_a_change(tmp_path):
    """What is not built ends with the log's last lines, here for want of contents."""
    for name in ("_config.yml", "_toc.yml"):
        (tmp_path / name).touch()
    demo.front_page(tmp_path).parent.mkdir(parents=True)
    demo.front_page(tmp_path).touch()
    assert demo.build_book(tmp_path) == demo.front_page(tmp_path)
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "index.md").touch()
    later = demo.front_page(tmp_path).stat().st_mtime + 1
    os.utime(tmp_path / "book" / "index.md", (later, later))
    with pytest.raises(demo.DemoError, match=r"(?s)its log ends with:.*toc"):
        demo.build_book(tmp_path)


def test_outside_of_a_clone_it_says_where_to_go(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["demo"]) == 1
    assert "is not in a clone of Unrolled" in capsys.readouterr().err
