"""No word that a student is told comes after a hidden case: in which order a hand-in is judged."""

from __future__ import annotations

import courses
import nbformat
import pytest

from unrolled.judging import judge as judging
from unrolled.judging import running
from unrolled.judging.judge import FAILED, judge
from unrolled.judging.submission import parse
from unrolled.judging.variants import Variant
from unrolled.sandbox.containers import Limits, Session, fork_server

pytestmark = pytest.mark.usefixtures("bubblewrap")
ALL_RIGHT = [4, 4, 4, 4, 6, 5, None]
QUICK = Limits(seconds=3, cpu_seconds=2)


@pytest.fixture(scope="module")
def assignment(tmp_path_factory):
    course = courses.make(tmp_path_factory.mktemp("course"))
    return course.assignment(courses.ASSIGNMENT)


def judged(assignment, sample="right", limits=QUICK, **answers):
    """The verdicts on a sample, some of its answers replaced (``_`` for ``-`` in their ids)."""
    notebook = nbformat.reads(courses.sample(sample, assignment), 4)
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "").replace("-", "_")
        cell.source = answers.get(name, cell.source)
    content = nbformat.writes(notebook).encode()
    found = parse(content, "elman-jordan.ipynb", assignment.released)
    return judge(found, assignment.released, assignment.questions, assignment.points, limits)


def test_cells_and_public_cases_of_all_questions_come_before_the_first_hidden_case(
    assignment, monkeypatch
):
    happened = []
    cells, cases = Session.run, judging._run_cases

    def run(session, *arguments):
        happened.append("cells")
        return cells(session, *arguments)

    def run_cases(session, question, asked):
        happened.extend("hidden" if case.hidden else "public" for case in asked)
        return cases(session, question, asked)

    monkeypatch.setattr(Session, "run", run)
    monkeypatch.setattr(judging, "_run_cases", run_cases)
    assert [v.points for v in judged(assignment)] == ALL_RIGHT
    first = happened.index("hidden")
    assert set(happened[first:]) == {"hidden"}
    assert happened[:first].count("public") == 3
    assert happened.count("hidden") > 10


SPY = """
import os, time
def keep(value):
    {keep}
def seen():
    {seen}
def elman_step(*values, **named):
    keep(float(np.ravel(list(named.values())[0] if named else values[0])[0]))
    raise ValueError("step")
"""
TELL = """
def {name}(*values, **named):
    raise ValueError(f"SEEN {{seen()}}")
"""
WAYS = {
    "by the time of a device": (
        "os.utime('/dev/null', (value * 1e6 % 1e9, value * 1e6 % 1e9))",
        "return os.stat('/dev/null').st_mtime",
    ),
    "by a count of processes": (
        "[os.waitpid(os.posix_spawn('/python/bin/python3', ['x', '-c', ''], {}), 0)"
        " for _ in range(int(abs(value) * 5))]",
        "return os.getpid()",
    ),
    "by a file": ("open('/home/x', 'w').write(str(value))", "return os.listdir('/home')"),
    "by a limit": (
        "__import__('resource').setrlimit(4, (int(abs(value) * 9), int(abs(value) * 9)))",
        "return __import__('resource').getrlimit(4)",
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_whatever_way_a_student_finds_a_number_of_a_hidden_case_is_in_no_word(assignment, way):
    """The same hand-in, judged with two other hidden cases, is told the same."""
    keep, seen = WAYS[way]
    spy = SPY.format(keep=f"try: {keep}\n    except Exception: pass", seen=seen)
    told = []
    for seed in (b"one", b"two"):
        own = assignment.with_variant(Variant(seed))
        verdicts = judged(
            own,
            elman_step=spy,
            elman_forward=TELL.format(name="elman_forward"),
            jordan_forward=TELL.format(name="jordan_forward"),
        )
        told.append([reason for verdict in verdicts for reason in verdict.reasons])
    assert "SEEN" in str(told[0])
    if way == "by a count of processes":
        assert "SEEN 1" in str(told[0]), "each question counts from 1"
    if way != "by the time of a device":  # the machine itself may use its device
        assert told[0] == told[1]


@pytest.mark.parametrize(
    "error", [RuntimeError("a fault"), MemoryError(), RecursionError(), OverflowError("10**400")]
)
def test_where_the_judge_fails_on_one_question_the_others_are_judged(
    assignment, monkeypatch, error, capsys
):
    real = judging.hand_computation

    def fail(true, got):
        if true is assignment.questions[1].true:
            raise error
        return real(true, got)

    monkeypatch.setattr(judging, "hand_computation", fail)
    verdicts = judged(assignment)
    assert [v.points for v in verdicts] == [4, None, 4, 4, 6, 5, None]
    assert (verdicts[1].status, verdicts[1].reasons) == ("not graded", [FAILED])


def test_where_the_judge_fails_on_a_hidden_case_the_others_are_judged(assignment, monkeypatch):
    real = judging.compare_case

    def fail(question, case, got):
        if case.hidden and question.cell == "elman-step":
            raise ZeroDivisionError
        return real(question, case, got)

    monkeypatch.setattr(judging, "compare_case", fail)
    assert [v.points for v in judged(assignment)] == [4, 4, 4, None, 6, 5, None]


FORGED = {
    "integers": "{'returned': 10 ** 400}",
    "a shape": "{'returned': {'array': '', 'dtype': 'float64', 'shape': [50000, 50000, 0]}}",
    "deep": "{'returned': " + "{'list': [" * 30 + "0" + "]}" * 30 + "}",
    "values": "{'values': {'ex1_h': {'array': '', 'dtype': 'bool', 'shape': [0, 9**9]}}}",
    "an error": "{'error': {'type': 'X' * 9**6, 'message': [1], 'line': 10 ** 400}}",
    "no object": "[1]",
    "infinity": "{'returned': 1e999}",
}


@pytest.mark.parametrize("forged", FORGED)
def test_one_forged_answer_costs_one_question(assignment, forged):
    """By the protocol's own descriptor, as the answer to whatever is asked next."""
    write = f"""
import json, os
def elman_step(*values, **named):
    os.write(101, json.dumps({FORGED[forged]}).encode() + b"\\n")
    return 1 / 0
"""
    verdicts = judged(assignment, elman_step=write)
    points = [v.points for v in verdicts]
    assert points == [4, 4, 4, 0, points[4], 5, None]
    assert all(len(reason) < 2100 for verdict in verdicts for reason in verdict.reasons)


def test_a_question_that_lost_its_process_to_another_begins_anew_and_in_silence(
    assignment, monkeypatch
):
    """As where the sandbox itself ended between the cells and the hidden cases."""
    real = running.Running.question
    left = []

    def question(self, answer, *rest):
        found = real(self, answer, *rest)
        if answer == "jordan-forward" and not left:
            left.append(answer)
            fork_server()._process.kill()
            fork_server()._process.wait()
            self.container._lose()
        return found

    monkeypatch.setattr(running.Running, "question", question)
    assert [v.points for v in judged(assignment)] == ALL_RIGHT
    assert left


def test_what_waits_takes_no_part_of_what_comes_after_it(assignment):
    """A question whose threads and processes go on, while others run, costs the others nothing."""
    busy = """
import os, threading
for _ in range(3):
    if os.fork() == 0:
        while True: pass
threading.Thread(target=lambda: [0 for _ in iter(int, 1)], daemon=True).start()
def elman_step(x, h_before, W_x, W_h, W_o, b_h, b_o):
    h = np.maximum(x @ W_x + h_before @ W_h + b_h, 0)
    return h, np.maximum(h @ W_o + b_o, 0)
"""
    points = [v.points for v in judged(assignment, elman_step=busy, limits=Limits(seconds=20))]
    assert [*points[:3], points[5]] == [4, 4, 4, 5]


@pytest.mark.parametrize("name", ["Timeout", "SystemExit", "Warning", "UnicodeWarning", "x" * 99])
def test_of_an_error_in_a_hidden_case_only_a_usual_name_is_told(assignment, name):
    raising = f"""
class {name.title()}(Exception): pass
def elman_step(x, **named):
    if list(x) == [1, -2] or list(x) == [0, 1]:
        raise ValueError("public")
    raise {name.title() if name == "Timeout" or len(name) > 50 else name}("hidden")
"""
    verdict = judged(assignment, elman_step=raising)[3]
    assert name.lower() not in str(verdict.reasons).lower()
    assert any("stops with an error." in reason for reason in verdict.reasons)
