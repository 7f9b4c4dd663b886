"""Of a hand-in, which may be any file at all, only the text of the answer cells is taken."""

import json
import os
import re

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from nbconvert.filters import markdown2html_mistune
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from strategies import NOTEBOOK_JSON

from unrolled.judging.notebook import cell_id, checksum, rebuild
from unrolled.judging.submission import Submission, Unreadable, read


def nbgrader(name, **flags):
    kinds = {"grade": False, "solution": False, "locked": False, "task": False}
    return {"nbgrader": {"grade_id": name, "schema_version": 3, **kinds, **flags}}


@pytest.fixture(scope="module")
def released():
    return new_notebook(
        cells=[
            new_markdown_cell("# Title"),
            new_code_cell("import numpy as np", metadata=nbgrader("setup", locked=True)),
            new_code_cell("# your answer", metadata=nbgrader("one", solution=True)),
            new_code_cell("check(one)", metadata=nbgrader("check", grade=True, points=4)),
            new_markdown_cell("*answer*", metadata=nbgrader("two", solution=True, grade=True)),
        ]
    )


@pytest.fixture
def submitted(tmp_path, released):
    """A function that writes a changed copy of the released notebook and reads it as a hand-in."""

    def submit(change):
        notebook = nbformat.from_dict(json.loads(nbformat.writes(released)))
        change(notebook)
        path = tmp_path / "handed-in.ipynb"
        path.write_text(json.dumps(notebook))
        return read(path, released)

    return submit


def test_the_text_of_the_answer_cells_is_taken(submitted):
    def answer(notebook):
        notebook.cells[2].source = "x = 1"

    submission = submitted(answer)
    assert submission == Submission({"one": "x = 1", "two": "*answer*"}, {"one"}, [])


def test_an_untouched_notebook_is_not_attempted(submitted):
    submission = submitted(lambda notebook: None)
    assert submission.attempted == set()
    assert submission.notes == []


def test_a_source_in_lines_is_one_text(submitted):
    def answer(notebook):
        notebook.cells[2].source = ["x = 1\n", "y = 2"]

    assert submitted(answer).answers["one"] == "x = 1\ny = 2"


def test_metadata_outputs_points_and_other_cells_are_ignored(submitted, released):
    def cheat(notebook):
        notebook.cells[2].source = "x = 1"
        notebook.cells[2].metadata.nbgrader.update(points=100, grade=True, locked=True)
        notebook.cells[2].metadata.tags = ["skip-execution"]
        notebook.cells[3].source = "print('all right')"
        notebook.cells[3].metadata.nbgrader.points = 100
        notebook.cells.append(new_code_cell("steal()"))
        notebook.metadata.kernelspec = {"name": "evil", "display_name": "evil"}

    submission = submitted(cheat)
    rebuilt = rebuild(released, submission.answers)
    assert rebuilt.cells[2].source == "x = 1"
    assert rebuilt.metadata == released.metadata
    assert [c.metadata for c in rebuilt.cells] == [c.metadata for c in released.cells]
    assert [c.source for c in rebuilt.cells[3:]] == [c.source for c in released.cells[3:]]
    assert submission.notes == [
        "This cell, which is no answer, was changed or taken out; ours ran instead: “check”."
    ]


def test_cells_may_be_moved_deleted_duplicated_or_turned_to_markdown(submitted):
    def shuffle(notebook):
        notebook.cells[2].source = "x = 1"
        notebook.cells[2].cell_type = "markdown"
        again = nbformat.from_dict(notebook.cells[2])
        again.source = "x = 2"
        notebook.cells = [*reversed(notebook.cells[:4]), again]

    submission = submitted(shuffle)
    assert submission.answers == {"one": "x = 1\n\nx = 2", "two": "*answer*"}
    assert submission.notes == [
        "The cell “one” is there 2 times; all of them ran.",
        "The answer cell “two” is missing from the notebook.",
    ]


@pytest.mark.parametrize(
    "tag", ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</div><!-- ", "<?php"]
)
def test_in_a_written_answer_html_is_shown_and_not_obeyed(released, tag):
    # formgrader turns the text into a page, in the instructor's browser
    written = rebuild(released, {"two": f"a < b and $a<b$, {tag}"}).cells[4].source
    html = markdown2html_mistune(written)
    assert not re.search(r"<(script|img|/div|!--|\?)", html)
    assert "a &lt; b" in html


def test_rebuilding_leaves_the_released_notebook_alone(released):
    before = nbformat.writes(released)
    rebuild(released, {"one": "x = 1"})
    assert nbformat.writes(released) == before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"  \n", "is empty"),
        (b"{", "is damaged"),
        (b"\xff\xfe\x00", "is damaged"),
        (b"[]", "is damaged"),
        (b"null", "is damaged"),
        (b"[" * 200_000, "is damaged"),
        (b"{}", "no cells"),
        (b'{"cells": []}', "no cells"),
        (b'{"cells": {}}', "no cells"),
        (b'{"nbformat": 3, "worksheets": [{"cells": []}]}', "no cells"),
        (b'{"nbformat": 3, "worksheets": [null, {"cells": {}}, []]}', "no cells"),
        (b'{"cells": [{"cell_type": "code", "source": "x = 1"}]}', "Nothing of this assignment"),
        (b'{"cells": [' + b" " * 10_000_000 + b"]}", "larger than 10 MB"),
    ],
    ids=lambda value: value[:12] if isinstance(value, bytes) else "",
)
def test_what_is_no_notebook_is_unreadable_with_a_reason(tmp_path, released, content, words):
    path = tmp_path / "handed-in.ipynb"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match=words):
        read(path, released)


def test_no_file_a_folder_a_pipe_and_a_link_are_unreadable(tmp_path, released):
    with pytest.raises(Unreadable, match="There is no notebook"):
        read(tmp_path / "nothing.ipynb", released)
    with pytest.raises(Unreadable, match="not a file"):
        read(tmp_path, released)
    os.mkfifo(tmp_path / "pipe.ipynb")
    with pytest.raises(Unreadable, match="not a file"):
        read(tmp_path / "pipe.ipynb", released)
    (tmp_path / "secret").write_text('{"cells": [{"source": "secret"}]}')
    (tmp_path / "link.ipynb").symlink_to(tmp_path / "secret")
    with pytest.raises(Unreadable, match="cannot be opened"):
        read(tmp_path / "link.ipynb", released)


@given(notebook=NOTEBOOK_JSON)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_json_is_a_hand_in_or_unreadable_and_nothing_else(tmp_path, released, notebook):
    path = tmp_path / "any.ipynb"
    path.write_text(json.dumps({"cells": notebook}))
    try:
        submission = read(path, released)
    except Unreadable:
        return
    assert all(isinstance(text, str) for text in submission.answers.values())
    nbformat.validate(rebuild(released, submission.answers))


@given(metadata=NOTEBOOK_JSON)
def test_a_cell_of_any_shape_has_an_id_or_none(metadata):
    for cell in (metadata, {"metadata": metadata}, {"metadata": {"nbgrader": metadata}}):
        found = cell_id(cell)
        assert found is None or isinstance(found, str)


def test_a_lone_surrogate_does_not_stop_the_file_from_being_written(submitted):
    def answer(notebook):
        notebook.cells[2].source = "x = '\ud800'"

    submitted(answer).answers["one"].encode("utf-8")


def given_out(text, name, **flags):
    """A cell as nbgrader released it, with its own mark of that."""
    cell = new_code_cell(text, metadata=nbgrader(name, **flags))
    cell.metadata.nbgrader["checksum"] = checksum(cell)
    return cell


@pytest.mark.parametrize(
    "index, flags, before",
    [
        (1, {"locked": True}, "import numpy as np  # teh library"),
        (2, {"solution": True}, "# yuor answer"),
        (3, {"grade": True, "points": 3}, "check(one)  # an older one"),
    ],
)
def test_what_was_released_with_another_text_is_not_altered(submitted, index, flags, before):
    """A typo was mended since: the older notebook is as good, and ours of today counts."""
    names = {1: "setup", 2: "one", 3: "check"}
    old = given_out(before, names[index], **flags)

    def older(notebook):
        notebook.cells[index] = old

    def altered(notebook):
        notebook.cells[index] = nbformat.from_dict(json.loads(json.dumps(old)))
        notebook.cells[index].source += "\nx = 1"

    submission = submitted(older)
    assert (submission.notes, submission.attempted) == ([], set())
    assert submission.answers["one"] == "# your answer"
    assert submitted(altered) != submission


@pytest.mark.parametrize("mark", [None, 3, {}, "", "0" * 32])
@pytest.mark.parametrize("points", [4, "many", 10**400, [1], None])
def test_a_mark_that_is_none_says_nothing(submitted, mark, points):
    def change(notebook):
        notebook.cells[3].source = "altered"
        notebook.cells[3].metadata.nbgrader.update(checksum=mark, points=points)

    assert submitted(change).notes != []
