"""The layouts of others: what goes out and comes back is the same, number by number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from networks import draw, random_elman, random_gru, random_jordan, random_layer, random_lstm
from strategies import SEEDS
from test_stack import random_dense

from rnnlib import LSTM, Elman, Jordan, Layer, LSTMStep, unroll
from rnnlib.convert import from_keras, from_torch, stacked, to_keras, to_torch
from rnnlib.gated import GRU, PeepholeLSTM
from rnnlib.parameters import map_parameters, parameters
from rnnlib.stack import BothDirections, Dense, Stack


@pytest.fixture
def rng():
    return np.random.default_rng(20261121)


def assert_equal(mine, theirs):
    """Two networks of the same structure, each array the same to the last bit."""
    assert type(mine) is type(theirs)
    assert parameters(mine).keys() == parameters(theirs).keys()
    for name, array in parameters(theirs).items():
        np.testing.assert_array_equal(parameters(mine)[name], array, strict=True)


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


# Separate and stacked


@pytest.mark.parametrize("network", [random_layer, random_elman, random_jordan])
def test_one_product_with_x_and_what_is_fed_back_equals_two(network, rng):
    cell, x = network(rng), draw(rng, 2)
    fed_back = draw(rng, *cell.state_sizes)
    step = cell.step(x, cell.Step(**{cell.state[0]: fed_back}))
    b = cell.b if isinstance(cell, Layer) else cell.b_h
    np.testing.assert_allclose(np.concatenate([x, fed_back]) @ stacked(cell) + b, step[0])


def test_an_lstm_has_one_stacked_matrix_for_each_gate(rng):
    cell, x, h = random_lstm(rng), draw(rng, 2), draw(rng, 3)
    assert stacked(cell).shape == (4, 5, 3)
    f, i, o, c_tilde = np.concatenate([x, h]) @ stacked(cell) + cell.b
    step = cell.step(x, LSTMStep(h=h, c=np.zeros(3)))
    gates = (sigmoid(f), sigmoid(i), sigmoid(o), np.tanh(c_tilde))
    np.testing.assert_allclose(step[:4], gates, rtol=1e-12)


# PyTorch


def torch_networks(rng):
    """Everything that PyTorch has too, with the kind to ask for when it comes back."""
    return [
        (random_layer(rng), Layer),
        (random_layer(rng, phi="relu"), Layer),
        (random_lstm(rng), LSTM),
        (random_gru(rng), GRU),
        (random_dense(rng, phi="identity"), Dense),
        (random_elman(rng), Elman),
        (Stack((random_layer(rng, 2, 3), random_layer(rng, 3, 4))), Layer),
        (Stack((random_lstm(rng, 2, 3), random_lstm(rng, 3, 4), random_lstm(rng, 4, 1))), LSTM),
        (BothDirections(random_lstm(rng), random_lstm(rng)), LSTM),
        (BothDirections(random_gru(rng), random_gru(rng)), GRU),
        (Stack((random_lstm(rng), random_dense(rng, 3, phi="identity"))), LSTM),
        (
            Stack(
                (
                    BothDirections(random_layer(rng, 2, 3), random_layer(rng, 2, 3)),
                    BothDirections(random_layer(rng, 6, 3), random_layer(rng, 6, 3)),
                    random_dense(rng, 6, phi="identity"),
                )
            ),
            Layer,
        ),
    ]


@given(seed=SEEDS)
def test_to_pytorch_and_back(seed):
    for network, kind in torch_networks(np.random.default_rng(seed)):
        words = {"phi": "relu"} if getattr(network, "phi", "") == "relu" else {}
        for same in (network, map_parameters(lambda array: array.astype(np.float32), network)):
            arrays = to_torch(same)
            again = from_torch(kind, arrays, **words)
            assert_equal(again, same)
            assert getattr(again, "phi", None) == getattr(same, "phi", None)
            # and what PyTorch reads is what it wrote
            for name, array in to_torch(again).items():
                np.testing.assert_array_equal(array, arrays[name], strict=True)


def test_pytorchs_names_and_shapes(rng):
    stack = Stack(
        (
            BothDirections(random_lstm(rng, 2, 3), random_lstm(rng, 2, 3)),
            BothDirections(random_lstm(rng, 6, 3), random_lstm(rng, 6, 3)),
        )
    )
    shapes = {name: array.shape for name, array in to_torch(stack).items()}
    assert shapes == {
        f"{name}_l{layer}{direction}": shape
        for layer, k in ((0, 2), (1, 6))
        for direction in ("", "_reverse")
        for name, shape in (
            ("weight_ih", (12, k)),
            ("weight_hh", (12, 3)),
            ("bias_ih", (12,)),
            ("bias_hh", (12,)),
        )
    }


def test_pytorchs_gates_stand_in_the_order_i_f_g_o(rng):
    cell = random_lstm(rng)
    f, i, o, c_tilde = cell.W_x
    np.testing.assert_array_equal(to_torch(cell)["weight_ih_l0"], np.hstack([i, f, c_tilde, o]).T)
    f, i, o, c_tilde = cell.W_h
    np.testing.assert_array_equal(to_torch(cell)["weight_hh_l0"], np.hstack([i, f, c_tilde, o]).T)
    f, i, o, c_tilde = cell.b
    np.testing.assert_array_equal(to_torch(cell)["bias_ih_l0"], [*i, *f, *c_tilde, *o])


def test_pytorchs_gates_of_a_gru_stand_in_the_order_r_z_n(rng):
    cell = random_gru(rng)
    arrays = to_torch(cell)
    z, r, h_tilde = cell.W_x
    np.testing.assert_array_equal(arrays["weight_ih_l0"], np.hstack([r, z, h_tilde]).T)
    z, r, h_tilde = cell.W_h
    np.testing.assert_array_equal(arrays["weight_hh_l0"], np.hstack([r, z, h_tilde]).T)
    z, r, h_tilde = cell.b
    np.testing.assert_array_equal(arrays["bias_ih_l0"], [*r, *z, *h_tilde])
    np.testing.assert_array_equal(arrays["bias_hh_l0"], [0] * 6 + [*cell.b_h])


def test_of_a_gru_the_biases_of_the_candidate_stay_apart(rng):
    arrays = to_torch(random_gru(rng))
    ours = arrays["bias_ih_l0"].copy(), draw(rng, 9)
    again = from_torch(GRU, arrays | {"bias_hh_l0": ours[1]})
    r, z, _ = np.split(ours[0] + ours[1], 3)
    np.testing.assert_array_equal(again.b, [z, r, ours[0][6:]])
    np.testing.assert_array_equal(again.b_h, ours[1][6:])


def test_two_biases_make_one(rng):
    arrays = to_torch(random_lstm(rng))
    arrays["bias_hh_l0"] = draw(rng, 12)
    both = from_torch(LSTM, arrays)
    assert not to_torch(both)["bias_hh_l0"].any()
    np.testing.assert_array_equal(
        to_torch(both)["bias_ih_l0"], arrays["bias_ih_l0"] + arrays["bias_hh_l0"]
    )


def test_a_bias_that_is_missing_is_zero(rng):
    arrays = {name: a for name, a in to_torch(random_elman(rng)).items() if "bias" not in name}
    elman = from_torch(Elman, arrays, g_h="relu", g_o="softmax")
    assert not elman.b_h.any() and not elman.b_o.any()
    assert (elman.g_h, elman.g_o) == ("relu", "softmax")
    single = {name: array.astype(np.float32) for name, array in arrays.items()}
    for array in parameters(from_torch(Elman, single)).values():
        assert array.dtype == np.float32


def test_what_goes_out_is_a_copy(rng):
    for network, kind in torch_networks(rng):
        arrays = to_torch(network)
        again = from_torch(kind, arrays)
        for array in arrays.values():
            array += 1
        for name, array in parameters(again).items():
            np.testing.assert_array_equal(array, parameters(network)[name])


# Keras


def keras_lstm(xs, kernel, recurrent_kernel, bias):
    """``keras.layers.LSTM``, as its ``LSTMCell`` computes it."""
    h = c = np.zeros(len(recurrent_kernel))
    for x in xs:
        i, f, c_tilde, o = np.split(x @ kernel + h @ recurrent_kernel + bias, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(c_tilde)
        h = sigmoid(o) * np.tanh(c)
    return h


def test_an_lstm_with_the_weights_of_keras(rng):
    cell, xs = random_lstm(rng), draw(rng, 4, 2)
    np.testing.assert_allclose(keras_lstm(xs, *to_keras(cell)), unroll(cell, xs)[-1].h, rtol=1e-12)


def keras_gru(xs, kernel, recurrent_kernel, bias):
    """``keras.layers.GRU(reset_after=True)``, as its ``GRUCell`` computes it."""
    h = np.zeros(len(recurrent_kernel))
    for x in xs:
        x_z, x_r, x_h = np.split(x @ kernel + bias[0], 3)
        h_z, h_r, h_h = np.split(h @ recurrent_kernel + bias[1], 3)
        z, r = sigmoid(x_z + h_z), sigmoid(x_r + h_r)
        h = z * h + (1 - z) * np.tanh(x_h + r * h_h)
    return h


def test_a_gru_with_the_weights_of_keras(rng):
    cell, xs = random_gru(rng), draw(rng, 4, 2)
    np.testing.assert_allclose(keras_gru(xs, *to_keras(cell)), unroll(cell, xs)[-1].h, rtol=1e-12)
    kernel, recurrent_kernel, _ = to_keras(cell)
    bias = draw(rng, 2, 9)  # as Keras trains it, with two of each
    theirs = from_keras(GRU, [kernel, recurrent_kernel, bias])
    expected = keras_gru(xs, kernel, recurrent_kernel, bias)
    np.testing.assert_allclose(unroll(theirs, xs)[-1].h, expected, rtol=1e-12)


def test_a_simple_rnn_and_a_dense_with_the_weights_of_keras(rng):
    cell, xs = random_elman(rng, k=2, n=4, o=3), draw(rng, 4, 2)
    kernel, recurrent_kernel, bias, dense_kernel, dense_bias = to_keras(cell)
    h = np.zeros(4)
    for x in xs:
        h = np.tanh(x @ kernel + h @ recurrent_kernel + bias)
    np.testing.assert_allclose(h @ dense_kernel + dense_bias, unroll(cell, xs)[-1].y, rtol=1e-12)


@given(seed=SEEDS)
def test_to_keras_and_back(seed):
    rng = np.random.default_rng(seed)
    for network in (random_layer, random_elman, random_lstm, random_gru, random_dense):
        cell = network(rng)
        again = from_keras(type(cell), to_keras(cell))
        assert_equal(again, cell)
        for mine, theirs in zip(to_keras(again), to_keras(cell), strict=True):
            np.testing.assert_array_equal(mine, theirs, strict=True)


def test_activations_come_as_words(rng):
    assert from_keras(Layer, to_keras(random_layer(rng)), phi="relu").phi == "relu"
    assert from_keras(Dense, to_keras(random_dense(rng)), phi="softmax").phi == "softmax"
    assert from_keras(Elman, to_keras(random_elman(rng)), g_o="sigmoid").g_o == "sigmoid"


# Errors: the argument, what it has, what was expected


def lstm_arrays(**changes):
    return to_torch(random_lstm(np.random.default_rng(1))) | changes


def without(name):
    arrays = lstm_arrays()
    del arrays[name]
    return arrays


@pytest.mark.parametrize(
    ("kind", "arrays", "error", "message"),
    [
        (LSTM, {}, ValueError, "arrays has no weight_ih_l0; it holds nothing"),
        (
            LSTM,
            without("weight_ih_l0"),
            ValueError,
            "arrays has no weight_ih_l0; it holds weight_hh_l0, bias_ih_l0, bias_hh_l0",
        ),
        (
            LSTM,
            lstm_arrays(weight_ih_l0=np.zeros((9, 2))),
            ValueError,
            "weight_ih_l0 has shape (9, 2), expected (12, k)",
        ),
        (
            LSTM,
            lstm_arrays(weight_hh_l0=np.zeros((12, 4))),
            ValueError,
            "weight_hh_l0 has shape (12, 4), expected (16, 4)",
        ),
        (
            LSTM,
            lstm_arrays(bias_hh_l0=np.zeros(3)),
            ValueError,
            "bias_hh_l0 has shape (3,), expected (12,)",
        ),
        (
            LSTM,
            lstm_arrays(bias_hh_l0=np.full(12, np.nan)),
            ValueError,
            "bias_hh_l0 holds nan at index (0,); finite numbers were expected",
        ),
        (
            LSTM,
            lstm_arrays(weight_hr_l0=np.zeros((2, 3))),
            ValueError,
            "arrays holds weight_hr_l0, of which LSTM knows nothing",
        ),
        (
            Layer,
            lstm_arrays(),
            ValueError,
            "weight_hh_l0 has shape (12, 3), expected (3, 3)",
        ),
        (
            Jordan,
            lstm_arrays(),
            TypeError,
            "PyTorch has no Jordan; expected one of: Layer, LSTM, ",
        ),
    ],
)
def test_what_is_not_pytorchs(kind, arrays, error, message):
    with pytest.raises(error) as caught:
        from_torch(kind, arrays)
    assert str(caught.value).startswith(message)


def test_what_neither_package_has(rng):
    with pytest.raises(TypeError, match="PyTorch has no Jordan"):
        to_torch(random_jordan(rng))
    with pytest.raises(TypeError, match="Keras has no PeepholeLSTM"):
        to_keras(PeepholeLSTM(*parameters(random_lstm(rng)).values(), np.zeros((3, 3))))
    with pytest.raises(TypeError, match="network mixes LSTM, Layer; one kind was expected"):
        to_torch(Stack((random_layer(rng, 2, 3), random_lstm(rng, 3, 4))))


@pytest.mark.parametrize(
    ("kind", "arrays", "error", "message"),
    [
        (
            LSTM,
            [np.zeros((2, 12)), np.zeros((3, 12))],
            ValueError,
            "arrays holds 2, expected 3 for LSTM: kernel, recurrent_kernel, bias",
        ),
        (
            LSTM,
            [np.zeros((2, 8)), np.zeros((3, 12)), np.zeros(12)],
            ValueError,
            "kernel has shape (2, 8), expected (k, 12)",
        ),
        (
            LSTM,
            [np.zeros((2, 12)), np.zeros((3, 8)), np.zeros(12)],
            ValueError,
            "recurrent_kernel has shape (3, 8), expected (3, 12)",
        ),
        (
            LSTM,
            [np.zeros((2, 12)), np.zeros((3, 12)), np.zeros(3)],
            ValueError,
            "bias has shape (3,), expected (12,)",
        ),
        (
            GRU,
            [np.zeros((2, 9)), np.zeros((3, 9)), np.zeros(9)],
            ValueError,
            "bias has shape (9,), expected (2, 9)",
        ),
        (Jordan, [1, 1, 1], TypeError, "Keras has no Jordan; expected one of: Layer, LSTM, "),
    ],
)
def test_what_is_not_keras(kind, arrays, error, message):
    with pytest.raises(error) as caught:
        from_keras(kind, arrays)
    assert str(caught.value).startswith(message)
