"""The page for instructors: its commands are run, in order, in a new course."""

from __future__ import annotations

import ast
import csv
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from nbgrader.apps.nbgraderapp import NbGraderApp
from sqlalchemy.engine import make_url

from unrolled.cli.parser import parser

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "book" / "instructors.md"
TOOLS = Path(sys.executable).parent

# what an instructor has by then: a list of the class, a platform's archive, a table in which
# all points are given, a student's request
FILL_IN = """
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1], encoding="utf-8-sig", newline="")))
with open("filled-in.csv", "w", newline="") as file:
    table = csv.DictWriter(file, rows[0])
    table.writeheader()
    table.writerows({**row, "points": "2", "comment": "Half of it."} for row in rows)
"""
BEFORE = {
    "nbgrader db assignment add": "sed -n '/^id,/,/^```$/p' \"$PAGE\" | grep , > roster.csv",
    "unrolled collect": 'mkdir archive && cp solutions/"$A"/"$A".ipynb '
    'archive/leeann_4711_90_"$A".ipynb && cp assignments/"$A"/"$A".ipynb '
    'archive/suncleo_LATE_4713_92_"$A".ipynb && cp solutions/"$A"/"$A".ipynb '
    'archive/suncleo_LATE_4713_93_"$A"-1.ipynb && '
    "(cd archive && python3 -m zipfile -c ../submissions.zip ./*.ipynb)",
    'unrolled marks "$A" filled-in.csv': f"python3 -c '{FILL_IN}' marks-\"$A\".csv",
    'unrolled regrade "$A" --requests': "printf 'id,question,reason\\nann,in-words,I said so\\n' "
    "> requests.csv",
}
# exit codes that are meant: not all of Ann's notebook is answered, and Bob waits for a human
CODES = {"unrolled check": 1, 'unrolled export "$A" canvas': 3}


def blocks() -> list[tuple[str, str]]:
    """The page's blocks of code with their languages: sh is run here, bash is not."""
    text = PAGE.read_text(encoding="utf-8")
    return re.findall(r"^```(sh|bash|text|python)\n(.*?)^```", text, re.M | re.S)


def commands(block: str) -> list[str]:
    """A block's lines without their comments."""
    return [re.split(r"\s+# ?", line)[0].strip() for line in block.splitlines()]


def script() -> str:
    """All blocks as one program of the shell, which notes what each prints and returns."""
    lines = []
    for n, (language, block) in enumerate(blocks()):
        if language == "python" and "db_url" not in block:
            lines.append(f"cat >> nbgrader_config.py <<'END'\n{block}END")
        if language != "sh":
            continue
        for start, prepared in BEFORE.items():
            if block.startswith(start):
                lines.append(prepared)
        lines.append(f'{{ {" && ".join(commands(block))}; }} > "$OUT/{n}.out" 2>&1')
        lines.append(f'echo $? > "$OUT/{n}.code"')
    return "\n".join(lines)


@pytest.fixture(scope="module")
def ran(tmp_path_factory, bubblewrap):
    """The folder of the course, and what each block printed and returned, by its number."""
    home, out = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("out")
    environment = os.environ | {
        "HOME": str(home),
        "OUT": str(out),
        "PAGE": str(PAGE),
        "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}",
    }
    done = subprocess.run(
        ["bash", "-c", script()], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0 and not done.stderr, done.stderr
    return home / "rnn-course", {
        int(file.stem): (file.read_text(), int(file.with_suffix(".code").read_text()))
        for file in out.glob("*.out")
    }


def test_every_command_does_what_it_should(ran):
    _, done = ran
    for n, (language, block) in enumerate(blocks()):
        if language == "sh":
            expected = next((code for start, code in CODES.items() if block.startswith(start)), 0)
            assert done[n][1] == expected, f"{block}\n{done[n][0]}"


def test_what_the_page_shows_is_what_they_print(ran):
    _, done = ran
    shown = 0
    for n, (language, block) in enumerate(blocks()):
        if language == "text":
            printed = re.sub(r"^Grading: .*\n", "", done[n - 1][0].replace("\r", "\n"), flags=re.M)
            wanted = ".*".join(map(re.escape, block.strip().split("…")))
            assert re.search(wanted, printed, re.S), f"{block}\nis not in\n{printed}"
            shown += 1
    assert shown >= 4


def test_the_lines_of_a_table_are_one_that_a_course_can_have(ran):
    course, _ = ran
    assert [line.partition(",")[0] for line in (course / "roster.csv").open()] == [
        *["id", "ann", "bob", "cleo", "dora"]
    ]


def test_what_the_page_says_of_the_course_is_there(ran):
    course, done = ran
    name = demo_name()
    for path in (
        f"report-{name}.html",
        f"canvas-{name}.csv",
        f"feedback/ann/{name}/{name}.html",
        f"moodle-{name}.csv",
        f"report-{name}-Tuesday.html",
        "gradebook.db",
        "grades.csv",
    ):
        assert (course / path).is_file(), path
    assert (course / "submitted" / "cleo" / name / f"{name}.ipynb").is_file()
    results = json.loads((course / "results.json").read_text())["results"]
    assert [result["student"] for result in results] == ["ann", "bob", "cleo"]
    assert "ann@example.org" in (course / "grades.csv").read_text()
    page = (course / f"feedback/cleo/{name}/{name}.html").read_text()
    assert "The platform says that this was handed in late" in page and "Half of it." in page
    with (course / f"moodle-{name}.csv").open(newline="") as file:
        rows = {row["Username"]: row for row in csv.DictReader(file)}
    assert [*rows] == ["ann", "bob", "cleo", "dora"] and all(row[name] for row in rows.values())
    assert rows["dora"][name] == "0" and "Half of it." in rows["cleo"]["Feedback comments"]
    first_report = next(n for n, (_, block) in enumerate(blocks()) if "unrolled grade" in block)
    assert str(course / f"report-{name}.html") in done[first_report][0]


def demo_name() -> str:
    """The assignment that the page takes as its example, named in one place."""
    text = PAGE.read_text(encoding="utf-8")
    [name] = re.findall(r"\bA=([\w-]+)", text)
    assert (ROOT / "solutions" / name / f"{name}.ipynb").is_file()
    return name


def test_the_assignment_is_named_in_one_place():
    """But for the table that says which chapter an assignment goes with."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if demo_name() in line]
    assert [line for line in lines if not line.startswith("AFTER = ")] == [
        line for line in lines if " A=" in line
    ]


def test_every_assignment_has_its_week():
    [written] = re.findall(r"^AFTER = (.+)$", PAGE.read_text(encoding="utf-8"), re.M)
    after = ast.literal_eval(written)
    for assignment in (ROOT / "assignments").glob("*/*.ipynb"):
        chapter = after.get(assignment.stem, assignment.stem)
        assert (ROOT / "book" / f"{chapter}.ipynb").is_file(), assignment.stem


def test_there_are_11_commands():
    text = "".join(block for language, block in blocks() if language in ("sh", "bash"))
    assert [int(number) for number in re.findall(r"# (\d+)\b", text)] == list(range(1, 12))
    assert "## A course in 11 commands" in PAGE.read_text(encoding="utf-8")


def unrun() -> list[str]:
    return [line for kind, block in blocks() if kind == "bash" for line in commands(block)]


@pytest.mark.parametrize("line", unrun())
def test_a_command_that_is_not_run_here_exists(line):
    """They install, wait for a human or for other machines; tests of their own run them."""
    words = shlex.split(line)
    tool, *rest = words[0].removeprefix(".venv/bin/"), *words[1:]
    if tool == "unrolled":
        assert parser().parse_args(rest)
    elif tool == "bash":
        assert (ROOT / rest[0]).is_file()
    elif tool == "pip":
        assert re.fullmatch(r"install -e \.\[\w+\]", " ".join(rest))
    elif tool == "dask":
        told = subprocess.run(
            [TOOLS / "dask", rest[0], "--help"], capture_output=True, text=True
        ).stdout
        assert all(word in told for word in rest if word.startswith("--"))
    elif tool == "nbgrader":
        assert words[1] in NbGraderApp.subcommands
    elif tool == "jupyter":
        assert (TOOLS / f"jupyter-{rest[0]}").is_file()
    else:
        assert words[:3] == ["python3", "-m", "venv"] and shutil.which("python3")


def test_the_extras_that_it_names_exist():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    text = PAGE.read_text(encoding="utf-8")
    named = re.findall(r"extra\s+`(\w+)`", text) + re.findall(r"\.\[(\w+)\]", text)
    assert len(named) >= 4 and set(named) <= set(extras)


def test_the_url_of_a_database_server_is_one():
    [url] = re.findall(r'db_url = "([^"]+)"', PAGE.read_text(encoding="utf-8"))
    assert make_url(url).get_driver_name() == "psycopg"
