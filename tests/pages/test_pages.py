"""What people read after grading: a student's page, the instructor's report, tables to import."""

from __future__ import annotations

import contextlib
import csv
import io
import random
import re
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import courses
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from unrolled.cli import output
from unrolled.course import exports
from unrolled.course.roster import Student
from unrolled.judging.compare import Rows
from unrolled.judging.results import STATUSES, Mark, Result, Verdict
from unrolled.judging.rubric import Written
from unrolled.pages import rendering, statistics
from unrolled.pages.feedback import (
    feedback_page,
    strip,
    strip_in_words,
    to_do_next,
    went_well,
)
from unrolled.pages.report import report_page

ROOT = Path(__file__).parents[2]
SCRIPT = "<script>alert(1)</script>"


@dataclass
class Question:
    """What the pages need to know of one."""

    cell: str
    title: str
    points: str = ""


@dataclass
class Assignment:
    name: str = "elman-jordan"
    title: str = "Elman and Jordan networks"
    notebook: str = "elman-jordan"
    questions: list = field(default_factory=list)
    book: str = ""


EASY, HARD, TEXT = Question("easy", "By hand"), Question("hard", "In code"), Written("text", "Text")
ASSIGNMENT = Assignment(questions=[EASY, HARD, TEXT])


def result(student, easy, hard, status=None, reasons=(), notes=(), seconds=0.1):
    """A hand-in with so many of 4 points each; the text waits."""

    def verdict(question, points, reasons=()):
        told = status or ("correct" if points == 4 else "partly" if points else "wrong")
        return Verdict(question, told, float(points), 4.0, list(reasons))

    verdicts = [verdict(EASY, easy), verdict(HARD, hard, reasons)]
    verdicts.append(Verdict(TEXT, "not graded", None, 3.0, ["A human reads this answer."]))
    return Result(student, verdicts, list(notes), "", seconds)


def page(one, answers=None):
    return feedback_page(ASSIGNMENT, one, answers or {})


def class_page(results, **options):
    return report_page(ASSIGNMENT, results, "feedback/{}/page.html".format, **options)


def png(wide, high):
    out = io.BytesIO()
    Image.linear_gradient("L").resize((wide, high)).save(out, "PNG")
    return out.getvalue()


# a student's page


def explained(figure):
    told = Verdict(
        EASY, "wrong", 0.0, 4.0, ["y(2) is 3."], "a name", "Is the <bias> there?", figure
    )
    return Result("ada", [told], [])


def test_a_known_mistake_comes_with_its_hint_and_a_link_into_the_book(monkeypatch):
    monkeypatch.setattr(ASSIGNMENT, "book", "https://example.org/book/")
    made = page(explained("elman#step-through-it"))
    assert "<strong>Hint.</strong> Is the &lt;bias&gt; there?" in made
    link = (
        '<a href="https://example.org/book/elman.html#step-through-it">elman, “step through it”</a>'
    )
    assert link in made


@pytest.mark.parametrize("book", ["", "javascript:alert(1)//"])
def test_without_an_address_the_place_in_the_book_is_told(book, monkeypatch):
    monkeypatch.setattr(ASSIGNMENT, "book", book)
    made = page(explained("elman"))
    assert "The book shows it: elman." in made
    assert "javascript" not in made and "<a href" not in made.replace('<a href="#', "")


def test_the_report_names_the_wrong_idea_that_several_had():
    results = [replace(explained("elman"), student=name) for name in ("ada", "bob")]
    assert "By hand: a name" in class_page(results)


def test_a_page_says_points_and_that_a_text_waits():
    assert re.search(
        r"<strong>6</strong> of 11 points, and one answer waits", page(result("a", 4, 2))
    )


def test_what_went_well_comes_first_and_what_to_do_next_last():
    html = page(result("ann", 4, 2))
    places = [html.index(words) for words in ("What went well", "<section", "What to do next")]
    assert places == sorted(places)
    assert went_well(result("ann", 4, 2)) == ["By hand", "In code: 2 of 4 points"]
    assert went_well(result("bob", 0, 0)) == []
    assert "What went well" not in page(result("bob", 0, 0))
    assert [one.open for one in to_do_next(result("cy", 1, 0))] == [4, 3]
    assert "until a human has read" in page(result("dee", 4, 4))


def test_a_run_is_told_in_words_and_marks_too():
    steps = ["right", "right", "wrong", "follows", "after"]
    assert strip_in_words(steps) == (
        "Steps 1 to 2 are right. Step 3 is the first that differs. After it these count: 4."
    )
    assert strip_in_words(["right"] * 3) == "All 3 time steps are right."
    assert strip_in_words(["wrong"]) == "Step 1 is the first that differs."
    long = strip(["right"] * 30 + ["wrong"] + ["after"] * 4)
    assert [(part.name, part.status) for part in long] == [
        ("1–30", "right"),
        ("31", "wrong"),
        ("32–35", "after"),
    ]
    html = page(drawn())
    assert re.findall(r'<li class="(?:right|wrong|follows)">(\d+)&nbsp;<b>(.)</b>', html)[:4] == [
        ("1", "✓"),
        ("2", "✗"),
        ("3", "↪"),
        ("4", "✗"),
    ]


def test_hidden_cases_are_a_count_and_their_titles_are_folded():
    html = page(drawn())
    assert "<summary>1 of 3 hidden cases are right.</summary>" in html
    assert html.count("A long one; Others") == 1
    assert html.index("<summary>1 of 3") < html.index("A long one; Others")


def test_without_the_expected_numbers_a_page_says_so_and_holds_none():
    html = feedback_page(ASSIGNMENT, drawn(), {}, withhold=True)
    assert "were expected are not told yet" in html
    assert "<span>expected</span>" not in html and "1.5\n" not in html and "(3, 3, 0)" not in html
    assert "<span>expected</span>" in page(drawn())
    assert "h(2) is not right." in html and "✗" in html


def test_a_file_that_could_not_be_read_is_told_once():
    verdicts = [Verdict(q, "unreadable", None, 4.0, ["It is empty."]) for q in (EASY, HARD)]
    html = page(Result("ann", verdicts, []))
    assert html.count("It is empty.") == 1
    assert "Open the notebook in Jupyter, save it" in html
    report = class_page([Result("ann", verdicts, [])])
    assert "could not be read: It is empty." in report


def test_names_that_are_nearly_the_same_are_pointed_out():
    found = statistics.alike(["Ann", "ann", "bob", "A.nn", "Zoe\u0301", "Zo\u00e9"])
    assert found["ann"] == ["not the same as Ann, A.nn"]
    assert found["Zo\u00e9"] == ["not the same as Zoe\u0301"]
    assert "bob" not in found


def test_what_needs_a_human_eye_links_to_the_page_and_to_formgrader():
    there = "http://localhost/formgrader/{}".format
    html = class_page([drawn()], formgrader=there)
    name = drawn().student
    assert f'<a href="feedback/{name}/page.html">{name}</a>' in html
    assert f'<a href="http://localhost/formgrader/{name}">formgrader' in html
    again = Result(
        "eve", [Verdict(TEXT, "not graded", None, 3.0, ["x"], mark=Mark(2, again=True))], []
    )
    assert "changed after a human had graded it: “Text”" in class_page([again])


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_is_said_in_words_and_has_a_colour(status):
    html = page(result("ann", 0, 0, status))
    assert STATUSES[status] in html
    assert f".{status.replace(' ', '-')}" in html


@given(st.text())
def test_whatever_a_student_wrote_is_shown_and_not_obeyed(text):
    hostile = f"{SCRIPT}{text}</pre><img src=x onerror=alert(1)>"
    one = result(hostile, 0, 0, reasons=[hostile], notes=[hostile])
    for html in (page(one, {"hard": hostile}), class_page([one, one])):
        assert not re.search(r"<(script|img)\b", html, re.IGNORECASE)
        assert "default-src 'none'" in html


def test_marks_that_nobody_sees_are_shown():
    assert rendering.visible("a\x1b[2J\u202eb\x7f\x85") == "a␛[2J⟨U+202E⟩b⟨U+007F⟩⟨U+0085⟩"
    html = page(result("ann", 0, 0, reasons=["\u202ex"]), {"hard": "y = 1\r\n\tz\x00"})
    assert "⟨U+202E⟩x" in html
    assert "y = 1\n\tz␀" in html
    for letter in "\u200b\u2060\ufeff\u00ad\u3164\u115f\u2800\ue000\U000e0041\u034f\u2028\ufe00":
        assert rendering.visible(f"a{letter}b") == f"a⟨U+{ord(letter):04X}⟩b"
    assert rendering.visible("a\u200db") == "a⟨U+200D⟩b", "nothing to be joined"


@pytest.mark.parametrize("name", ["a\x1b[2Jb", "\x9b31m", "a\u202eb", "\x1b]0;title\x07", "a\rb"])
def test_on_a_terminal_nothing_obeys_a_name(name, capsys):
    with contextlib.redirect_stdout(output.Shown(sys.stdout)):
        print(f"{name}: 3 points")
    output.tell(f"{name} cannot be read")
    output.print_json(name=name)
    told = capsys.readouterr()
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", told.out + told.err)


@pytest.mark.parametrize(
    "name", ["Zoë", "علی", "نیم\u200cفاصله", "李", "👩\u200d🔬", "a b", "naïve\n"]
)
def test_names_in_any_script_stay_as_they_are(name):
    assert rendering.visible(name) == name


# the class in numbers


def test_the_share_of_a_question_is_its_mean():
    easy, hard, text = statistics.questions(
        [result("a", 4, 0), result("b", 4, 2), result("c", 2, 0)]
    )
    assert easy.share == pytest.approx(10 / 12)
    assert hard.share == pytest.approx(2 / 12)
    assert text.share is None
    assert easy.statuses == {"correct": 2, "partly": 1}


def test_a_question_that_those_who_know_the_rest_get_right_tells_apart():
    knowing = [result(f"a{n}", 4, 4) for n in range(3)] + [result(f"b{n}", 0, 0) for n in range(3)]
    assert statistics.questions(knowing)[0].discrimination == pytest.approx(1)
    reversed_ = [result("a", 4, 0), result("b", 0, 4), result("c", 2, 2)]
    assert statistics.questions(reversed_)[0].discrimination == pytest.approx(-1)


@pytest.mark.parametrize("points", [[(4, 4)], [(4, 4), (4, 4), (4, 4)], [(4, 0), (4, 4), (4, 2)]])
def test_where_all_earn_the_same_nothing_can_be_said(points):
    results = [result(f"s{n}", *each) for n, each in enumerate(points)]
    assert statistics.questions(results)[0].discrimination is None


def test_what_could_not_be_read_says_nothing_about_a_question():
    unread = result("c", 0, 0)
    verdicts = [Verdict(v.question, "unreadable", 0.0, v.max_points) for v in unread.verdicts]
    easy = statistics.questions([result("a", 4, 0), Result("c", verdicts, [])])[0]
    assert easy.share == 1
    assert easy.statuses == {"correct": 1}


def test_a_class_of_nobody_and_of_one_has_a_report():
    assert "0 hand-ins" in class_page([])
    assert "1 hand-in." in class_page([result("a", 4, 4)])


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=30))
def test_in_the_distribution_everyone_is_counted_once(points):
    results = [result(f"s{n}", *each) for n, each in enumerate(points)]
    bars = statistics.distribution(results)
    assert sum(count for *_, count in bars) == len(results)
    assert len(bars) == 10
    for low, high, count in bars:
        inside = [r for r in results if low <= r.points < high]
        assert count == len(inside) + (sum(r.points == 8 for r in results) if high == 8 else 0)


def test_the_commonest_mistake_comes_first_with_those_who_made_it():
    same = "The example: h(2) is (4, 0), expected (3, 3). Until there all agrees: h(1)."
    results = [
        result("ann", 4, 0, reasons=["f stops with NameError in line 4: no x"]),
        result("bob", 4, 0, reasons=[same]),
        result("cy", 4, 4),
        result("dee", 4, 0, reasons=[same, "0 of 3 hidden cases are right."]),
        result("eve", 4, 0, reasons=["f stops with NameError in line 7: no x"]),
        result("fay", 4, 0, reasons=[same.replace("h(1)", "h(1), y(1)")]),
    ]
    first, second = statistics.mistakes(results)
    assert first.students == ["bob", "dee", "fay"]
    assert first.words == "The example: h(2) is (4, 0), expected (3, 3)."
    assert second.students == ["ann", "eve"]


def test_what_one_student_did_is_a_mistake_of_the_class_only_where_no_other_is():
    alone = result("ann", 4, 0, reasons=["alone"])
    assert [m.words for m in statistics.mistakes([alone])] == ["alone"]
    both = [result(name, 4, 0, reasons=["both"]) for name in ("bob", "cy")]
    assert [m.words for m in statistics.mistakes([alone, *both])] == ["both"]


def test_a_text_that_waits_has_no_share_even_if_some_wrote_none():
    none = result("bob", 4, 4)
    none.verdicts[2] = Verdict(TEXT, "not attempted", 0.0, 3.0)
    assert statistics.questions([result("ann", 4, 4), none])[2].share is None


def test_a_human_is_asked_to_look_at_what_may_be_an_accident_or_an_attack():
    results = [
        result("ann", 4, 4),
        result("bob", 0, 0, "killed"),
        result("cy", 4, 4, notes=["The cell “x” was changed; ours was used."]),
        result("dee", 0, 0, "wrong"),
    ]
    found = {one.student: one.why for one in statistics.for_a_human(results)}
    assert found == {
        "bob": ["ended its process: “By hand”, “In code”"],
        "cy": ["The cell “x” was changed; ours was used."],
    }
    assert statistics.waiting(results) == {"Text": 4}


def test_the_report_tells_time_and_cost():
    results = [result("ann", 4, 4, seconds=0.5), result("bob", 4, 4, seconds=1.5)]
    words = " ".join(class_page(results, wall=1.25).split())
    assert "2 hand-ins in 1.2 s: 2.0 s of judging" in words
    assert "1.00 s for the median hand-in, 1.50 s for the slowest (bob)" in words
    assert "of judging" not in class_page([result("ann", 4, 4, seconds=0)])


def test_the_pictures_have_words():
    html = class_page([result("ann", 4, 4), result("bob", 0, 0)])
    labels = re.findall(r'<svg [^>]*role="img" aria-label="([^"]+)"', html)
    assert labels[0] == "Hand-ins by points: 1 from 0 to 0.8; 1 from 7.2 to 8"
    assert labels[1:] == ["50 %", "50 %"]


# tables for other systems


NAMES = [
    exports.Grade(Student("ann", "Ann", "Ames", "ann@x.org", "4711"), 27.5),
    exports.Grade(Student("bob"), None),
]


def rows(text):
    return list(csv.reader(io.StringIO(text)))


def test_canvas_gets_its_columns_and_a_row_of_points():
    head, possible, ann, bob = rows(exports.canvas_csv(NAMES, "elman-jordan", 30))
    assert head == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "elman-jordan"]
    assert possible[0].strip() == "Points Possible"
    assert possible[-1] == "30"
    assert ann == ["Ames, Ann", "4711", "", "ann", "", "27.5"]
    assert bob[-1] == ""  # what waits for a human is not final, and leaves Canvas alone


def test_moodle_gets_names_points_and_comments():
    head, ann, _ = rows(exports.moodle_csv(NAMES, "elman-jordan", 30))
    assert head[0] == "Username"
    assert ann == ["ann", "4711", "Ann", "Ames", "ann@x.org", "", "27.5", ""]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", " =", "\r@", "＝", "|", "%", "\0="])
@pytest.mark.parametrize("table", [exports.canvas_csv, exports.moodle_csv])
def test_no_cell_is_a_formula(table, start):
    formula = f'{start}HYPERLINK("http://evil","x")'
    grade = exports.Grade(Student(*[formula] * 11), -1.5, formula)
    cells = [cell for row in rows(table([grade], formula, 30)) for cell in row]
    dangerous = re.compile(r"^\s*[=+\-@＝＋－＠|%]")
    assert [cell for cell in cells if dangerous.match(cell)] == ["-1.5"]  # a number stays one


@pytest.mark.parametrize("table", [exports.canvas_csv, exports.moodle_csv])
@pytest.mark.parametrize("separator", [";", "\t", "|", ","])
def test_a_cell_ends_at_no_other_separator(table, separator):
    """A spreadsheet may take a semicolon or a tab for the end of a cell."""
    name = f'a{separator}=HYPERLINK(1){separator}"=1"{separator} +1'
    text = table([exports.Grade(Student(*[name] * 11), 1, name)], name, 30)
    for row in csv.reader(text.splitlines(), delimiter=separator):
        assert not [cell for cell in row if cell.lstrip(' "').startswith(("=", "+"))]


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, max_size=5)
)
def test_a_table_comes_back_as_it_was_written(names):
    table = rows(exports.moodle_csv([exports.Grade(Student(n), 1) for n in names], "a", 30))
    for name, row in zip(names, table[1:], strict=True):
        assert row[0].replace("'", "") == name.replace("\0", "").replace("'", "")


# as people see them


def drawn():
    """A hand-in with all that a page can show."""
    steps = ["right", "wrong", "follows", "wrong", "right", "right"]
    here = Rows("h(2)", ["4", "0", "0"], ["3", "3", "0"], [True, True, False])
    row = Rows("y(4)[2]", ["1.25"] * 9, ["1.5"] * 9, [False] * 8 + [True], start=30)
    told = ["The notes' example: h(2) is (4, 0, 0), expected (3, 3, 0).", "x" * 300]
    hidden = [
        "A long one; Others: h(2) has another value than expected.",
        "1 of 3 hidden cases are right.",
    ]
    by_hand = Verdict(EASY, "partly", 2.5, 4.0, told, withheld=["h(2) is not right.", told[1]])
    code = Verdict(
        HARD, "wrong", 0.0, 4.0, [told[0], *hidden], "an idea", "Is the bias there?", "elman#step"
    )
    code = replace(code, withheld=["h(2) is not right.", *hidden], hidden=hidden, rows=[row])
    text = Verdict(TEXT, "not graded", None, 3.0, ["A human reads this answer."])
    mark = Mark(2, 0.5, "Well said.\nBut why <b>always</b>?")
    verdicts = [
        replace(by_hand, steps=steps, rows=[here]),
        replace(code, steps=["right"] * 40 + ["wrong"] + ["after"] * 9),
        replace(text, mark=mark),
    ]
    return Result(
        "ann.de-la-very-long-name@students.example.org", verdicts, ["One cell was changed."]
    )


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Students' pages and a class's report, as files."""
    folder = tmp_path_factory.mktemp("pages")
    make_pages(folder)
    return folder


def make_pages(folder):
    rng = random.Random(1)
    reasons = [
        "The notes' example: h(2) is (4, 0, 0), expected (3, 3, 0). Until there all agrees: h(1)."
    ]
    results = [
        result(
            f"student-{n:02}.of-a-long-name@students.example.org",
            rng.choice([0, 3, 4, 4]),
            rng.choice([0, 0, 2, 4]),
            None,
            reasons,
        )
        for n in range(30)
    ] + [
        result("student-with-a-rather-long-name-of-many-letters", 0, 0, "killed", ["It ended."]),
        drawn(),
    ]
    there = "http://localhost:8888/formgrader/{}".format
    (folder / "report.html").write_text(class_page(results, wall=3.2, formgrader=there))
    many = [Question(f"q{n}", f"Question {n} with a title") for n in range(14)]
    wide = replace(ASSIGNMENT, questions=many)
    hand_ins = [
        Result(name, [Verdict(q, rng.choice(list(STATUSES)), 1.25, 4.0, ["No."]) for q in many], [])
        for name in ("zoë.long-name-of-a-person@students.example.org", "bob")
    ]
    (folder / "many.html").write_text(report_page(wide, hand_ins, "feedback/{}.html".format))
    answer = {"hard": "def f(x):\n    return x  # " + "a long line " * 20}
    one = feedback_page(ASSIGNMENT, drawn(), answer, {"hard": [png(900, 500)]})
    (folder / "feedback.html").write_text(one)
    right = replace(drawn().verdicts[0], status="correct", points=4.0, steps=["right"] * 4, rows=[])
    well = Result("bob", [replace(right, reasons=["All 4 time steps are right."])], [])
    (folder / "well.html").write_text(page(well))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 390, 800, 1280])
@pytest.mark.parametrize("name", ["feedback", "well", "report", "many"])
def test_a_page_fits_its_screen_and_can_be_read_by_all(browser, axe, shown, name, width, scheme):
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True
    )
    page = context.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((shown / f"{name}.html").as_uri())
    assert [url for url in asked if not url.startswith("data:")] == [page.url]  # and nothing else
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for summary in page.query_selector_all("summary"):
        summary.click()
    page.add_script_tag(path=str(axe))
    found = page.evaluate("axe.run().then(r => r.violations.map(v => v.id + ' ' + v.help))")
    assert found == []
    context.close()


@pytest.mark.parametrize("width", [320, 390, 600, 1280])
@pytest.mark.parametrize("name", ["report", "many"])
def test_all_of_the_class_is_seen_at_any_width(browser, shown, name, width):
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    page.goto((shown / f"{name}.html").as_uri())
    edges = "cells => cells.map(cell => cell.getBoundingClientRect().right)"
    right = page.eval_on_selector_all(".class tbody :is(th, td)", edges)
    assert len(right) > 20 and max(right) <= width
    context.close()


# with a real class


def test_the_tables_hold_what_the_gradebook_holds(tmp_path, bubblewrap):
    from unrolled.running.grading import grade

    course = courses.make(tmp_path / "course")
    assignment = course.assignment(courses.ASSIGNMENT)
    for student in ("right", "empty"):
        courses.submit(course, student, student)
    list(grade(course, assignment, limits=courses.QUICK))
    found, most = exports.grades(course, assignment.name)
    # the first waits for a human, the second has no text to be read
    assert {g.student.id: g.score for g in found} == {"right": None, "empty": 0}
    assert most == 30
