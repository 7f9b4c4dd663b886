"""Students get no notebook whose own solution fails; a dry run sees what is not yet released."""

import json
import re
import shutil

import courses
import nbformat
import pytest
from courses import ASSIGNMENT, submit

from unrolled.cli.main import main
from unrolled.course.roster import Roster

JORDAN = "jordan"


@pytest.fixture
def course(tmp_path, bubblewrap):
    course = courses.make(tmp_path / "course")
    return course


def source(course, name=ASSIGNMENT):
    return course.root / "solutions" / name / f"{name}.ipynb"


def edit(path, old, new):
    """Change some text of a notebook's cells."""
    notebook = nbformat.read(path, as_version=4)
    changed = 0
    for cell in notebook.cells:
        changed += cell.source.count(old)
        cell.source = cell.source.replace(old, new)
    assert changed
    path.write_text(nbformat.writes(notebook))


def set_points(path, cell, points):
    notebook = json.loads(path.read_text())
    for one in notebook["cells"]:
        if one["metadata"].get("nbgrader", {}).get("grade_id") == cell:
            one["metadata"]["nbgrader"]["points"] = points
    path.write_text(json.dumps(notebook))


def released(course):
    path = course.root / "assignments" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    return path.read_text() if path.exists() else None


def release(course, *options):
    return main(["release", ASSIGNMENT, "--course", str(course.root), *options])


def test_a_right_solution_is_released_and_its_source_stays_as_it_is(course):
    before = source(course).read_bytes()
    (course.root / "assignments" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb").unlink()
    assert release(course) == 0
    assert source(course).read_bytes() == before and "your answer here" in released(course)


@pytest.mark.parametrize(
    "old, new, told",
    [
        ("[3, 1, 0],", "[3, 1, 1],", "ex1-by-hand: .* of 4 points"),
        ("check_by_hand(notes_elman(),", "check_by_hand(network,", "NameError.* name 'network'"),
        ("from unrolled import check_by_hand", "", "NameError.* name 'check_by_hand'"),
    ],
)
def test_a_solution_that_does_not_earn_everything_is_not_released(course, capsys, old, new, told):
    edit(source(course), old, new)
    before, kept = source(course).read_bytes(), released(course)
    assert release(course) == 1
    err = capsys.readouterr().err
    assert "its own solution does not earn everything" in err and re.search(told, err), err
    assert (source(course).read_bytes(), released(course)) == (before, kept)


def test_what_the_rubric_writes_is_filled_in(tmp_path, bubblewrap, capsys):
    course = courses.make(tmp_path / "course")
    ours = courses.ROOT / "solutions" / JORDAN
    shutil.copytree(ours, course.root / "solutions" / JORDAN)
    before = nbformat.read(ours / f"{JORDAN}.ipynb", as_version=4)
    emptied = nbformat.from_dict(json.loads(json.dumps(before)))
    regions = 0
    for cell in emptied.cells:
        cell.source, n = re.subn(
            r"(# from the rubric\n).*?(# until here)", r"\1\2", cell.source, flags=re.S
        )
        regions += n
    assert regions
    source(course, JORDAN).write_text(nbformat.writes(emptied))
    assert main(["release", JORDAN, "--course", str(course.root)]) == 0
    assert "what the rubric says was written into" in capsys.readouterr().err
    filled = nbformat.read(source(course, JORDAN), as_version=4)
    assert [c.source for c in filled.cells] == [c.source for c in before.cells]


def test_an_assignment_without_a_rubric_is_released_by_nbgrader_alone(course):
    (source(course).parent / "rubric.py").unlink()
    edit(source(course), "[3, 1, 0],", "[3, 1, 1],")
    assert release(course) == 0


def test_a_latecomer_is_added_and_nobody_is_forgotten(course, tmp_path):
    shutil.copytree(courses.ROOT / "solutions" / JORDAN, course.root / "solutions" / JORDAN)
    given = {}
    for students in ("ann,Ann\nbob,Bob", "late,Late"):
        roster = tmp_path / "roster.csv"
        roster.write_text(f"id,first_name\n{students}\n")
        course.release_per_student(JORDAN, Roster.read(roster))
        given |= {p: p.read_text() for p in (course.root / "per-student").rglob("*.ipynb")}
    assert course.roster(JORDAN).ids == ("ann", "bob", "late")
    assert len(given) == 3 and all(path.read_text() == text for path, text in given.items())
    # names and addresses are nobody's business there
    assert (course.root / "per-student" / f"{JORDAN}.csv").read_text() == "id\nann\nbob\nlate\n"


def test_a_dry_run_reads_the_points_of_the_source(course, capsys):
    submit(course, "ann")
    grade = ["grade", ASSIGNMENT, "--course", str(course.root), "--jobs", "1"]
    assert main(grade) == 0
    capsys.readouterr()
    assert main([*grade, "--dry-run"]) == 0
    assert capsys.readouterr().out == "Nobody's points would change.\n"
    set_points(source(course), "ex1-by-hand-check", 7)
    kept = released(course)
    assert main([*grade, "--dry-run"]) == 0
    [row] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("ann")]
    assert row.split() == ["ann", "27", "30", "+3", "ex1-by-hand"]
    assert released(course) == kept
    # until it is released, nothing changes, and that is said
    assert main(grade) == 0
    told = capsys.readouterr()
    assert "ex1-by-hand-check has 7 points in the source, and 4 in what was released" in told.err
    assert release(course) == 0 and main(grade) == 0
    assert " 30 " in next(x for x in capsys.readouterr().out.splitlines() if x.startswith("ann"))
