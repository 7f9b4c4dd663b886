"""A class of hand-ins, from the released notebook to the gradebook and the feedback pages."""

import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import courses
import nbformat
import pytest
from nbgrader.api import Gradebook

from unrolled.cli.main import main
from unrolled.course.course import CONFIG, Course, CourseError
from unrolled.judging.judge import judge
from unrolled.judging.results import UNSAFE
from unrolled.judging.rubric import Code
from unrolled.judging.submission import read
from unrolled.running import work
from unrolled.running.grading import by_student, grade
from unrolled.sandbox.bubblewrap import SandboxMissing

ROOT = Path(__file__).parents[2]
ASSIGNMENT = courses.ASSIGNMENT
QUICK = courses.QUICK

# student: points of each question in order (None waits for a human), and statuses where not right
EXPECTED = {
    "right": ([4, 4, 4, 4, 6, 5, None], {}),
    "right-other-style": ([4, 4, 4, 4, 6, 5, None], {}),
    "slip-by-hand": (
        [3, 3, 4, 4, 6, 5, None],
        {"ex1-by-hand": "partly", "ex2-by-hand": "partly"},
    ),
    "bias-forgotten": (
        [4, 4, 4, 0, 0, 0, None],
        {"elman-step": "wrong", "elman-forward": "wrong", "jordan-forward": "wrong"},
    ),
    "memory-not-carried": (
        [4, 4, 4, 4, 1.2, 0, None],
        {"elman-forward": "partly", "jordan-forward": "error"},
    ),
    "transposed": (
        [4, 4, 0, 0, 0, 0, 0],
        {
            "ex3-by-hand": "not attempted",
            "elman-step": "error",
            "elman-forward": "error",
            "jordan-forward": "error",
            "in-words": "not attempted",
        },
    ),
    "empty": ([0] * 7, "not attempted"),
    "damaged-file": ([None] * 7, "unreadable"),
    "endless-loop": ([4, 4, 4, 4, 0, 5, None], {"elman-forward": "timeout"}),
    "fake-score": (
        [4, 0, 0, 0, 0, 0, None],
        {
            "ex2-by-hand": "wrong",
            "ex3-by-hand": "wrong",
            "elman-step": "error",
            "elman-forward": "error",
            "jordan-forward": "wrong",
        },
    ),
}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course with the assignment released and the sample class's hand-ins in it."""
    course = courses.make(tmp_path_factory.mktemp("course"))
    courses.submit_class(course)
    return course


@pytest.fixture(scope="module")
def results(course, bubblewrap):
    """The class, graded once."""
    return {r.student: r for r in grade(course, course.assignment(ASSIGNMENT), limits=QUICK)}


def test_every_sample_has_its_expected_verdict(course):
    assert {p.stem for p in courses.SAMPLE_CLASS.glob("*.txt")} == set(EXPECTED)


@pytest.mark.parametrize("student", EXPECTED)
def test_each_hand_in_gets_what_its_answers_deserve(results, student):
    points, statuses = EXPECTED[student]
    verdicts = results[student].verdicts
    assert [v.points for v in verdicts] == points
    if isinstance(statuses, str):
        assert {v.status for v in verdicts} == {statuses}
    else:
        told = {v.question.cell: v.status for v in verdicts}
        assert {c: s for c, s in told.items() if s not in ("correct", "not graded")} == statuses


def test_the_model_solution_gets_full_marks(course, bubblewrap):
    assignment = course.assignment(ASSIGNMENT)
    solved = course.folder("source", ".", ASSIGNMENT) / f"{ASSIGNMENT}.ipynb"
    verdicts = judge(
        read(solved, assignment.released),
        assignment.released,
        assignment.questions,
        assignment.points,
    )
    assert [v.points for v in verdicts] == [4, 4, 4, 4, 6, 5, None]


def test_a_second_run_gives_the_same(course, results):
    again = by_student(list(grade(course, course.assignment(ASSIGNMENT), limits=QUICK)))
    for result in again:
        before = results[result.student]
        assert [(v.status, v.points, v.reasons) for v in result.verdicts] == [
            (v.status, v.points, v.reasons) for v in before.verdicts
        ]


def reasons(results, student, cell):
    return next(v for v in results[student].verdicts if v.question.cell == cell).reasons


def test_the_reasons_name_the_first_time_step_that_differs(results):
    assert reasons(results, "slip-by-hand", "ex1-by-hand") == [
        "h(2) is (3, 2, 0), expected (3, 1, 0). Until there all agrees: h(1), y(1).",
        "These follow from your own numbers before them, and count: h(3), y(3), h(4), y(4).",
        "3 of 4 time steps count.",
    ]
    assert reasons(results, "memory-not-carried", "elman-forward")[0] == (
        "The notes' example: h(2) is (4, 0, 0), expected (3, 3, 0). "
        "Until there all agrees: h(1), y(1). "
        "Called with x(2) = (1, −2), h_0 = (0, 0, 0), b_h = (1, 0, −1), b_o = (−1, 1)."
    )


def test_the_reasons_say_that_the_reference_is_not_the_answer(results):
    assert "your own code" in " ".join(reasons(results, "fake-score", "elman-step"))


def test_an_error_is_told_with_its_line(results):
    (told,) = reasons(results, "transposed", "jordan-forward")
    assert "SyntaxError in line 1" in told


def test_a_question_that_hangs_leaves_the_others_standing(results):
    told = {v.question.cell: v.status for v in results["endless-loop"].verdicts}
    assert told["elman-step"] == told["jordan-forward"] == "correct"


def test_points_and_reasons_are_in_the_gradebook(course, results):
    with Gradebook(course.db_url, course.id) as book:
        for student, (points, _) in EXPECTED.items():
            assert book.find_submission(ASSIGNMENT, student).score == sum(p or 0 for p in points)
        comment = book.find_comment("ex1-by-hand", ASSIGNMENT, ASSIGNMENT, "slip-by-hand")
        assert comment.auto_comment.startswith("h(2) is (3, 2, 0), expected (3, 1, 0).")
        waiting = book.find_submission(ASSIGNMENT, "right")
        assert waiting.needs_manual_grade
        assert not book.find_submission(ASSIGNMENT, "empty").needs_manual_grade


def test_a_human_grade_survives_a_second_run(course, results):
    where = ("in-words", ASSIGNMENT, ASSIGNMENT, "right")
    with Gradebook(course.db_url, course.id) as book:
        book.find_grade(*where).manual_score = 3
        book.find_comment(*where).manual_comment = "Well said."
        book.db.commit()
    list(grade(course, course.assignment(ASSIGNMENT), limits=QUICK))
    with Gradebook(course.db_url, course.id) as book:
        assert book.find_submission(ASSIGNMENT, "right").score == 30
        assert book.find_comment(*where).comment == "Well said."


def page(course, student):
    return (course.folder("feedback", student, ASSIGNMENT) / f"{ASSIGNMENT}.html").read_text()


def test_a_feedback_page_holds_no_script_and_nothing_unescaped(course, results):
    html = page(course, "fake-score")
    assert "&lt;script&gt;" in html
    assert not re.search(r"<(script|img|iframe|object|embed|link|svg)\b", html, re.IGNORECASE)
    assert "default-src 'none'" in html


def test_no_feedback_page_holds_a_number_of_a_hidden_case(course, results):
    numbers = set()
    for question in course.assignment(ASSIGNMENT).questions:
        if isinstance(question, Code):
            for case in question.cases:
                values = [*case.arguments.values(), *case.expected.values()] if case.hidden else []
                numbers |= {f"{abs(n):.3f}" for value in values for n in value.ravel()}
    numbers -= {"0.000"}
    assert len(numbers) > 100
    for student in EXPECTED:
        shown = {f"{float(n):.3f}" for n in re.findall(r"\d+\.\d{3,}", page(course, student))}
        assert not shown & numbers


def test_the_graded_notebook_is_ours_with_the_students_text(course, results):
    path = course.folder("autograded", "fake-score", ASSIGNMENT) / f"{ASSIGNMENT}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    cells = {c.metadata.get("nbgrader", {}).get("grade_id"): c for c in notebook.cells}
    assert "Agreeable" in cells["ex2-by-hand"].source
    assert cells["ex1-by-hand-check"].source.startswith("# This check follows your numbers")
    assert "4 time steps are right" in cells["ex1-by-hand-check"].outputs[0].text


# one hand-in, made on the spot


@pytest.fixture
def small_course(course, tmp_path):
    """The same course without hand-ins and without a gradebook."""
    shutil.copy(course.root / CONFIG, tmp_path)
    for folder in ("solutions", "assignments"):
        shutil.copytree(course.root / folder, tmp_path / folder)
    return Course(tmp_path)


def submit(course, student, sample="right", **answers):
    """Hand in a sample as ``student``, some answers replaced (``_`` for ``-`` in their ids)."""
    folder = course.folder("submitted", student, ASSIGNMENT)
    folder.mkdir(parents=True)
    text = courses.sample(sample, course.assignment(ASSIGNMENT))
    notebook = nbformat.reads(text, as_version=4)
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        cell.source = answers.get(name.replace("-", "_"), cell.source)
    (folder / f"{ASSIGNMENT}.ipynb").write_text(nbformat.writes(notebook))


def graded(course, student):
    """The statuses of one hand-in's questions, by id."""
    results = grade(course, course.assignment(ASSIGNMENT), limits=QUICK)
    result = next(r for r in results if r.student == student)
    return {v.question.cell: v.status for v in result.verdicts}


def test_a_cell_that_hangs_or_dies_is_left_out_of_later_questions(small_course, bubblewrap):
    submit(small_course, "ann", elman_step="while True: pass", ex1_by_hand="import os; os._exit(1)")
    told = graded(small_course, "ann")
    assert told["ex1-by-hand"] == "killed"
    assert told["elman-step"] == "timeout"
    assert told["ex2-by-hand"] == told["jordan-forward"] == "correct"
    assert told["elman-forward"] == "error"  # it calls elman_step, which is not there


def test_a_function_that_hangs_when_called_still_counts_as_defined(small_course, bubblewrap):
    helper = "relu = lambda a: np.maximum(a, 0)\n"
    hang = "def elman_forward(xs, **rest):\n    while True: pass"
    jordan = """def jordan_forward(xs, y_0, W_x, W_h, W_o, b_h, b_o):
    hs, ys, y = [], [], y_0
    for x in xs:
        hs.append(relu(x @ W_x + y @ W_h + b_h))
        y = relu(hs[-1] @ W_o + b_o)
        ys.append(y)
    return np.array(hs), np.array(ys)"""
    submit(small_course, "ann", elman_forward=helper + hang, jordan_forward=jordan)
    told = graded(small_course, "ann")
    assert told["elman-forward"] == "timeout"
    assert told["jordan-forward"] == "correct"


def test_a_secret_carried_from_one_case_to_the_next_stays_inside(small_course, bubblewrap):
    spy = """seen = []
def elman_step(**arguments):
    seen.append(arguments)
    raise ValueError(f"SECRET {seen}")"""
    submit(small_course, "ann", elman_step=spy)
    assert graded(small_course, "ann")["elman-step"] == "error"
    html = page(small_course, "ann")
    assert html.count("SECRET") == 2  # in the answer itself, and in the message of the public case
    public = "array([ 1., -2.])"
    assert public in html.split("hidden cases are right")[0].replace("&#39;", "'")


def test_without_a_sandbox_nothing_runs_and_the_cure_is_told(small_course, monkeypatch, capsys):
    submit(small_course, "ann")
    monkeypatch.setenv("PATH", "/nowhere")
    assert main(["grade", ASSIGNMENT, "--course", str(small_course.root)]) == 1
    assert "apt-get install bubblewrap" in capsys.readouterr().err
    assert not (small_course.root / "feedback").exists()
    with pytest.raises(SandboxMissing):
        list(grade(small_course, small_course.assignment(ASSIGNMENT)))


def test_unsafe_must_be_typed_and_is_stamped_on_every_result(small_course, monkeypatch, capsys):
    # the only hand-in that ever runs outside the sandbox is the model solution, which is ours
    submit(small_course, "ann", "right")
    assert main(["grade", ASSIGNMENT, "--course", str(small_course.root), "--unsafe"]) == 0
    assert UNSAFE in capsys.readouterr().err
    assert UNSAFE in page(small_course, "ann")
    assert UNSAFE in (small_course.root / f"report-{ASSIGNMENT}.html").read_text()
    with Gradebook(small_course.db_url, small_course.id) as book:
        for cell in ("ex1-by-hand", "elman-step"):
            comment = book.find_comment(cell, ASSIGNMENT, ASSIGNMENT, "ann").auto_comment
            assert comment.startswith(UNSAFE)


def test_a_graded_class_shows_its_table(small_course, bubblewrap, capsys):
    submit(small_course, "ann")
    submit(small_course, "Zoë <b>", "empty")
    assert main(["grade", ASSIGNMENT, "--course", str(small_course.root)]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^ann .* 27  all right$", out, re.MULTILINE)
    assert re.search(r"^Zoë <b> .* 0  not attempted$", out, re.MULTILINE)
    report = (small_course.root / f"report-{ASSIGNMENT}.html").read_text()
    assert "Zoë &lt;b&gt;" in report
    assert "<b>" not in report


def test_a_hand_in_that_is_a_link_is_not_followed(small_course, bubblewrap, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    submit(small_course, "ann")
    (elsewhere / ASSIGNMENT).mkdir()
    (elsewhere / ASSIGNMENT / f"{ASSIGNMENT}.ipynb").write_text("{}")
    (small_course.root / "submitted" / "bob").symlink_to(elsewhere)
    results = {r.student: r for r in grade(small_course, small_course.assignment(ASSIGNMENT))}
    assert results["bob"].remark == "unreadable"
    assert results["ann"].remark == "all right"


def test_a_fault_of_the_grader_in_one_hand_in_does_not_end_the_class(
    small_course, bubblewrap, monkeypatch
):
    def fail_for_ann(assignment, result, *rest):
        if result.student == "ann":
            raise OSError("no space left on device")
        return "page"

    monkeypatch.setattr(work, "feedback_page", fail_for_ann)
    submit(small_course, "ann")
    submit(small_course, "bob")
    assignment = small_course.assignment(ASSIGNMENT)
    with ThreadPoolExecutor(2) as here:  # other processes would not see the fault
        results = {r.student: r for r in grade(small_course, assignment, executor=here)}
    assert results["ann"].remark == "not graded"
    assert results["bob"].points == 27
    with Gradebook(small_course.db_url, small_course.id) as book:
        assert book.find_submission(ASSIGNMENT, "ann").needs_manual_grade


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda root: (root / CONFIG).unlink(), "it has no nbgrader_config.py"),
        (lambda root: shutil.rmtree(root / "solutions"), "solutions is missing"),
        (lambda root: shutil.rmtree(root / "assignments"), "release it: unrolled release"),
        (
            lambda root: (root / "solutions" / ASSIGNMENT / "rubric.py").unlink(),
            "rubric.py is missing",
        ),
        (
            lambda root: (root / "solutions" / ASSIGNMENT / "rubric.py").write_text("1 / 0"),
            "rubric.py line 1 does not run: ZeroDivisionError",
        ),
        (
            lambda root: (root / "solutions" / ASSIGNMENT / "rubric.py").write_text("x = 1"),
            "defines no questions",
        ),
        (lambda root: None, "submitted is missing"),
        (lambda root: (root / "submitted" / "ann").mkdir(parents=True), "nobody handed in"),
    ],
)
def test_a_course_that_cannot_be_graded_says_why_in_one_line(small_course, capsys, spoil, words):
    spoil(small_course.root)
    assert main(["grade", ASSIGNMENT, "--course", str(small_course.root)]) == 1
    err = capsys.readouterr().err
    assert words in err
    assert err.startswith("unrolled: ")
    assert len(err.strip().splitlines()) == 1


def test_an_unknown_assignment_is_told_with_those_that_there_are(small_course):
    with pytest.raises(
        CourseError, match="unknown assignment 'lstm'; this course has: elman-jordan"
    ):
        small_course.assignment("lstm")
