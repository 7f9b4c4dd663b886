"""Parameters by name, and networks made of other arrays."""

from __future__ import annotations

import numpy as np
import pytest
from networks import RANDOM, random_elman, random_lstm

from rnnlib.parameters import map_parameters, parameters, with_parameters
from rnnlib.stack import Dense, Stack


@pytest.fixture
def rng():
    return np.random.default_rng(20261121)


@pytest.fixture
def stack(rng):
    return Stack((random_lstm(rng), Dense(np.ones((3, 1)), [0])))


def test_they_are_the_arrays_themselves_in_the_order_of_the_fields(rng):
    cell = random_elman(rng)
    named = parameters(cell)
    assert list(named) == ["W_x", "W_h", "W_o", "b_h", "b_o"]
    assert all(named[name] is getattr(cell, name) for name in named)


def test_those_of_layers_carry_the_way_to_them(stack):
    assert list(parameters(stack)) == [
        *("cells.0.W_x", "cells.0.W_h", "cells.0.b"),
        *("cells.1.W", "cells.1.b"),
    ]
    assert parameters(stack)["cells.1.W"] is stack.cells[1].W


@pytest.mark.parametrize("network", RANDOM)
def test_a_network_of_its_own_parameters_is_the_same_network(network, rng):
    cell = network(rng)
    again = with_parameters(cell, parameters(cell))
    assert type(again) is type(cell) and again is not cell
    for name, array in parameters(again).items():
        assert array is parameters(cell)[name]
    words = {name: value for name, value in vars(cell).items() if isinstance(value, str)}
    assert {name: getattr(again, name) for name in words} == words


def test_arrays_are_told_by_their_names_not_by_their_order(rng):
    cell = random_elman(rng, 4, 4, 4)
    turned = dict(reversed(parameters(cell).items()))
    for name, array in parameters(with_parameters(cell, turned)).items():
        assert array is parameters(cell)[name]


def test_what_is_not_finite_may_be_a_gradient(stack):
    exploded = map_parameters(lambda w: np.full_like(w, np.inf), stack)
    assert np.isinf(exploded.cells[1].W).all()
    assert np.isfinite(stack.cells[1].W).all()


def test_arrays_of_several_networks_meet(stack):
    total = map_parameters(lambda a, b, c: a + b + c, stack, stack, stack)
    for name, array in parameters(total).items():
        np.testing.assert_array_equal(array, 3 * parameters(stack)[name])


def test_networks_with_other_parameters_do_not_meet(rng, stack):
    with pytest.raises(ValueError, match=r"others\[1\] has W_x, W_h, b; expected W_x, W_h, W"):
        map_parameters(lambda a, b, c: a, random_elman(rng), random_elman(rng), random_lstm(rng))
    with pytest.raises(ValueError, match=r"others\[0\] has cells.0.W_x, .*; expected W_x"):
        map_parameters(np.add, random_lstm(rng), stack)


def test_names_that_are_missing_or_too_many(rng):
    cell = random_elman(rng)
    some = parameters(cell)
    del some["W_o"]
    with pytest.raises(ValueError, match="arrays holds W_x, W_h, b_h, b_o; expected W_x, W_h, W_o"):
        with_parameters(cell, some)
    with pytest.raises(ValueError, match="arrays holds nothing; expected W_x"):
        with_parameters(cell, {})
    with pytest.raises(ValueError, match=r"arrays holds W_x, .* W_y; expected W_x"):
        with_parameters(cell, parameters(cell) | {"W_y": np.ones(2)})


def test_a_shape_that_differs(rng):
    cell = random_elman(rng)
    with pytest.raises(ValueError, match=r"W_h has shape \(2, 4\), expected \(4, 4\)"):
        with_parameters(cell, parameters(cell) | {"W_h": np.ones((2, 4))})
