"""A course begun by one command: its few files, of which none is ever overwritten."""

import pytest
from courses import ROOT

from unrolled.cli.main import main
from unrolled.course.course import CONFIG, Course
from unrolled.course.roster import Roster


def test_a_new_course_can_be_released_from_at_once(tmp_path, capsys):
    root = tmp_path / "Netze & Co 2026"
    assert main(["init", str(root), "jordan", "elman"]) == 0
    assert "unrolled release elman" in capsys.readouterr().out
    course = Course(root)
    assert course.id == "Netze-Co-2026"
    assert course.assignments() == ["elman", "jordan"]
    assert course.class_roster() == Roster()
    assert {path.name for path in root.iterdir()} == {
        CONFIG,
        "roster.csv",
        "solutions",
        ".gitignore",
    }
    course.release("elman")
    assert (root / "assignments" / "elman" / "elman.ipynb").is_file()


def test_without_names_it_gets_all_or_none(tmp_path):
    for options, count in (([], len(list(ROOT.glob("solutions/*/rubric.py")))), (["--empty"], 0)):
        root = tmp_path / str(count)
        assert main(["init", str(root), *options]) == 0
        assert len(Course(root).assignments()) == count


def test_its_settings_are_this_projects_but_for_its_name(tmp_path):
    main(["init", str(tmp_path / "new"), "--empty"])
    new, ours = Course(tmp_path / "new").config, Course(ROOT).config
    assert new.CourseDirectory.pop("course_id") == "new"
    ours.CourseDirectory.pop("course_id")
    assert new == ours


def test_every_setting_in_a_comment_is_one_that_a_course_can_have(tmp_path):
    main(["init", str(tmp_path / "new"), "--empty"])
    path = tmp_path / "new" / CONFIG
    lines = path.read_text().splitlines()
    offered = [line.removeprefix("# ") for line in lines if line.startswith("# c.")]
    assert len(offered) >= 6
    path.write_text("\n".join([*lines, *offered]))
    config = Course(tmp_path / "new").config
    assert all(name in config for name in ("Exchange", "Unrolled", "LateSubmissionPlugin"))


def test_nothing_that_is_there_is_overwritten(tmp_path, capsys):
    (tmp_path / "roster.csv").write_text("id\nann\n")
    (tmp_path / "solutions" / "elman").mkdir(parents=True)
    (tmp_path / "solutions" / "elman" / "mine").write_text("mine")
    assert main(["init", str(tmp_path)]) == 0
    assert Course(tmp_path).class_roster().ids == ("ann",)
    assert [p.name for p in (tmp_path / "solutions" / "elman").iterdir()] == ["mine"]
    capsys.readouterr()
    assert main(["init", str(tmp_path)]) == 1
    assert "is a course already" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments, why",
    [(["new", "nonsense"], "no assignment nonsense; this project has: bptt, elman"), (["a/b"], "")],
)
def test_what_cannot_be_begun_is_said_in_one_line(tmp_path, monkeypatch, capsys, arguments, why):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").write_text("a file")
    assert main(["init", *arguments]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert why in line and not (tmp_path / "new").exists()
