"""Hand-ins that are much alike: found whatever their names are, and shown without obeying them."""

import json
import sys

import courses
import pytest
from courses import ASSIGNMENT, submit, submit_text
from needs import needed

from unrolled.authoring import similarity
from unrolled.authoring.similarity import SimilarityError, alike
from unrolled.cli.main import main

needed("copydetect")

GIVEN = "def forward(xs, W_x, W_h):\n    # your answer here\n"
ONE = """
def forward(xs, W_x, W_h):
    h, hs = np.zeros(W_h.shape[0]), []
    for x in xs:
        z = x @ W_x + h @ W_h
        h = np.maximum(z, 0)
        hs.append(h)
    return np.array(hs)
"""
RENAMED = """
# all my own work
def forward(xs, W_x, W_h):
    state, found = np.zeros(W_h.shape[0]), []
    for item in xs:
        total = item @ W_x + state @ W_h
        state = np.maximum(total, 0)
        found.append(state)
    return np.array(found)
"""
OTHER = """
def forward(xs, W_x, W_h):
    H = np.empty((len(xs) + 1, len(W_h)))
    H[0] = 0
    if not len(xs):
        raise ValueError("nothing to read")
    while t := 1 + locals().get("t", 0):
        H[t] = (lambda a: a * (a > 0))(np.dot(W_x.T, xs[t - 1]) + W_h.T.dot(H[t - 1]))
        if t == len(xs):
            break
    return H[1:]
"""


def pairs(texts, above=0.8, **how):
    return {pair.students: pair for pair in alike(texts, GIVEN, above, **how)}


def test_other_names_and_comments_hide_nothing():
    found = pairs({"ann": ONE, "bob": RENAMED, "cleo": OTHER})
    assert [*found] == [("ann", "bob")]
    assert min(found["ann", "bob"].shares) > 0.9


def test_a_part_of_another_is_found_by_the_smaller_of_both():
    found = pairs({"ann": ONE, "bob": ONE + OTHER.replace("forward", "mine")})
    [pair] = found.values()
    assert pair.shares[0] > 0.9 > 0.7 > pair.shares[1]
    marked = "".join(text for text, same in pair.parts[1] if same)
    assert "hs.append(h)" in marked and "locals" not in marked
    assert "".join(text for text, _ in pair.parts[0]) == ONE


def test_what_all_were_given_and_nothing_at_all_are_like_nobody():
    assert pairs({"ann": GIVEN, "bob": GIVEN, "cleo": "x = 1", "dora": "x = 1"}, 0.01) == {}


def test_who_hands_in_together_is_not_compared():
    texts = {"ann": ONE, "bob": ONE, "cleo": ONE}
    found = pairs(texts, together=[("ann", "bob"), ("ann", "bob"), ("cleo",)])
    assert [*found] == [("ann", "cleo"), ("bob", "cleo")]


@pytest.fixture
def course(tmp_path):
    course = courses.make(tmp_path / "course")
    wrong = '"</mark><script>alert(1)</script>\x1b[2J"\n'
    for student, code in (("ann", ONE), ("bob", RENAMED), ("cleo", OTHER)):
        submit(course, student, "empty", elman_forward=f"{code}\nnote = {wrong}")
    submit_text(course, "dora", "damaged")
    return course


def test_the_command_names_them_and_shows_them_side_by_side(course, capsys):
    assert main(["similar", ASSIGNMENT, "--course", str(course.root)]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[2].split()[:2] == ["ann", "bob"]
    assert "1 pair of 3 hand-ins" in out
    page = (course.root / f"similar-{ASSIGNMENT}.html").read_text()
    assert "ann and bob" in page and "cleo" not in page
    assert "<script" not in page and "\x1b" not in page
    assert main(["similar", ASSIGNMENT, "--course", str(course.root), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["compared"] == 3 and said["pairs"][0]["students"] == ["ann", "bob"]


def test_groups_of_the_roster_are_known(course, capsys):
    (course.root / "roster.csv").write_text("id,group\nann,red\nbob,red\ncleo,\n")
    assert main(["similar", ASSIGNMENT, "--course", str(course.root)]) == 0
    assert "0 pairs of 3 hand-ins" in capsys.readouterr().out


def test_without_the_program_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "copydetect", None)
    with pytest.raises(SimilarityError, match=r"unrolled\[similarity\]"):
        list(similarity.alike({"ann": ONE, "bob": ONE}, "", 0.5))
