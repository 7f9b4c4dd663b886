"""Whatever lies where it should not: one line says what, where and what to do."""

import csv
import json
import subprocess

import courses
import pytest
from courses import ASSIGNMENT, ROOT, UNROLLED, notebook, submit
from nbgrader.api import Gradebook

from unrolled.cli import exit_codes
from unrolled.cli.main import main
from unrolled.course.course import environment


@pytest.fixture
def course(tmp_path):
    return courses.make(tmp_path / "course")


def run(capsys, *arguments):
    """A command's exit code, and its lines on standard error that are ours."""
    code = main([str(a) for a in arguments])
    lines = capsys.readouterr().err.splitlines()
    return code, [line for line in lines if line.startswith("unrolled: ")]


def grade(capsys, course):
    return run(capsys, "grade", ASSIGNMENT, "--course", course.root, "--jobs", "1")


def scores(course):
    with Gradebook(course.db_url, course.id) as book:
        return {s.student.id: s.score for s in book.assignment_submissions(ASSIGNMENT)}


def as_zip(course):
    path = course.folder("submitted", "zip", ASSIGNMENT).with_suffix(".zip")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"PK")
    return f"{path} is not a folder: unpack it into {path.with_suffix('')}"


def as_file(course):
    path = course.root / "submitted" / "bob.zip"
    path.write_bytes(b"PK")
    return f"{path} is a file, not a student's folder: unpack or remove it"


def as_link_to_nowhere(course):
    path = course.root / "submitted" / "bob"
    path.symlink_to("/nowhere")
    return f"{path} is a link that leads nowhere, not a student's folder: unpack or remove it"


def as_link(course):
    elsewhere = course.root / "elsewhere"
    (course.root / "submitted" / "ann" / ASSIGNMENT).parent.mkdir(exist_ok=True)
    (elsewhere / ASSIGNMENT).mkdir(parents=True)
    (elsewhere / ASSIGNMENT / f"{ASSIGNMENT}.ipynb").write_text(notebook(course))
    (course.root / "submitted" / "bob").symlink_to(elsewhere)
    return "bob/elman-jordan: The hand-in is a symbolic link, not a folder."


def with_strange_characters(course):
    submit(course, "bob\n\x1b[31m")
    return r"bob\n\x1b[31m has characters in its name that no gradebook can hold: rename it"


def with_bytes_that_are_no_text(course):
    submit(course, "bob\udcff")
    return r"bob\udcff has characters in its name that no gradebook can hold: rename it"


def with_a_long_name(course):
    submit(course, "b" * 200)
    return "has a name of more than 128 characters: rename it"


def damaged(course):
    submit(course, "bob").write_text("{")
    return "elman-jordan.ipynb is damaged: it is not a notebook file."


@pytest.mark.parametrize(
    "hand_in",
    [
        as_zip,
        as_file,
        as_link_to_nowhere,
        as_link,
        with_strange_characters,
        with_bytes_that_are_no_text,
        with_a_long_name,
        damaged,
    ],
)
def test_what_cannot_be_graded_is_told_in_one_line_and_the_rest_is_graded(
    course, bubblewrap, capsys, hand_in
):
    submit(course, "ann")
    words = hand_in(course)
    code, told = grade(capsys, course)
    assert code == exit_codes.NOT_ALL
    assert len(told) == 1
    assert words in told[0]
    assert scores(course)["ann"] == 27
    assert sum(scores(course).values()) == 27


def test_of_two_notebooks_the_named_one_is_graded_and_the_other_told(course, bubblewrap, capsys):
    path = submit(course, "ann")
    path.with_name("copy.ipynb").write_text("{}")
    assert grade(capsys, course) == (0, [])
    assert scores(course) == {"ann": 27}
    [path] = (course.root / ".unrolled" / ASSIGNMENT).glob("*.json")
    kept = json.loads(path.read_text())
    assert "elman-jordan.ipynb was graded, and not copy.ipynb" in kept["result"]["notes"][0]


@pytest.mark.parametrize("name", ["Zoë", "名前", 'o\'neil, "x"', "a b", "%s", "<b>", "-rf", "ann"])
def test_a_students_name_may_be_any_text(course, bubblewrap, capsys, name):
    submit(course, name)
    assert grade(capsys, course) == (0, [])
    assert scores(course) == {name: 27}


def cannot_start(capsys, course, *words):
    code, told = grade(capsys, course)
    assert code == exit_codes.FAILED
    assert len(told) == 1
    for word in words:
        assert word in told[0]


def test_a_folder_that_does_not_exist(tmp_path, capsys):
    code, told = run(capsys, "grade", ASSIGNMENT, "--course", tmp_path / "nowhere")
    assert code == exit_codes.FAILED
    assert told == [
        f"unrolled: {tmp_path / 'nowhere'} does not exist, so has no nbgrader_config.py. "
        "Name a course with --course"
    ]


def test_an_empty_class(course, capsys):
    (course.root / "submitted").mkdir()
    cannot_start(capsys, course, "nobody handed in elman-jordan", "submitted/STUDENT/elman-jordan")


def test_an_unknown_assignment(course, capsys):
    code, told = run(capsys, "grade", "lstm", "--course", course.root)
    assert code == exit_codes.FAILED
    assert told == ["unrolled: unknown assignment 'lstm'; this course has: elman-jordan"]


def test_a_gradebook_of_another_course(course, bubblewrap, capsys, monkeypatch):
    monkeypatch.setenv("PATH", environment()["PATH"])  # nbgrader looks there for alembic
    submit(course, "ann")
    with Gradebook(course.db_url, "chemistry"):
        pass
    cannot_start(capsys, course, "is of another course (chemistry, not unrolled)", "db_url")
    with Gradebook(course.db_url, "chemistry") as book:
        assert book.assignments == []


def test_a_gradebook_that_is_none(course, bubblewrap, capsys):
    submit(course, "ann")
    (course.root / "gradebook.db").write_text("no database, but text that is longer than that" * 99)
    cannot_start(capsys, course, "gradebook.db: file is not a database")


def test_a_gradebook_url_that_is_none(course, bubblewrap, capsys):
    submit(course, "ann")
    with (course.root / "nbgrader_config.py").open("a") as config:
        config.write("\nc.CourseDirectory.db_url = 'oracle'\n")
    cannot_start(capsys, course, "gradebook oracle: Could not parse SQLAlchemy URL")


@pytest.mark.parametrize("scheme", ["postgres", "nosuch", "post gres"])
def test_a_gradebooks_password_is_never_shown(course, bubblewrap, capsys, scheme):
    submit(course, "ann")
    with (course.root / "nbgrader_config.py").open("a") as config:
        config.write(f"\nc.CourseDirectory.db_url = '{scheme}://ann:hush@host/grades'\n")
    code, told = grade(capsys, course)
    assert code == exit_codes.FAILED
    assert "@host/grades" in told[0]
    assert "hush" not in "".join(told)


def test_a_notebook_whose_cells_changed_after_hand_ins_were_graded(course, bubblewrap, capsys):
    submit(course, "ann")
    assert grade(capsys, course) == (0, [])
    path = course.root / "assignments" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    released = json.loads(path.read_text())
    extra = json.loads(json.dumps(released["cells"][1]))
    extra["metadata"]["nbgrader"]["grade_id"] = extra["id"] = "another"
    released["cells"].append(extra)
    path.write_text(json.dumps(released))
    cannot_start(capsys, course, "Cannot add or remove cells", "nbgrader db assignment remove")


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        ("x = 1 / 0", "line 1 does not run: ZeroDivisionError: division by zero"),
        ("x = (", "line 1 does not run: SyntaxError"),
        ("import nowhere", "line 1 does not run: ModuleNotFoundError: No module named 'nowhere'"),
        ("questions = []", "questions must be ByHand, Typed, Code or Written, got none"),
        ("questions = [1]", "questions must be ByHand, Typed, Code or Written, got [1]"),
        (
            "from unrolled.judging.rubric import Code\nquestions = [Code('a', 'c', 'f', [])]",
            "'a' has no hidden case, so that nothing earns its points",
        ),
        (
            "from unrolled.judging.rubric import Written\nquestions = [Written('a', 'A')] * 2",
            "the cell 'a' is asked for twice",
        ),
        (
            "from unrolled.judging.rubric import Written\nquestions = [Written('a', 'A')]",
            "asks for 'a', no answer cell",
        ),
    ],
)
def test_a_rubric_with_a_mistake(course, capsys, mistake, words):
    (course.root / "solutions" / ASSIGNMENT / "rubric.py").write_text(mistake)
    cannot_start(capsys, course, words)


# the commands


def test_help_has_examples_and_exit_codes():
    shown = subprocess.run([UNROLLED, "--help"], capture_output=True, text=True).stdout
    assert "unrolled grade elman --course" in shown
    assert "exit codes:" in shown


def test_a_command_that_is_none_is_another_exit_code(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["grades"])
    assert stopped.value.code == 2


def test_json_is_for_other_programs(course, bubblewrap, capsys):
    submit(course, "ann", "slip-by-hand")
    command = ["grade", ASSIGNMENT, "--course", str(course.root), "--json", "--jobs", "1"]
    assert main(command) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["results"][0]["student"] == "ann"
    assert told["results"][0]["points"] == 25
    assert told["results"][0]["verdicts"][0]["status"] == "partly"
    assert told["problems"] == []


def check(capsys, path, *options):
    code = main(["check", str(path), *options])
    return code, capsys.readouterr()


def test_a_notebook_is_checked_before_it_is_handed_in(course, bubblewrap, capsys):
    path = course.root / "mine.ipynb"
    path.write_text(notebook(course))
    code, said = check(capsys, path)
    assert code == 0
    assert "The notebook is intact." in said.out
    assert "elman-step-check: right" in said.out
    assert said.out.endswith("Ready to be handed in.\n")


def test_a_check_tells_what_is_wrong_missing_and_changed(course, bubblewrap, capsys):
    path = course.root / "mine.ipynb"
    wrong = "def elman_step(x, h_before, W_x, W_h, W_o, b_h, b_o):\n    while True: pass"
    made = json.loads(
        notebook(course, "slip-by-hand", elman_step=wrong, in_words="*Your answer here.*")
    )
    made["cells"][4]["source"] = "print('all right')"
    path.write_text(json.dumps(made))
    code, said = check(capsys, path, "--json")
    assert code == 1
    told = json.loads(said.out)
    assert told["changed"] == ["ex1-by-hand-check"]
    assert told["missing"] == ["in-words"]
    assert "h(2) = (21, −3) does not follow" in told["checks"]["ex2-by-hand-check"]
    assert told["checks"]["elman-step-check"].startswith("your code gave no answer within")
    assert told["checks"]["ex3-by-hand-check"] == ""


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is damaged"),
        ("[]", "is damaged"),
        ('{"cells": 1}', "no cells"),
        ('{"cells": []}', "no cells"),
        ('{"cells": [1, null, {"source": "x"}]}', "is no assignment"),
        ('{"cells": [{"metadata": {"nbgrader": {"grade_id": "a"}}}]}', "is not nbgrader's"),
    ],
)
def test_a_check_of_what_is_no_assignment_says_so(tmp_path, capsys, content, words):
    path = tmp_path / "mine.ipynb"
    path.write_text(content)
    code, told = run(capsys, "check", path)
    assert code == 1
    assert len(told) == 1
    assert words in told[0]


def test_the_doctor_says_what_is_there_and_what_is_not(bubblewrap, capsys, monkeypatch):
    assert main(["doctor"]) == 0
    assert "Grading can start." in capsys.readouterr().out
    monkeypatch.setenv("PATH", "/nowhere")
    assert main(["doctor"]) == 1
    told = capsys.readouterr().out
    assert "MISSING  sandbox" in told
    assert "apt-get install bubblewrap" in told


def test_what_needs_a_human_is_never_exported_as_0(course, bubblewrap, capsys):
    """It is named on standard error, the command ends with 3, and its place in a table is empty."""
    ways = {
        "ann": lambda folder: (folder / f"{ASSIGNMENT}.ipynb").write_text("{"),
        "ben": lambda folder: (folder / "report.pdf").write_bytes(b"%PDF"),
        "cleo": lambda folder: (folder / f"{ASSIGNMENT}.ipynb").write_text(another_assignment()),
        "dan": lambda folder: (folder / f"{ASSIGNMENT}.zip").write_bytes(b"PK no zip"),
        "eve": lambda folder: None,
        "fay": lambda folder: (folder / f"{ASSIGNMENT} (1).ipynb").write_text(
            notebook(course, in_words="*Your answer here.*")
        ),
    }
    for student, put in ways.items():
        folder = course.folder("submitted", student, ASSIGNMENT)
        folder.mkdir(parents=True)
        put(folder)
    code, told = run(capsys, "grade", ASSIGNMENT, "--course", course.root, "--jobs", 1)
    assert code == 3
    for student in ways:
        named = any(f"/{student}/" in line for line in told)
        assert named == (student != "fay"), told
    code, told = run(capsys, "export", ASSIGNMENT, "canvas", "--course", course.root)
    assert code == 3
    assert told
    table = (course.root / f"canvas-{ASSIGNMENT}.csv").read_text()
    points = {row[3]: row[-1] for row in csv.reader(table.splitlines())}
    assert [points[s] for s in ("ann", "ben", "cleo", "dan", "eve")] == [""] * 5
    assert float(points["fay"]) > 20


def another_assignment():
    return (ROOT / "assignments" / "lstm" / "lstm.ipynb").read_text()
