"""Whatever is handed in, and whatever the sandbox sends: a value or the documented error.

Never another exception, never a hang: a hand-in that broke the grader would cost others theirs.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import json
import os
from pathlib import Path

import nbformat
import numpy as np
from courses import COURSE
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import ANSWERS, ENCODED, FORGED, JSON

from rnnlib import unroll
from rnnlib.examples import notes_elman, notes_inputs
from unrolled.judging import submission
from unrolled.judging.compare import Expected, first_difference, hand_computation
from unrolled.judging.fingerprint import fingerprint
from unrolled.judging.judge import judge
from unrolled.judging.notebook import cell_id, load_released, rebuild
from unrolled.judging.results import STATUSES
from unrolled.judging.rubric import load
from unrolled.judging.submission import Submission, Unreadable
from unrolled.sandbox import containers, wire

ROOT = Path(__file__).parents[2]
NAME = "elman-jordan"

# one must take a second here and there on a busy machine; a minute is a hang
fuzz = settings(deadline=60_000, max_examples=6 * settings.default.max_examples)


@functools.cache
def released() -> nbformat.NotebookNode:
    return load_released(COURSE / "assignments" / NAME / f"{NAME}.ipynb")


@functools.cache
def released_bytes() -> bytes:
    return nbformat.writes(released()).encode()


def read(content: bytes) -> Submission | None:
    """The hand-in in these bytes; None if it is one of those that are documented as unreadable."""
    try:
        return submission.parse(content, "notebook.ipynb", released())
    except Unreadable as reason:
        assert 10 < len(str(reason)) < 300
        return None


def is_sound(found: Submission | None) -> None:
    """What was read can be graded, shown, and written to a file and a database."""
    if found is None:
        return
    assert found.attempted <= set(found.answers)
    for text in (*found.answers.values(), *found.notes):
        text.encode("utf-8")
    nbformat.validate(rebuild(released(), found.answers))


# what is handed in


@fuzz
@given(st.binary(max_size=2000))
@example(b'{"cells": [' + b'{"a":' * 5000)
@example(b'{"cells": ' + b"9" * 10_000 + b"}")
@example(b"\xff\xfe{\x00}\x00")
def test_any_bytes_are_read_or_unreadable(content):
    is_sound(read(content))


@fuzz
@given(
    st.lists(
        st.tuples(st.integers(0, 30_000), st.integers(0, 40), st.binary(max_size=8)),
        min_size=1,
        max_size=6,
    )
)
def test_a_notebook_with_bytes_cut_out_and_put_in_is_read_or_unreadable(changes):
    content = released_bytes()
    for place, cut, put in changes:
        place %= len(content)
        content = content[:place] + put + content[place + cut :]
    is_sound(read(content))


@fuzz
@given(st.integers(0, 2**32), JSON, st.integers(1, 3))
def test_a_notebook_with_odd_values_anywhere_is_read_or_unreadable(seed, odd, times):
    notebook = json.loads(released_bytes())
    rng = np.random.default_rng(seed)
    for _ in range(times):
        put_somewhere(notebook, copy.deepcopy(odd), rng)
    is_sound(read(json.dumps(notebook).encode()))


def put_somewhere(tree, odd, rng):
    """Replace one node of ``tree``, drawn on the way down, by ``odd``."""
    while True:
        keys = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
        key = keys[rng.integers(len(keys))] if keys else None
        if key is None or not isinstance(tree[key], dict | list) or rng.random() < 0.2:
            break
        if not tree[key]:
            break
        tree = tree[key]
    if key is not None:
        tree[key] = odd


@fuzz
@given(st.dictionaries(st.sampled_from(["ex1-by-hand", "elman-step", "in-words"]), st.text()))
def test_any_text_in_an_answer_comes_out_as_it_went_in(answers):
    notebook = copy.deepcopy(released())
    for cell in notebook.cells:
        cell.source = answers.get(cell_id(cell), cell.source)
    found = read(json.dumps(notebook).encode())
    for name in found.attempted:
        text = answers[name].replace("\r\n", "\n").replace("\r", "\n")
        assert found.answers[name] == text
    is_sound(found)


# what the sandbox sends


@fuzz
@given(st.binary(max_size=500))
@example(b"[" * 5000)
@example(b'{"a": ' * 5000)
@example(b'{"returned": ' + b'{"list": [' * 400 + b"]}" * 400 + b"}")
def test_any_bytes_from_the_sandbox_are_a_message_or_a_wire_error(line):
    with contextlib.suppress(wire.WireError):
        json.dumps(wire.from_line(line), ensure_ascii=False).encode("utf-8")


@fuzz
@given(st.integers(0, 2**32), JSON, st.lists(st.floats()), st.text())
def test_an_encoded_value_with_odd_parts_is_a_value_or_a_wire_error(seed, odd, numbers, text):
    values = {"a": np.array(numbers), "b": [numbers, text, [[1]]], "c": {}}
    message = {name: wire.encode(value) for name, value in values.items()}
    put_somewhere(message, odd, np.random.default_rng(seed))
    for part in message.values():
        with contextlib.suppress(wire.WireError):
            wire.decode(part)


@fuzz
@given(FORGED)
def test_a_complaint_about_a_message_quotes_nothing_of_it(message):
    for read in (wire.decode, lambda m: wire.from_line(json.dumps(m).encode())):
        try:
            read(message)
        except wire.WireError as error:
            assert "62390" not in str(error)


@fuzz
@given(ENCODED, ENCODED)
def test_any_value_that_crosses_can_be_compared_and_told(h, y):
    true = unroll(notes_elman(), notes_inputs())
    try:
        got = {"h": wire.decode(h), "y": wire.decode(y)}
    except wire.WireError:
        return
    expected = {"h": Expected(true.h, True), "y": Expected(true.y, True)}
    difference = first_difference(expected, got)
    assert difference is not None
    assert difference.in_words()
    assert difference.without_numbers()
    assert not all(hand_computation(true, got).follows)
    assert len(fingerprint(got, {"h": true.h, "y": true.y})) < 300


class Liars:
    """A container in which anything may be said: the same lines in each of its questions."""

    def __init__(self, lines: list[bytes]) -> None:
        self.said = b"\n".join([*lines, b""])

    def __enter__(self) -> Liars:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def question(self, seconds: float = 0) -> containers.Session:
        return containers.Session(containers.Limits(), self._start, lambda: None)

    def holds(self, session: containers.Session) -> bool:
        return True

    def _start(self, asked: int, answers: int) -> tuple[object, containers.End]:
        os.write(answers, self.said)
        return None, lambda gone: {}


@fuzz
@given(st.lists(ANSWERS, max_size=8), st.lists(st.binary(max_size=50), max_size=2))
def test_whatever_the_sandbox_says_the_judge_gives_a_verdict_without_points(messages, noise):
    questions, points = rubric()
    lines = [json.dumps({"errors": []}).encode()] * 2 + [json.dumps(m).encode() for m in messages]
    found = Submission({q.cell: "x" for q in questions}, {q.cell for q in questions})
    real = containers.container
    containers.container = lambda *_: Liars([*lines, *noise])
    try:
        verdicts = judge(found, released(), questions, points)
    finally:
        containers.container = real
    for verdict in verdicts:
        assert verdict.status in STATUSES
        assert not verdict.points
        "\n".join(verdict.reasons).encode("utf-8")


@functools.cache
def rubric():
    questions = load(COURSE / "solutions" / NAME).questions()
    return questions, {question.points: 4.0 for question in questions}
