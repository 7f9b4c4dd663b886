"""Counting parameters: the numbers of the sources, and as many as the arrays have entries."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import RANDOM, random_elman, random_jordan, random_layer, random_lstm
from strategies import SEEDS, SIZES
from test_stack import COMPOUND, random_dense

from rnnlib.counting import count
from rnnlib.parameters import parameters
from rnnlib.stack import BothDirections, Stack, feed_forward


@pytest.fixture
def rng():
    return np.random.default_rng(20261121)


def dense_network(*p):
    """The network of definition 1 with p(0), …, p(U) neurons."""
    sizes = list(pairwise(p))
    return feed_forward([np.zeros(size) for size in sizes], [np.zeros(size[1]) for size in sizes])


def test_the_two_networks_of_source_002(rng):
    """((4×3) + (3×3 + 3)) + (3×1 + 1) = 28, and (12×9 + 9) + (9×1 + 1) = 127."""
    rnn = count(random_elman(rng, k=4, n=3, o=1))
    assert rnn.total == 28
    assert [row.formula for row in rnn.rows] == ["4 × 3", "3 × 3", "3", "3 × 1", "1"]
    dense = count(dense_network(12, 9, 1))
    assert dense.total == 127
    assert dense.formula == "12 × 9 + 9 + 9 × 1 + 1"


@given(p=st.lists(SIZES, min_size=2, max_size=5))
def test_remark_1_of_source_004(p):
    """N(W) = Σ p(k) p(k−1) and N(B) = Σ p(k), for k = 1 … U."""
    counted = count(dense_network(*p))
    assert counted.weights == sum(p[k] * p[k - 1] for k in range(1, len(p)))
    assert counted.biases == sum(p[1:])


@given(seed=SEEDS, p=SIZES, r=SIZES, o=SIZES)
def test_remark_2_of_source_004(seed, p, r, o):
    """N(W) = r p + r² + r o and N(b) = r + o."""
    counted = count(random_elman(np.random.default_rng(seed), p, r, o))
    assert counted.weights == r * p + r**2 + r * o
    assert counted.biases == r + o


@given(seed=SEEDS, k=SIZES, n=SIZES)
def test_an_lstm_has_four_gates(seed, k, n):
    assert count(random_lstm(np.random.default_rng(seed), k, n)).total == 4 * (k * n + n**2 + n)


@pytest.mark.parametrize("network", [*RANDOM, random_dense])
@given(seed=SEEDS, k=SIZES, n=SIZES)
def test_it_is_the_number_of_entries_of_each_array(network, seed, k, n):
    cell = network(np.random.default_rng(seed), k, n)
    sizes = {name: array.size for name, array in parameters(cell).items()}
    assert {row.name: row.number for row in count(cell).rows} == sizes
    assert count(cell).total == sum(sizes.values())


@pytest.mark.parametrize("network", [random_jordan, random_elman])
@given(seed=SEEDS, k=SIZES, n=SIZES, o=SIZES)
def test_also_with_another_number_of_outputs(network, seed, k, n, o):
    cell = network(np.random.default_rng(seed), k, n, o)
    sizes = {name: array.size for name, array in parameters(cell).items()}
    assert {row.name: row.number for row in count(cell).rows} == sizes


@pytest.mark.parametrize("network", COMPOUND)
def test_layers_and_directions_count_together(network, rng):
    cell = network(rng)
    sizes = {name: array.size for name, array in parameters(cell).items()}
    assert {row.name: row.number for row in count(cell).rows} == sizes


def test_the_table_as_text(rng):
    counted = count(Stack((random_layer(rng, 2, 30), random_dense(rng, 30, 1))))
    assert repr(counted) == str(counted)
    assert str(counted).splitlines() == [
        "cells.0.W_x  input to layer   k l  2 × 30     60",
        "cells.0.W_y  layer to layer   l l  30 × 30   900",
        "cells.0.b    bias of layer    l    30         30",
        "cells.1.W    input to output  k o  30 × 1     30",
        "cells.1.b    bias of output   o    1           1",
        "total                                       1021",
    ]


def test_the_table_as_html(rng):
    html = count(random_elman(rng, k=4, n=3, o=1))._repr_html_()
    assert html.count("<tr>") == html.count("</tr>") == 7
    assert (
        '<tr><th scope="row">W_h</th><td>hidden to hidden</td><td>n n</td><td>3 × 3</td>'
        "<td>9</td></tr>"
    ) in html
    assert html.endswith("<td>28</td></tr></table>")


@pytest.mark.parametrize("network", [None, [], object()])
def test_what_is_no_network(network):
    with pytest.raises(TypeError, match=r"network is .*; a network was expected"):
        count(network)


def test_both_directions_have_the_weights_of_both(rng):
    both = BothDirections(random_lstm(rng, 2, 3), random_lstm(rng, 2, 5))
    assert count(both).total == 4 * (2 * 3 + 9 + 3) + 4 * (2 * 5 + 25 + 5)
    assert count(both).rows[0].name == "forwards.W_x"
