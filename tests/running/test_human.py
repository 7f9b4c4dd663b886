"""What a human gives and sees: points, comments, a second look, pictures, nbgrader's tasks."""

from __future__ import annotations

import base64
import csv
import io
import os
import re
import shutil
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest
import sketch
from hypothesis import given as any_of
from hypothesis import strategies as st
from nbgrader.api import Gradebook
from needs import needed
from PIL import Image
from sketch import NAME, cell_of, notebook, page, picture, png, submit

from unrolled.cli.exit_codes import NOT_ALL
from unrolled.cli.main import main
from unrolled.course import marks
from unrolled.course.course import Course
from unrolled.judging import beside
from unrolled.running import work
from unrolled.running.grading import grade

pytestmark = pytest.mark.usefixtures("bubblewrap")


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    return sketch.make(tmp_path_factory.mktemp("sketch") / "course")


@pytest.fixture
def course(released, tmp_path):
    """The course with nobody in it."""
    shutil.copytree(released.root, tmp_path / "course")
    return Course(tmp_path / "course")


@pytest.fixture(scope="module")
def graded_once(released, tmp_path_factory):
    """The course with two who have handed in, and are graded."""
    root = tmp_path_factory.mktemp("graded") / "course"
    shutil.copytree(released.root, root)
    course = Course(root)
    for student in ("ann", "007"):
        submit(course, student)
    graded(course)
    return course


@pytest.fixture
def class_of_two(graded_once, tmp_path):
    shutil.copytree(graded_once.root, tmp_path / "course")
    return Course(tmp_path / "course")


def graded(course, **how):
    """The class's results, by student."""
    with ThreadPoolExecutor(2) as here:  # it starts at once; the sandbox is the same
        results = grade(course, course.assignment(NAME), executor=here, **how)
        return {result.student: result for result in results}


def verdict(result, cell):
    return next(v for v in result.verdicts if v.question.cell == cell)


def in_formgrader(course, student, cell, points=None, comment=None, extra=None):
    """What formgrader does when somebody types into its boxes."""
    with Gradebook(course.db_url, course.id) as book:
        found = book.find_grade(cell, NAME, NAME, student)
        if points is not None or extra is not None:
            found.manual_score, found.extra_credit = points, extra
            found.needs_manual_grade = points is None and found.auto_score is None
        if comment is not None:
            name = cell.removesuffix("-check")
            book.find_comment(name, NAME, NAME, student).manual_comment = comment
        book.db.commit()


def waits(course, student, cell):
    with Gradebook(course.db_url, course.id) as book:
        return book.find_grade(cell, NAME, NAME, student).needs_manual_grade


def give_all(course, student):
    """All that waits of one student's, in formgrader."""
    for cell, points in (("plot", 2), ("why", 2), ("own-network", 4)):
        in_formgrader(course, student, cell, points, f"Seen: {cell}.")


def exported(course, platform="moodle"):
    """The rows of an export, by the student's name."""
    assert main(["export", NAME, platform, "--course", str(course.root)]) in (0, NOT_ALL)
    text = (course.root / f"{platform}-{NAME}.csv").read_text()
    head, *rows = csv.reader(io.StringIO(text))
    return {row[0]: dict(zip(head, row, strict=True)) for row in rows}


def told(html):
    return " ".join(re.sub(r"<[^>]+>", " ", html.split("<main>")[1]).split())


# what is no plain number


def test_texts_choices_nan_and_complex_numbers_can_be_right(course):
    submit(course, "ann")
    result = graded(course)["ann"]
    assert [v.points for v in result.verdicts] == [4, 4, 4, None, None, None]


def test_and_they_can_be_wrong_each_in_its_own_words(course):
    facts = "activation, both, z, undefined = 'ReLU', 'a', 1 + 3j, 0.0"
    roots = "def roots(b, c):\n    return -np.roots([1, b, c]).astype(complex)"
    submit(course, "ann", facts=facts, roots=roots, say="def say(n):\n    return 'tanh' * n")
    result = graded(course)["ann"]
    found = verdict(result, "facts")
    assert found.reasons == [
        "activation is “ReLU”, expected “tanh”.",
        "both is “a”, expected “a”, “c”.",
        "z is 1+3j, expected 1+2j.",
        "undefined is 0, expected nan.",
        "0 of 4 are right.",
    ]
    assert [v.points for v in result.verdicts[:3]] == [0, 0, 0]
    assert verdict(result, "roots").hint == "What is the sign of b?"
    assert "s is “tanhtanh”, expected “tanh tanh”." in verdict(result, "say").reasons[0]


IN_THEIR_PLACE = {
    "activation = ...": "activation: nothing is filled in yet.",
    "both = [..., ...]": "both: nothing is filled in yet.",
    "z = ...": "z: nothing is filled in yet.",
    "activation = 3": "activation is 3, expected “tanh”.",
    "z = 'one'": "z is of type str, not a number, expected 1+2j.",
    "both = {'a', 'b', 'c'}": "expected “a”, “c”.",
    "undefined = 'nan'": "undefined is of type str, not a number, expected nan.",
}


def test_what_is_typed_in_their_place_is_named(course):
    for n, facts in enumerate(IN_THEIR_PLACE):
        submit(course, f"s{n}", facts=facts)
    results = graded(course)
    for n, words in enumerate(IN_THEIR_PLACE.values()):
        assert words in " ".join(verdict(results[f"s{n}"], "facts").reasons)


# what waits


def test_a_task_and_a_picture_wait_for_a_human_whatever_is_there(course):
    submit(course, "ann", own_network="network = 'mine'")
    submit(course, "bob", plot="# your answer here")
    results = graded(course)
    assert [v.question.title for v in results["ann"].verdicts[3:]] == [
        "A picture",
        "why",
        "Draw your own network",
    ]
    for student in ("ann", "bob"):
        assert verdict(results[student], "own-network").points is None
        assert waits(course, student, "own-network")
    shown = nbformat.read(course.folder("autograded", "ann", NAME) / f"{NAME}.ipynb", as_version=4)
    nbformat.validate(shown)
    assert shown.cells[-1].source == "network = 'mine'"


def test_what_stands_below_a_task_is_shown_and_not_obeyed(course):
    made = notebook(course)
    made.cells += [
        nbformat.v4.new_markdown_cell("<script>alert(1)</script> [x](javascript:alert(1))"),
        nbformat.v4.new_raw_cell("<img src=x onerror=alert(1)>"),
    ]
    made.cells[-1].metadata["format"] = "text/html"
    submit(course, "ann", made)
    graded(course)
    shown = nbformat.read(course.folder("autograded", "ann", NAME) / f"{NAME}.ipynb", as_version=4)
    text, raw = shown.cells[-2:]
    assert (text.cell_type, raw.cell_type) == ("markdown", "code")
    assert "<script" not in text.source and "](" not in text.source


# a human's points and comments


def test_what_formgrader_holds_stands_on_the_page_the_report_and_the_export(class_of_two):
    course = class_of_two
    submit(class_of_two, "ann")
    graded(course)
    assert exported(course)["ann"][NAME] == ""
    give_all(course, "ann")
    in_formgrader(course, "ann", "roots-check", 1.5, "By <b>hand</b>.\nNice.", extra=0.5)
    assert main(["grade", NAME, "--course", str(course.root)]) == 0
    html = page(course, "ann")
    assert "<strong>18</strong> of 22 points." in html
    assert "Seen: own-network." in told(html)
    assert "By &lt;b&gt;hand&lt;/b&gt;.\nNice." in html
    assert "0.5 of the points are extra." in told(html)
    report = (course.root / f"report-{NAME}.html").read_text()
    assert "<strong>18</strong>" in report and "graded by a human" in report
    row = exported(course)["ann"]
    assert row[NAME] == "18"
    assert row["Feedback comments"].splitlines() == [
        "Roots: By <b>hand</b>.",
        "Nice.",
        "A picture: Seen: plot.",
        "why: Seen: why.",
        "Draw your own network: Seen: own-network.",
    ]


def test_nothing_is_judged_again_for_a_mark_and_only_that_page_is_written_anew(
    class_of_two, monkeypatch
):
    def judged(*_):
        raise AssertionError("it was judged again")

    course = class_of_two
    before = {student: page(course, student) for student in ("ann", "007")}
    in_formgrader(course, "ann", "why", 1, "Short.")
    written = os.stat(course.folder("feedback", "007", NAME) / f"{NAME}.html").st_mtime_ns
    monkeypatch.setattr(work, "judge", judged)
    results = graded(course)
    assert verdict(results["ann"], "why").score == 1
    assert page(course, "ann") != before["ann"] and page(course, "007") == before["007"]
    assert os.stat(course.folder("feedback", "007", NAME) / f"{NAME}.html").st_mtime_ns == written


CHANGED = [
    ({"why": "Since it is bounded."}, {"why"}),
    ({"why": "*Your answer here.*"}, {"why"}),
    ({"plot": "curve = 0"}, {"plot"}),
    ({"own_network": "network = 'mine'"}, {"own-network"}),
    ({"say": "def say(n):\n    return n"}, {"say"}),
    ({"say": "def say(n):\n    # it is the same\n    return ' '.join(['tanh'] * n)"}, {"say"}),
    ({"roots": "def roots(b, c):\n    return 0"}, set()),
]


def test_what_was_graded_by_a_human_and_is_handed_in_again_waits_again(course):
    students = [f"s{n}" for n in range(len(CHANGED))]
    for student in students:
        submit(course, student)
    graded(course)
    for student in students:
        give_all(course, student)
        in_formgrader(course, student, "say-check", 4)
    graded(course)
    for student, (answer, _) in zip(students, CHANGED, strict=True):
        submit(course, student, **answer)
    asked = ("plot", "why", "own-network", "say")
    for _ in range(2):  # and goes on waiting
        results = graded(course)
        for student, (_, new) in zip(students, CHANGED, strict=True):
            again = {cell for cell in asked if verdict(results[student], cell).score is None}
            assert (student, again) == (student, new)
            assert all(verdict(results[student], cell).mark.points is not None for cell in asked)
    main(["grade", NAME, "--course", str(course.root)])
    report = (course.root / f"report-{NAME}.html").read_text()
    assert report.count("changed after a human had graded it") == len(CHANGED) - 1
    rows = exported(course)
    for student, (_, new) in zip(students, CHANGED, strict=True):
        assert ("before you handed in again" in told(page(course, student))) == bool(new)
        assert (rows[student][NAME] == "") == bool(new)


def test_a_new_picture_is_a_new_answer(course):
    made = notebook(course)
    cell_of(made, "plot").outputs = [picture(png())]
    submit(course, "ann", made)
    graded(course)
    in_formgrader(course, "ann", "plot", 2)
    graded(course)
    cell_of(made, "plot").outputs = [picture(png(colour="blue"))]
    submit(course, "ann", made)
    assert verdict(graded(course)["ann"], "plot").score is None


def test_once_it_was_looked_at_it_waits_no_more(class_of_two):
    course = class_of_two
    submit(class_of_two, "ann")
    graded(course)
    give_all(course, "ann")
    submit(course, "ann", why="Since it is bounded.")
    graded(course)
    in_formgrader(course, "ann", "why", 3)
    assert graded(course)["ann"].score == 21
    assert exported(course)["ann"][NAME] == "21"


def test_a_flag_in_formgrader_is_in_the_report(class_of_two):
    course = class_of_two
    submit(class_of_two, "ann")
    graded(course)
    with Gradebook(course.db_url, course.id) as book:
        book.find_submission_notebook(NAME, NAME, "ann").flagged = True
        book.db.commit()
    main(["grade", NAME, "--course", str(course.root)])
    report = (course.root / f"report-{NAME}.html").read_text()
    assert re.search(r'<li><a href="feedback/ann/[^"]+">ann</a>: flagged in formgrader', report)


# by a table


def take(course, *rows, head="id,question,points,extra,comment", options=(), name="m.csv"):
    path = course.root / name
    path.write_text("\n".join([head, *rows, ""]), encoding="utf-8")
    return main(["marks", NAME, str(path), "--course", str(course.root), *options])


def test_a_table_is_written_filled_in_and_taken(course, capsys):
    for student in ("ann", "=bob"):
        submit(course, student)
    graded(course)
    assert main(["marks", NAME, "--course", str(course.root)]) == 0
    path = course.root / f"marks-{NAME}.csv"
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    assert [(row["id"], row["question"]) for row in rows] == [
        (student, cell) for student in ("'=bob", "ann") for cell in ("plot", "why", "own-network")
    ]
    for row in rows:
        row["points"], row["comment"] = row["of"], "- fine -"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    assert main(["marks", NAME, str(path), "--course", str(course.root)]) == 0
    assert "6 answers changed, 2 pages written anew." in capsys.readouterr().out
    assert {name: row[NAME] for name, row in exported(course).items()} == {
        "ann": "22",
        "'=bob": "22",
    }
    assert "- fine -" in page(course, "ann")
    assert "<strong>22</strong>" in (course.root / f"report-{NAME}.html").read_text()
    # and taken once more, it changes nothing
    assert main(["marks", NAME, str(path), "--course", str(course.root)]) == 0
    assert "0 answers changed, 0 pages written anew." in capsys.readouterr().out


def test_a_dry_run_shows_what_would_change_and_writes_nothing(class_of_two, capsys):
    course = class_of_two
    submit(course, "ann")
    graded(class_of_two)
    before = page(course, "ann")
    assert take(course, "ann,why,2,,Well said.", options=["--dry-run"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^ann +why +waits +2 “Well said.”$", out, re.M)
    assert "1 answer would change. Nothing was written." in out
    assert page(course, "ann") == before and waits(course, "ann", "why")


@pytest.mark.parametrize(
    ("head", "row", "score", "comment"),
    [
        ("id,question,points", "ann,why,2.5", 2.5, "Before."),
        ("ID; Question ;Points;extra", "ann;why;2,5;0,25", 2.75, "Before."),
        ("id,question,comment", 'ann,why,"two\nlines, said ""so"""', 1, 'two\nlines, said "so"'),
        ("id,question,points,comment", "ann,why,-,-", None, ""),
        ("id,question,extra", "ann,why,1", 2, "Before."),
        ("name,question,id,points", "Ann Lee,why,ann,3", 3, "Before."),
    ],
)
def test_tables_may_come_from_any_spreadsheet(class_of_two, head, row, score, comment):
    course = class_of_two
    submit(course, "ann")
    graded(class_of_two)
    in_formgrader(course, "ann", "why", 1, "Before.")
    (course.root / "m.csv").write_text(f"\ufeff{head}\r\n{row}\r\n", encoding="utf-8", newline="")
    assert main(["marks", NAME, str(course.root / "m.csv"), "--course", str(course.root)]) == 0
    found = verdict(graded(course)["ann"], "why")
    assert found.score == score
    assert (found.mark.comment if found.mark else "") == comment


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("Ann,why,1,,", "line 3: no hand-in of 'Ann' has been graded; is 'ann' meant?"),
        ("7,why,1,,", "no hand-in of '7' has been graded; is '007' meant?"),
        ("ann,wy,1,,", "there is no question 'wy'; there are: facts, roots"),
        ("ann,plot,3,,", "points is 3 of 2; what is beyond goes into extra"),
        ("ann,plot,-1,,", "points is '-1', not a number of points"),
        ("ann,plot,nan,,", "points is 'nan', not a number of points"),
        ("ann,plot,two,,", "points is 'two', not a number of points"),
        ("ann,plot,,inf,", "extra is 'inf', not a number of points"),
        ("ann,why,1,,", "the same answer stands in line 2"),
    ],
)
def test_a_table_with_a_mistake_is_told_and_not_taken_in_part(class_of_two, capsys, row, words):
    course = class_of_two
    for student in ("ann", "007"):
        submit(course, student)
    graded(class_of_two)
    assert take(course, "ann,why,2,,fine", row) == 1
    err = capsys.readouterr().err
    assert words in err and "nothing was written" in err
    assert waits(course, "ann", "why")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"id,points\nann,1\n", "has the columns id, points; needed are id, question"),
        (b"", "has the columns (none); needed are"),
        ("id,question,points,comment\nann,why,1,sch\u00f6n\n".encode("cp1252"), "CSV UTF-8"),
        (
            b'id,question,points\nann,"why,1\n',
            "cannot be read as a table: after line 1: unexpected end",
        ),
    ],
)
def test_a_table_that_is_none_is_told(class_of_two, capsys, content, words):
    course = class_of_two
    submit(course, "ann")
    graded(class_of_two)
    (course.root / "m.csv").write_bytes(content)
    assert main(["marks", NAME, str(course.root / "m.csv"), "--course", str(course.root)]) == 1
    assert words in capsys.readouterr().err


def test_marks_before_anything_is_graded_say_what_to_do(course, capsys):
    submit(course, "ann")
    assert main(["marks", NAME, "--course", str(course.root)]) == 1
    assert f"nobody has been graded yet: unrolled grade {NAME}" in capsys.readouterr().err


def test_what_waits_again_is_not_given_again_unread(class_of_two):
    course = class_of_two
    submit(class_of_two, "ann")
    graded(course)
    give_all(course, "ann")
    submit(course, "ann", why="Since it is bounded.")
    results = [graded(course)["ann"]]
    rows = {row["question"]: row for row in csv.DictReader(io.StringIO(marks.to_fill_in(results)))}
    assert (rows["why"]["given"], rows["why"]["points"]) == ("2", "")
    assert (rows["plot"]["given"], rows["plot"]["points"]) == ("", "2")
    (course.root / "m.csv").write_text(marks.to_fill_in(results))
    assert marks.read(course.root / "m.csv", results) == {}


def test_a_page_of_something_else_stays_until_it_is_graded(class_of_two, capsys):
    course = class_of_two
    submit(course, "ann")
    graded(class_of_two)
    before = page(course, "ann")
    submit(course, "ann", why="Since it is bounded.")
    assert take(course, "ann,plot,2,,") == 0
    assert "ann has handed in something else since it was graded" in capsys.readouterr().err
    assert page(course, "ann") == before


# without the expected numbers


def test_pages_can_go_out_without_the_expected_numbers(course):
    wrong = {"facts": "activation, both, z, undefined = 'ReLU', 'a', 1 + 3j, 0.0"}
    submit(course, "ann", roots="def roots(b, c):\n    return np.array([7j, 8j])", **wrong)
    options = ["grade", NAME, "--course", str(course.root)]
    assert main(options) == 0
    open_ = page(course, "ann")
    assert "expected “tanh”" in open_ and "1+2j" in open_
    assert main([*options, "--withhold"]) == 0
    closed = page(course, "ann")
    for secret in ("expected “", "1+2j", "tanh”", "expected nan", "−1+2j", "-1+2j"):
        assert secret not in closed
    assert "z is 1+3j, which is not right." in closed
    assert "are not told yet" in closed
    # a mark does not bring them back; grading without the option does
    assert take(course, "ann,why,2,,fine") == 0
    assert "fine" in page(course, "ann") and "1+2j" not in page(course, "ann")
    assert main(options) == 0
    assert "1+2j" in page(course, "ann")


# pictures


def drawn(course, student):
    """The pictures on a student's page."""
    coded = re.findall(r'<img src="data:image/png;base64,([^"]+)"', page(course, student))
    return [Image.open(io.BytesIO(base64.b64decode(text))) for text in coded]


def test_pictures_are_kept_for_the_human_and_the_page(course):
    made = notebook(course)
    cell_of(made, "plot").outputs = [picture(png(colour="red"))]
    beside = nbformat.v4.new_code_cell("plt.show()", outputs=[picture(png(colour="blue"))])
    made.cells.insert(made.cells.index(cell_of(made, "plot")) + 1, beside)
    made.cells.append(nbformat.v4.new_code_cell("draw()", outputs=[picture(png(colour="lime"))]))
    text = cell_of(made, "why")
    text.source += "\n\n![](attachment:a.png)"
    text.attachments = {"a.png": {"image/png": base64.b64encode(png(colour="black")).decode()}}
    submit(course, "ann", made)
    graded(course)
    colours = [image.convert("RGB").getpixel((0, 0)) for image in drawn(course, "ann")]
    assert colours == [(255, 0, 0), (0, 0, 255), (0, 0, 0), (0, 255, 0)]
    shown = nbformat.read(course.folder("autograded", "ann", NAME) / f"{NAME}.ipynb", as_version=4)
    nbformat.validate(shown)
    outputs = [o for c in shown.cells for o in c.get("outputs", ()) if "data" in o]
    assert len(outputs) == 4 and all("image/png" in o.data for o in outputs)
    assert len(cell_of(shown, "plot").outputs) == 2


DRAWS = """import matplotlib.pyplot as plt
plt.plot(np.tanh(np.linspace(-2, 2)))
plt.show()
plt.figure()
plt.imshow(np.eye(3))"""


def test_what_a_cell_draws_is_drawn_where_it_is_graded(course):
    needed("matplotlib")
    submit(course, "ann", plot=DRAWS, own_network="plt.bar([1, 2], [3, 4])")
    random = "import matplotlib.pyplot as plt\nplt.imshow(np.random.rand(9, 9))"
    submit(course, "bob", plot=random)
    forged = "import matplotlib.figure\nmatplotlib.figure.Figure.savefig = lambda _, f, **k: {}"
    for n, does in enumerate(("f.write(b'x' * 10**7)", "1 / 0", "f.write(b'<svg/>')")):
        submit(course, f"hostile-{n}", plot=f"{forged.format(does)}\n{DRAWS}")
    graded(course)
    assert len(drawn(course, "ann")) == 3
    assert all(image.size > (200, 200) for image in drawn(course, "ann"))
    assert [drawn(course, f"hostile-{n}") for n in range(3)] == [[], [], []]
    # it stays when a human has graded, and is no new answer when it is drawn anew
    for student in ("ann", "bob"):
        in_formgrader(course, student, "plot", 1.5)
    submit(course, "bob", plot=random, why="Since it is bounded.")
    results = graded(course)
    assert verdict(results["ann"], "plot").score == verdict(results["bob"], "plot").score == 1.5
    assert len(drawn(course, "ann")) == 3 and len(drawn(course, "bob")) == 1
    shown = nbformat.read(course.folder("autograded", "ann", NAME) / f"{NAME}.ipynb", as_version=4)
    assert len(cell_of(shown, "plot").outputs) == 2


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def forged(wide, high, data=b"", extra=b""):
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", wide, high, 8, 0, 0, 0, 0))
    return beside.SIGNATURE + head + extra + chunk(b"IDAT", data) + chunk(b"IEND", b"")


HOSTILE = {
    "no picture": b"<script>alert(1)</script>",
    "its beginning alone": beside.SIGNATURE,
    "a bomb": forged(1_000_000, 1_000_000, zlib.compress(bytes(1000))),
    "of many pixels": forged(100_000, 200, zlib.compress(bytes(20_100_000))),
    "of no size": forged(0, 10),
    "cut off": png(100, 100)[:60],
    "another format": b"GIF89a" + bytes(40),
    "SVG": b"<svg onload='alert(1)'/>",
    "a text bomb": forged(
        1, 1, zlib.compress(b"\0\0"), chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(90_000_000)))
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_picture_or_too_large_is_left_out(kind):
    cell = {"outputs": [{"data": {"image/png": base64.b64encode(HOSTILE[kind]).decode()}}]}
    assert beside.pictures({"plot": [cell]}) == {}


@pytest.mark.parametrize(
    "outputs",
    [
        None,
        "x",
        [1],
        [{"data": 3}],
        [{"data": {"image/png": 3}}],
        [{"data": {"image/png": "%%%"}}],
        [{"data": {"image/png": [1, 2]}}],
        [{"data": {"image/svg+xml": "<svg/>"}}],
    ],
)
def test_outputs_of_any_form_are_no_pictures(outputs):
    assert beside.pictures({"plot": [{"outputs": outputs, "attachments": outputs}]}) == {}


def test_nothing_of_the_file_goes_on_but_its_pixels():
    comment = chunk(b"tEXt", b"Comment\0<script>secret</script>")
    whole = png(8, 8)
    made = beside.made_anew(whole[:33] + comment + whole[33:] + b"after the end: secret")
    assert b"secret" not in made
    assert Image.open(io.BytesIO(made)).convert("RGB").getpixel((3, 3)) == (255, 0, 0)


def noise(wide, high):
    out = io.BytesIO()
    Image.frombytes("RGB", (wide, high), os.urandom(wide * high * 3)).save(out, "PNG")
    return out.getvalue()


def test_a_page_stays_small_however_many_and_large_they_are():
    coded = {"data": {"image/png": base64.b64encode(noise(1500, 900)).decode()}}
    cells = {f"a{n}": [{"outputs": [coded] * 6}] for n in range(9)}
    found = beside.pictures(cells)
    kept = [picture for pictures in found.values() for picture in pictures]
    assert 4 < len(kept) <= beside.MOST_ON_A_PAGE
    assert all(len(pictures) <= beside.MOST_PICTURES for pictures in found.values())
    assert all(len(picture) <= beside.MOST_BYTES for picture in kept)


@any_of(st.binary(max_size=300), st.integers(8, 80))
def test_a_damaged_picture_is_none_or_a_picture(noise, at):
    whole = bytearray(png(20, 20))
    whole[at : at + len(noise)] = noise
    made = beside.made_anew(bytes(whole)) if beside._size(bytes(whole)) < 10_000 else b""
    if made:
        Image.open(io.BytesIO(made)).load()
