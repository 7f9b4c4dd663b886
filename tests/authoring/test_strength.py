"""The assignments turn away what is wrong and accept what is right; a mutant is a small fault."""

from __future__ import annotations

import ast
import json
import shutil
from pathlib import Path

import nbformat
import pytest
from courses import ROOT, marked
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from unrolled.authoring import strength
from unrolled.authoring.mutants import mutants
from unrolled.course.course import Course
from unrolled.running import executors

ASSIGNMENTS = [path.parent.name for path in sorted(ROOT.glob("solutions/*/rubric.py"))]
STORED = ROOT / "benchmarks" / "results" / "strength.json"

FORWARD = '''
def forward(xs, W, b):
    """What it does."""
    ys = []
    for x in xs:
        y = np.maximum(0, x @ W + b)
        ys.append(y)
    return np.array(ys), len(xs)
'''


@pytest.fixture(scope="module")
def pool():
    with executors.local() as pool:
        yield pool


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_an_assignment_tells_right_from_wrong(name, pool, bubblewrap):
    found = strength.measure(Course(ROOT), name, pool)
    assert found.killed > 20
    assert found.survivors == []
    assert len(found.styles) >= 4 and not any(found.styles.values())
    assert found.told_apart == found.ideas > 0
    assert found.known >= 0.95 * found.ideas, found.mixed_up
    assert found.free == []
    assert found.good
    stored = {one["assignment"]: one for one in json.loads(STORED.read_text())["assignments"]}
    there = strength.Strength(**stored[name])
    assert (tried(found), found.ideas) == (tried(there), there.ideas), (
        "unrolled strength --json > benchmarks/results/strength.json"
    )


def tried(found):
    """What does not depend on how a machine rounds: a mutant in training may lose by a hair."""
    return found.killed + found.equivalent + len(found.survivors), set(found.styles)


def faults():
    return {mutant.what: mutant.text for mutant in mutants(FORWARD)}


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("line 6: x @ W + b → x @ W", "y = np.maximum(0, x @ W)"),
        ("line 6: x @ W + b → x @ W - b", "y = np.maximum(0, x @ W - b)"),
        ("line 6: x @ W → W @ x", "y = np.maximum(0, W @ x + b)"),
        ("line 6: np.maximum → np.minimum", "y = np.minimum(0, x @ W + b)"),
        ("line 6: 0 → 1", "y = np.maximum(1, x @ W + b)"),
        ("line 7: without ys.append(y)", "pass"),
    ],
)
def test_a_mutant_is_one_small_fault(what, line):
    assert line in [each.strip() for each in faults()[what].splitlines()]


def test_every_mutant_is_python_and_differs_from_all_others():
    texts = [ast.unparse(ast.parse(text)) for text in faults().values()]
    assert len(set(texts)) == len(texts) > 10
    assert ast.unparse(ast.parse(FORWARD)) not in texts


def test_what_a_function_does_is_left_as_it_says():
    assert all("What it does." in text for text in faults().values())


WEAK = """
from unrolled.judging.rubric import Case, Code, Wrong

def right(x):
    return x + 1

def same(x):
    return abs(x) + 1

questions = [Code("step", "A step", "step", [Case("one", {"x": 1.0}, {"y": 2.0})],
                  wrong=[Wrong("it is always positive", same, "What of negative numbers?")])]
"""


def test_weak_questions_are_found_out(tmp_path, pool, bubblewrap):
    """One case that does not tell x + 1 from |x| + 1, nor from 2x."""
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    answer = "def step(x):\n    ### BEGIN SOLUTION\n    return x * 2\n    ### END SOLUTION"
    cells = [
        marked(new_markdown_cell("# Weak"), "introduction"),
        marked(new_code_cell(answer), "step", solution=True),
        marked(new_code_cell("assert step(1) == 2"), "step-check", points=1),
    ]
    folder = tmp_path / "solutions" / "weak"
    (folder / "styles").mkdir(parents=True)
    nbformat.write(new_notebook(cells=cells), folder / "weak.ipynb")
    (folder / "rubric.py").write_text(WEAK)
    (folder / "styles" / "wrong.txt").write_text(
        "Not right at all.\n=== step\ndef step(x):\n    return 5\n"
    )
    course = Course(Path(tmp_path))
    course.release("weak")
    found = strength.measure(course, "weak", pool)
    assert found.survivors == ["step, line 3: x * 2 → 2"]
    assert found.styles == {"wrong": ["step"]}
    assert found.told_apart == 0
    assert found.mixed_up == ["step: it is always positive, taken for right"]
    assert not found.good
    assert "survived: step, line 3: x * 2 → 2" in strength.table([found])
