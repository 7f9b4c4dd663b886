"""No attack gains a point, reads what is hidden, or is felt by the next; no fault stops the run.

The hand-ins in ``attacks/`` are graded as one class, with honest students between them. What each
of them does, and what it must get, stands in its own first lines; ``attacks/README.md`` explains.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import courses
import nbformat
import numpy as np
import psutil
import pytest
from attacks import builders
from nbconvert.filters import markdown2html_mistune
from nbgrader.api import Gradebook

from unrolled.authoring import samples
from unrolled.course.course import CONFIG, Course
from unrolled.judging.notebook import cell_id
from unrolled.judging.rubric import Code
from unrolled.running.grading import grade
from unrolled.running.reporting import write_report
from unrolled.sandbox.containers import Limits

ROOT = Path(__file__).parents[2]
ATTACKS = Path(__file__).parent / "attacks"
ASSIGNMENT = courses.ASSIGNMENT
QUICK = Limits(seconds=2, cpu_seconds=1, memory=256 << 20)
HONEST = ("a-honest-before", "m-honest-between", "z-honest-after")

TOKEN = secrets.token_hex(8)
MARK = f"outlives-{TOKEN}"
HELD = f"canary-in-memory-{TOKEN}"
"""Held by the grader's own process: a fork that carried the grader's memory along would hold it."""


@dataclass
class Attack:
    """One file of ``attacks/``."""

    name: str
    about: dict[str, str] = field(default_factory=dict)
    cells: dict[str, str] = field(default_factory=dict)
    verdict: dict[str, str] = field(default_factory=dict)

    @property
    def says(self) -> list[str]:
        return self.about.get("says", "").split(" / ") if "says" in self.about else []


def questions() -> dict[str, float]:
    """The most points of each question, by its answer's id."""
    source = nbformat.read(courses.COURSE / "assignments" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb", 4)
    graded = {cell_id(c): c.metadata.nbgrader.get("points") for c in source.cells if cell_id(c)}
    answers = [n for n in graded if n in samples.texts(courses.SAMPLE_CLASS / "right.txt")]
    return {name: float(graded.get(f"{name}-check") or graded[name]) for name in answers}


MOST = questions()


def load(path: Path) -> Attack:
    """An attack from its file; without a cell of its own it carries the honest answers."""
    text = path.read_text(encoding="utf-8")
    head, _, body = text.partition("\n=== ")
    about = dict(re.findall(r"^([\w -]+): (.+)$", head, re.MULTILINE))
    verdict = dict.fromkeys(MOST, about.get("others", "0 not attempted"))
    if path.stem != "honest" and (not body or body.startswith("like honest")):
        honest = load(path.with_name("honest.txt"))
        verdict |= {name: honest.verdict[name] for name in honest.cells}
    if "all" in about:
        verdict = dict.fromkeys(MOST, about["all"])
    verdict |= {name: about[name] for name in MOST if name in about}
    cells = samples.texts(path) or samples.texts(path.with_name("honest.txt"))
    return Attack(path.stem, about, cells, verdict)


CORPUS = {path.stem: load(path) for path in sorted(ATTACKS.glob("*.txt"))}


each_attack = pytest.mark.parametrize("attack", CORPUS.values(), ids=CORPUS)


# the corpus itself


def test_there_are_at_least_two_hundred_and_fifty_attacks_and_faults():
    assert len(CORPUS) >= 250


def test_every_line_of_the_list_has_an_attack_and_every_attack_a_line():
    lines = set(re.findall(r"^- (.+)$", (ATTACKS / "README.md").read_text(), re.MULTILINE))
    assert lines == {a.about["covers"] for n, a in CORPUS.items() if n != "honest"}


@pytest.mark.parametrize("attack", CORPUS.values(), ids=CORPUS)
def test_no_attack_is_expected_to_earn_more_than_its_honest_answers(attack):
    honest = samples.texts(ATTACKS / "honest.txt")
    own = attack.about.get("honest", "").split()
    for name, verdict in attack.verdict.items():
        points, _, statuses = verdict.partition(" ")
        is_honest = attack.cells.get(name) == honest.get(name, "") or name in own
        for each in points.split("|"):
            assert each in ("0", "none") or (is_honest and float(each) <= MOST[name]), verdict
        assert statuses


def test_every_builder_is_used():
    made = {
        n for n, f in vars(builders).items() if getattr(f, "__module__", "") == "attacks.builders"
    }
    made |= {f"stamp_{name}" for name in builders.STAMPS}
    made |= {f"beside_{name}" for name in builders.BESIDE}
    helpers = {"cell", "nbgrader", "checks", "code", "put", "with_stamp", "write_stamp", "stamped"}
    helpers |= {"beside", "build"}
    used = {
        a.about[key] for a in CORPUS.values() for key in ("notebook", "folder") if key in a.about
    }
    assert made - helpers == used


def test_every_test_and_attack_that_the_threat_model_names_is_there():
    page = (ROOT / "book" / "threat-model.md").read_text(encoding="utf-8")
    tests = re.findall(r"`(test_\w+\.py)::(\w+)`", page)
    assert len(tests) >= 20
    for file, name in tests:
        [path] = (ROOT / "tests").rglob(file)
        source = path.read_text(encoding="utf-8")
        assert re.search(rf"^def {name}\(", source, re.MULTILINE), f"{file}::{name}"
    lines = re.findall(r"`attacks: ([^`]+)`", page)
    assert set(lines) <= {attack.about.get("covers") for attack in CORPUS.values()}


# grading them


@dataclass
class World:
    """A course with the corpus handed in, canaries all around it, and what came of grading it."""

    course: Course
    home: Path
    outside: Path
    port: int
    results: dict = field(default_factory=dict)
    before: dict = field(default_factory=dict)
    seconds: float = 0

    def filled(self, text: str) -> str:
        """An attack's text, with what only this run knows."""
        known = {
            "COURSE": self.course.root,
            "HOME": self.home,
            "TMP": self.outside,
            "REPOSITORY": ROOT,
            "PORT": self.port,
            "MARK": MARK,
        }
        for name, value in known.items():
            text = text.replace(f"@{name}@", str(value))
        return text

    def submitted(self, student: str) -> Path:
        return self.course.folder("submitted", student, ASSIGNMENT)

    def files(self) -> dict[str, str]:
        """All that grading must leave alone, by path, each with its content's digest."""
        root = self.course.root
        theirs = (root / name for name in ("solutions", "assignments", "submitted", CONFIG))
        found = {}
        for top in (*theirs, self.home, self.outside):
            for path in [top, *sorted(top.rglob("*"))]:
                found[str(path)] = _digest(path)
        return found

    def said(self, student: str) -> str:
        """All that any person is shown of one hand-in, and all that is stored of it."""
        result = self.results[student]
        texts = [
            repr([(v.status, v.points, v.reasons) for v in result.verdicts]),
            repr(result.notes),
        ]
        for step in ("feedback", "autograded"):
            folder = self.course.folder(step, student, ASSIGNMENT)
            texts += [p.read_text(errors="replace") for p in folder.rglob("*") if p.is_file()]
        with Gradebook(self.course.db_url, self.course.id) as book:
            notebook = book.find_submission_notebook(ASSIGNMENT, ASSIGNMENT, student)
            texts += [f"{c.auto_comment} {c.manual_comment}" for c in notebook.comments]
        return "\n".join(texts)


def _digest(path: Path) -> str:
    if path.is_symlink():
        return f"link to {os.readlink(path)}"
    if not path.is_file():
        return f"{path.stat().st_mode:o}"
    if path.stat().st_size > 1 << 30:
        return f"{path.stat().st_size} bytes of nothing"
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def world(tmp_path_factory, bubblewrap):
    """The whole corpus, graded once."""
    home, outside = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("outside")
    with pytest.MonkeyPatch.context() as patch, listening() as port:
        patch.setenv("HOME", str(home))
        patch.setenv("CANARY", f"canary-in-environment-{TOKEN}")
        world = World(courses.make(tmp_path_factory.mktemp("clone")), home, outside, port)
        world.course.release(ASSIGNMENT)  # which makes the gradebook, too
        hand_in(world)
        plant(world)
        world.before = world.files()
        started = time.monotonic()
        assignment = world.course.assignment(ASSIGNMENT)
        for result in grade(world.course, assignment, limits=QUICK):
            assert result.student not in world.results
            world.results[result.student] = result
        world.seconds = time.monotonic() - started
        yield world


def hand_in(world: World) -> None:
    assignment = world.course.assignment(ASSIGNMENT)
    right = courses.sample("right", assignment)
    for student in HONEST:
        world.submitted(student).mkdir(parents=True)
        # the first of them says something in confidence
        secret = right.replace("The Elman network passes", f"canary-in-hand-in-{TOKEN} passes")
        builders.put(world.submitted(student), secret if student == HONEST[0] else right)
    for attack in CORPUS.values():
        world.submitted(attack.name).mkdir(parents=True)
        notebook = as_notebook(attack, assignment, world)
        text = json.dumps(notebook)
        place = getattr(builders, attack.about.get("folder", "none"), None)
        if place:
            place(world.submitted(attack.name), text, world.course)
        else:
            builders.put(world.submitted(attack.name), text)


def as_notebook(attack: Attack, assignment, world: World) -> dict:
    """The attack's notebook as JSON, as its builder left it."""
    notebook = json.loads(nbformat.writes(assignment.released))
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if name in attack.cells:
            cell["source"] = world.filled(attack.cells[name])
    if "notebook" in attack.about:
        getattr(builders, attack.about["notebook"])(notebook)
    return notebook


def plant(world: World) -> None:
    """Hide canaries where a hand-in has no business."""
    source = world.course.folder("source", ".", ASSIGNMENT)
    with open(source / "rubric.py", "a") as rubric:
        rubric.write(f"\nKEY = 'canary-in-rubric-{TOKEN}'\n")
    solution = nbformat.read(source / f"{ASSIGNMENT}.ipynb", 4)
    solution.cells.append(nbformat.v4.new_markdown_cell(f"canary-in-solution-{TOKEN}"))
    nbformat.write(solution, source / f"{ASSIGNMENT}.ipynb")
    (world.home / "notes.txt").write_text(f"canary-in-home-{TOKEN}")
    (world.outside / "notes.txt").write_text(f"canary-outside-{TOKEN}")
    with Gradebook(world.course.db_url, world.course.id) as book:
        book.update_or_create_student(HONEST[0], last_name=f"canary-in-gradebook-{TOKEN}")


class listening:
    """A server on this machine that tells a secret to whoever connects."""

    def __enter__(self) -> int:
        self.server = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()
        return self.server.getsockname()[1]

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self.server.accept()
            except OSError:
                return
            with line:
                line.sendall(f"canary-on-network-{TOKEN}".encode())

    def __exit__(self, *raised) -> None:
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()


# the gate


def test_the_run_ends_with_a_result_for_every_hand_in(world):
    assert set(world.results) == set(CORPUS) | set(HONEST)


@each_attack
def test_each_attack_gets_what_its_file_says(world, attack):
    for verdict in world.results[attack.name].verdicts:
        points, _, statuses = attack.verdict[verdict.question.cell].partition(" ")
        told = f"{verdict.question.cell}: {verdict.status}, {verdict.points}, {verdict.reasons}"
        assert verdict.status in statuses.split("|"), told
        allowed = [None if p == "none" else float(p) for p in points.split("|")]
        assert verdict.points in allowed, told


@pytest.mark.parametrize("attack", [a for a in CORPUS.values() if a.says], ids=lambda a: a.name)
def test_the_student_is_told_why(world, attack):
    for words in attack.says:
        assert words in world.said(attack.name)


@pytest.mark.parametrize("student", HONEST)
def test_no_attack_is_felt_by_an_honest_student(world, student):
    result = world.results[student]
    assert [v.points for v in result.verdicts] == [4, 4, 4, 4, 6, 5, None]
    assert not result.notes
    with Gradebook(world.course.db_url, world.course.id) as book:
        assert book.find_submission(ASSIGNMENT, student).score == 27


def test_the_gradebook_holds_the_same_points_and_no_others(world):
    with Gradebook(world.course.db_url, world.course.id) as book:
        scores = {s.student.id: s.score for s in book.assignment_submissions(ASSIGNMENT)}
        most = book.find_assignment(ASSIGNMENT).max_score
    assert scores == {name: result.points for name, result in world.results.items()}
    assert most == sum(MOST.values())


@pytest.mark.parametrize("name", CORPUS)
def test_no_attack_reads_a_canary(world, name):
    assert TOKEN not in world.said(name).replace(MARK, "")


def test_no_attack_tells_a_number_of_a_hidden_case(world):
    numbers = hidden_numbers(world.course.assignment(ASSIGNMENT).questions)
    assert len(numbers) > 100
    for name in CORPUS:
        shown = {f"{float(n):.3f}" for n in re.findall(r"\d+\.\d{3,}", world.said(name))}
        assert not shown & numbers, name


def hidden_numbers(asked) -> set[str]:
    """The numbers of all hidden cases, to three digits."""
    cases = [case for q in asked if isinstance(q, Code) for case in q.cases if case.hidden]
    values = [v for c in cases for v in (*c.arguments.values(), *c.expected.values())]
    return {f"{abs(n):.3f}" for value in values for n in np.ravel(value)} - {"0.000"}


def test_what_one_question_saw_does_not_reach_the_next(world):
    told = {
        v.question.cell: v.reasons for v in world.results["tells-an-earlier-hidden-case"].verdicts
    }
    assert "CARRIED OVER" not in str(told["elman-forward"])


@each_attack
def test_no_page_holds_script_or_anything_that_asks_for_something(world, attack):
    page = world.course.folder("feedback", attack.name, ASSIGNMENT) / f"{ASSIGNMENT}.html"
    html = page.read_text(encoding="utf-8")
    assert not re.search(r"<(script|img|iframe|object|embed|link|form|base)\b", html, re.IGNORECASE)
    assert not re.search(r"<[^>]*\s(on\w+|srcdoc|src)\s*=", html, re.IGNORECASE)
    assert not re.search(r"(href|action)\s*=\s*[\"']?\s*(javascript|data):", html, re.IGNORECASE)
    assert "default-src 'none'" in html


def test_the_report_of_the_class_holds_neither_a_canary_nor_script(world):
    assignment = world.course.assignment(ASSIGNMENT)
    results = list(world.results.values())
    html = write_report(world.course, assignment, results, world.seconds).read_text()
    assert TOKEN not in html
    assert not re.search(r"<(script|img|iframe|object|embed|link|form|base)\b", html, re.IGNORECASE)


def test_in_formgrader_no_written_answer_links_to_script_or_fetches_anything(world):
    for name in ("script-in-a-text", "script-in-a-link"):
        graded = world.course.folder("autograded", name, ASSIGNMENT) / builders.FILE
        cells = nbformat.read(graded, 4).cells
        html = markdown2html_mistune(next(c.source for c in cells if cell_id(c) == "in-words"))
        assert not re.search(r"<(script|img|iframe|svg|style)\b", html, re.IGNORECASE)
        assert not re.search(r"href=\"(?!https?:|#)", html, re.IGNORECASE), html


def test_nothing_is_written_but_what_grading_writes(world):
    after = world.files()
    assert after == world.before
    ours = (ROOT, ROOT / "unrolled", ROOT / "rnnlib", Path("/tmp"), Path("/dev/shm"))
    for place in (world.course.root, world.home, world.outside, *ours):
        assert not list(place.glob("*attacked*"))


def outlived() -> list[str]:
    """The processes that are left of a student's: marked, or of a user number of the sandbox.

    Those below another test run, which may grade at the same time, are its own.
    """
    us = psutil.Process()
    above = {us, *us.parents()}
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            words, parents = " ".join(process.cmdline()), process.parents()
            others = [p for p in parents if p not in above and p.pid != 1 and p.name() != "bwrap"]
            ours = us in parents or not others
            if MARK in words or (process.uids().real >= 200_000 and ours):
                found.append(words)
    return found


def test_no_process_outlives_the_run(world):
    for _ in range(600):
        if not outlived():
            break
        time.sleep(0.1)
    assert outlived() == []


# the attacks are real


def weakened(*flags: str) -> list[str]:
    """A sandbox that still lets nothing be written or reached, but shows the whole disk."""
    walls = ["bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/"]
    return [*walls, "--dev", "/dev", "--proc", "/proc", *flags, "--"]


def test_where_answers_and_checks_share_a_process_the_attacks_on_checks_succeed(world):
    key = "fools a grader in one process"
    fooling = {name: a for name, a in CORPUS.items() if key in a.about}
    assert len(fooling) >= 14
    assignment = world.course.assignment(ASSIGNMENT)
    lines = [json.dumps(as_notebook(a, assignment, world)) for a in fooling.values()]
    done = subprocess.run(
        [*weakened("--setenv", "TMPDIR", "/dev/shm"), sys.executable, "-B",
         str(ATTACKS / "one_process.py")],
        input="\n".join(lines), cwd=ROOT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    passed = dict(zip(fooling, map(json.loads, done.stdout.splitlines()), strict=True))
    meant = {name: set(attack.about[key].split()) for name, attack in fooling.items()}
    assert not {name: passed[name] for name in fooling if not meant[name] <= set(passed[name])}


WEAKENINGS = {
    "where the machine's files are there to be read": [],
    "where the environment is passed on": ["--setenv", "CANARY", f"canary-in-environment-{TOKEN}"],
    "where the network is there": ["--share-net"],
}


@pytest.mark.parametrize(
    "attack", [a for a in CORPUS.values() if "reads" in a.about], ids=lambda a: a.name
)
def test_where_the_wall_has_a_hole_the_attacks_that_read_find_a_canary(world, attack):
    flags = WEAKENINGS[attack.about["reads"]]
    cell = world.filled(attack.cells["elman-step"])
    done = subprocess.run(
        [*weakened(*flags), sys.executable, "-c", cell], capture_output=True, text=True, timeout=60
    )
    assert TOKEN in done.stderr


def test_where_the_gradebook_is_in_reach_the_attack_on_it_succeeds(world, tmp_path):
    shutil.copy(world.course.root / "gradebook.db", tmp_path)
    cell = CORPUS["writes-the-gradebook"].cells["elman-step"].replace("@COURSE@", str(tmp_path))
    reach = weakened("--bind", str(tmp_path), str(tmp_path))
    subprocess.run([*reach, sys.executable, "-c", cell], check=True, timeout=60)
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db", world.course.id) as book:
        assert book.find_submission(ASSIGNMENT, "writes-the-gradebook").score == 100 * len(MOST)
