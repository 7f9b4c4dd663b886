"""Numbers of one's own: the same on a regrade, different between students, and fit for a hand."""

from __future__ import annotations

import numpy as np
import pytest

from rnnlib import Elman, Jordan
from unrolled.judging import variants
from unrolled.judging.variants import Variant, small_trace, variant_of

SECRET = b"a secret of 32 bytes, as it were"


def drawn(student, assignment="elman", own_numbers=True, secret=SECRET):
    variant = variant_of(secret, student, assignment, own_numbers)
    return variant.rng("weights").normal(size=8)


def test_a_variant_is_the_same_on_a_regrade():
    assert (drawn("ada") == drawn("ada")).all()


@pytest.mark.parametrize(
    "other",
    [
        drawn("bob"),
        drawn("ada", assignment="jordan"),
        drawn("ada", secret=b"another"),
        variant_of(SECRET, "ada", "elman", True).rng("inputs").normal(size=8),
    ],
    ids=["student", "assignment", "secret", "purpose"],
)
def test_it_depends_on(other):
    assert (drawn("ada") != other).all()


def test_where_names_meet_makes_a_difference():
    assert variant_of(SECRET, "a", "bc", True) != variant_of(SECRET, "ab", "c", True)


def test_hidden_inputs_are_the_same_whether_or_not_hand_computations_are_drawn():
    assert (drawn("ada") == drawn("ada", own_numbers=False)).all()


def test_everybody_has_the_notes_numbers_if_nothing_else_is_said():
    given = Variant(b"any").numbers("ex1", "the notes'", lambda rng: "drawn")
    own = Variant(b"any", own_numbers=True).numbers("ex1", "the notes'", lambda rng: "drawn")
    assert (given, own) == ("the notes'", "drawn")


def test_a_tag_tells_students_apart_and_is_empty_where_all_have_the_same():
    tags = {variant_of(SECRET, student, "elman", True).tag for student in ("ada", "bob", "eve")}
    assert len(tags) == 3
    assert variant_of(SECRET, "ada", "elman", False).tag == ""


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(("kind", "memory"), [(Elman, "h"), (Jordan, "y")])
def test_numbers_for_a_hand_are_small_and_show_every_rule(kind, memory, seed):
    trace = small_trace(np.random.default_rng(seed), kind, k=2, n=3, o=2, T=4)
    for values in (trace.h, trace.y):
        assert (values == np.round(values)).all()
        assert values.max() <= 40
    assert (trace.a_h < 0).any() and (trace.a_h > 0).any()
    assert getattr(trace, memory)[:-1].any(axis=1).all(), "forgetting the memory must show"


def test_what_cannot_be_drawn_is_an_error():
    with pytest.raises(ValueError, match="no Elman network of these sizes"):
        small_trace(np.random.default_rng(0), Elman, k=2, n=3, o=2, T=4, most=0)


def test_code_spells_what_python_reads_back():
    arguments = {"xs": np.array([[1.0, -2.5], [0.1, 1e-9]]), "k": 3, "name": "relu"}
    namespace: dict = {}
    exec(variants.code("arguments", arguments), namespace)
    assert namespace["arguments"]["xs"] == arguments["xs"].tolist()
    assert namespace["arguments"]["k"] == 3
    assert namespace["arguments"]["name"] == "relu"
