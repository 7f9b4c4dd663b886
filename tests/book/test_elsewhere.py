"""What the chapter "Where to go from here" shows and says of PyTorch and Keras, run for real."""

from __future__ import annotations

import functools
import importlib.util
import re
import runpy
from pathlib import Path

import nbformat
import numpy as np
import pytest
from needs import missing
from networks import draw, random_gru, random_layer, random_lstm

from rnnlib import SGD, Layer, bptt, squared_error, unroll
from rnnlib.convert import from_keras, from_torch, to_keras, to_torch
from rnnlib.examples import notes_elman, notes_inputs
from rnnlib.parameters import parameters

# PyTorch's tensors do not know yet that NumPy 2 may ask for no copy
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

ROOT = Path(__file__).parents[2]
CODE = ROOT / "book" / "code"
FLOAT32 = {"rtol": 1e-5, "atol": 1e-6}
T, M, K, N = 5, 4, 2, 3


@functools.cache
def ran(name):
    """What a file of the chapter has made; its own asserts have held, then."""
    return runpy.run_path(str(CODE / f"{name}.py"))


def imported(name):
    if importlib.util.find_spec(name) is None:
        missing(f"there is no {name}", "bash setup.sh --tests")
    return importlib.import_module(name)


@pytest.fixture(scope="module")
def torch():
    return imported("torch")


@pytest.fixture(scope="module")
def keras(torch, tmp_path_factory):
    """Keras on PyTorch; its settings are in a folder of ours, not in the user's home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_BACKEND", "torch")
        patch.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("keras")))
        yield imported("keras")


@pytest.fixture
def rng():
    return np.random.default_rng(20261121)


def array(theirs):
    return theirs.detach().numpy()


def test_the_chapter_shows_every_file_and_no_other():
    notebook = nbformat.read(ROOT / "book" / "elsewhere.ipynb", as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells)
    shown = re.findall(r"\{literalinclude\} code/(\S+)", text)
    assert set(shown) == {path.name for path in CODE.glob("*.py")}


# The Elman network of the notes


@pytest.fixture
def one_step():
    """The notes' network: its record, the gradient, and the network one step of training later."""
    cell, targets = notes_elman(), [[0, 6], [5, 4], [7, 0]]
    trace = unroll(cell, notes_inputs())
    loss = squared_error(trace.y, targets)
    d = bptt(trace, y=loss.gradient).cell
    optimiser = SGD(1 / 64)
    later, _ = optimiser.step(cell, d, optimiser.start(cell))
    return trace, loss, d, later


def test_pytorchs_elman_has_the_notes_numbers_and_gradients(torch, one_step):
    trace, loss, d, _ = one_step
    theirs = ran("pytorch_elman")
    np.testing.assert_array_equal(array(theirs["ys"]), trace.y)
    assert theirs["loss"].item() == loss.value
    ours = to_torch(d)
    ours["rnn.bias_hh_l0"] = ours["rnn.bias_ih_l0"]  # what is added with the one, is with the other
    gradients = {name: array(w.grad) for name, w in theirs["elman"].named_parameters()}
    assert gradients.keys() == ours.keys()
    for name, gradient in gradients.items():
        assert gradient.any(), f"{name}: a gradient of zeros shows nothing"
        np.testing.assert_array_equal(gradient, ours[name], err_msg=name)


def test_pytorchs_hidden_bias_moves_twice_as_far(torch, one_step):
    trace, _, d, later = one_step
    theirs = from_torch(type(later), ran("pytorch_elman")["elman"].state_dict())
    ours = parameters(later) | {"b_h": trace.cell.b_h - 2 / 64 * d.b_h}
    for name, weight in parameters(theirs).items():
        np.testing.assert_array_equal(weight, ours[name], err_msg=name)
    assert (later.b_h[0], theirs.b_h[0]) == (0.9375, 0.875)  # as exercise 2 says


def test_kerass_elman_has_the_notes_numbers_and_learns_the_same(keras, one_step):
    trace, loss, _, later = one_step
    theirs = ran("keras_elman")
    np.testing.assert_array_equal(theirs["ys"][0], trace.y)
    assert theirs["loss"] == loss.value
    weights = theirs["elman"].get_weights()
    for mine, weight in zip(to_keras(later), weights, strict=True):
        np.testing.assert_array_equal(weight, mine)
    assert {w.dtype for w in weights} == {np.dtype("float32")}


def test_kerass_mean_squared_error_divides_by_steps_and_outputs(keras, one_step):
    trace, loss, _, _ = one_step
    theirs = keras.losses.MeanSquaredError()(ran("keras_elman")["targets"], trace.y[np.newaxis])
    T, o = trace.y.shape
    np.testing.assert_allclose(float(theirs), loss.value / (T * o), rtol=1e-6)


def test_pytorchs_mean_squared_error_divides_by_steps_and_outputs(torch, one_step):
    trace, loss, _, _ = one_step
    targets = ran("pytorch_elman")["targets"].double()
    theirs = torch.nn.functional.mse_loss(torch.tensor(trace.y), targets)
    np.testing.assert_allclose(theirs, loss.value / trace.y.size, rtol=1e-12)


# LSTM and GRU


@pytest.mark.parametrize("package", ["torch", "keras"])
def test_an_lstm_goes_there_and_back(package, request):
    request.getfixturevalue(package)
    theirs = ran(f"{'py' * (package == 'torch')}{package}_lstm")
    ours = unroll(theirs["ours"], theirs["xs"])
    hs = np.asarray(theirs["hs"].detach() if package == "torch" else theirs["hs"][0])
    np.testing.assert_allclose(hs, ours.h, **FLOAT32)
    for name in ("f", "i", "o", "c_tilde", "c", "h"):
        np.testing.assert_allclose(getattr(theirs["trace"], name), getattr(ours, name), **FLOAT32)


def in_keras(keras, cell, **words):
    """Keras' layer of the same kind with the same weights."""
    name = "SimpleRNN" if isinstance(cell, Layer) else type(cell).__name__
    layer = getattr(keras.layers, name)(N, return_sequences=True, **words)
    layer.build((None, None, K))
    layer.set_weights(to_keras(cell))
    return layer


@pytest.mark.parametrize("network", [random_layer, random_lstm, random_gru])
def test_keras_computes_what_we_do_and_what_it_draws_comes_over(network, keras, rng):
    cell, xs = network(rng, K, N), draw(rng, T, M, K)
    layer = in_keras(keras, cell)
    theirs = keras.ops.convert_to_numpy(layer(xs.swapaxes(0, 1))).swapaxes(0, 1)
    np.testing.assert_allclose(theirs, getattr(unroll(cell, xs), cell.output), **FLOAT32)
    fresh = type(layer).from_config(layer.get_config())
    fresh.build((None, None, K))
    theirs = keras.ops.convert_to_numpy(fresh(xs.swapaxes(0, 1))).swapaxes(0, 1)
    home = from_keras(type(cell), fresh.get_weights())
    np.testing.assert_allclose(theirs, getattr(unroll(home, xs), cell.output), **FLOAT32)


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def test_a_gru_that_resets_before_the_product_is_another_network(keras, rng):
    cell, xs = random_gru(rng), draw(rng, T, K)
    layer = keras.layers.GRU(N, return_sequences=True, reset_after=False)
    layer.build((None, None, K))
    kernel, recurrent_kernel, bias = to_keras(cell)
    layer.set_weights([kernel, recurrent_kernel, bias[0]])  # one bias
    theirs = keras.ops.convert_to_numpy(layer(xs[np.newaxis]))[0]
    h, expected = np.zeros(N), []
    for x in xs:
        z, r = (sigmoid(x @ cell.W_x[g] + h @ cell.W_h[g] + cell.b[g]) for g in (0, 1))
        h = z * h + (1 - z) * np.tanh(x @ cell.W_x[2] + (r * h) @ cell.W_h[2] + cell.b[2])
        expected.append(h)
    np.testing.assert_allclose(theirs, expected, **FLOAT32)
    without_b_h = type(cell)(cell.W_x, cell.W_h, cell.b, np.zeros(N))
    assert not np.allclose(theirs, unroll(without_b_h, xs).h, atol=1e-2)


# The table of differences


def test_how_the_biases_begin(torch, keras):
    i, f, c_tilde, o = np.split(random_start(keras).get_weights()[2], 4)
    assert (f == 1).all() and not np.any([i, c_tilde, o])
    lstm = torch.nn.LSTM(K, N)
    for bias in (lstm.bias_ih_l0, lstm.bias_hh_l0):
        assert bias.detach().all() and (bias.abs() <= 1 / np.sqrt(N)).all()


def random_start(keras):
    layer = keras.layers.LSTM(N)
    layer.build((None, None, K))
    return layer


def test_both_reckon_in_float32(torch, keras):
    assert torch.nn.LSTM(K, N).bias_ih_l0.dtype == torch.float32
    assert {w.dtype for w in random_start(keras).get_weights()} == {np.dtype("float32")}


def test_batch_first_swaps_axes_and_the_wrong_one_raises_nothing(torch, rng):
    cell, xs = random_layer(rng, K, N), torch.tensor(draw(rng, 3, 3, K), dtype=torch.float32)
    weights = {name: torch.tensor(w) for name, w in to_torch(cell).items()}
    first, second = torch.nn.RNN(K, N, batch_first=True), torch.nn.RNN(K, N)
    first.load_state_dict(weights), second.load_state_dict(weights)
    ys, last = second(xs)
    swapped, last_too = first(xs.transpose(0, 1))
    np.testing.assert_array_equal(array(ys), array(swapped.transpose(0, 1)))
    np.testing.assert_array_equal(array(last), array(last_too))  # not swapped: (1, m, n)
    assert not np.allclose(array(ys), array(first(xs)[0]))


def test_what_a_layer_of_keras_returns(keras, rng):
    cell, xs = random_lstm(rng), draw(rng, M, T, K)
    every = keras.ops.convert_to_numpy(in_keras(keras, cell)(xs))
    last = keras.layers.LSTM(N)
    last.build((None, None, K))
    last.set_weights(to_keras(cell))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(last(xs)), every[:, -1], **FLOAT32)


# Lengths and pieces


@pytest.mark.parametrize("package", ["torch", "keras"])
def test_lengths_and_pieces(package, request):
    request.getfixturevalue(package)
    theirs = ran(f"{'py' * (package == 'torch')}{package}_lengths")
    last = theirs["last"][0].detach() if package == "torch" else theirs["last"]
    ours = [unroll(theirs["ours"], each)[-1].y for each in theirs["sequences"]]
    np.testing.assert_array_equal(last, ours)
    end = theirs["end"].detach() if package == "torch" else theirs["end"]
    np.testing.assert_array_equal(end, ours[:1])


def test_after_the_end_pytorch_has_zeros_and_keras_repeats_as_we_do(torch, keras):
    theirs = ran("pytorch_lengths")
    assert theirs["lengths"].tolist() == [3, 1, 2]
    padded = array(theirs["padded"])
    assert padded.shape == (3, 3, 3) and not padded[1:, 1].any()
    theirs = ran("keras_lengths")
    every = in_keras(keras, theirs["ours"], activation="relu")
    ys = every(theirs["padded"].swapaxes(0, 1), mask=theirs["mask"])
    ys = keras.ops.convert_to_numpy(ys).swapaxes(0, 1)
    ours = unroll(theirs["ours"], theirs["padded"], lengths=theirs["lengths"])
    np.testing.assert_array_equal(ys, ours.y)


def test_masking_takes_a_term_of_zeros_for_padding(keras):
    """Also one that is a term."""
    cell = ran("keras_lengths")["ours"]
    rnn = in_keras(keras, cell, activation="relu")
    model = keras.Sequential([keras.Input((None, K)), keras.layers.Masking(), rnn])
    xs = np.array([[1.0, 1], [0, 0], [0, 0]])
    ys = keras.ops.convert_to_numpy(model(xs[np.newaxis]))[0]
    ours = unroll(cell, xs).y
    np.testing.assert_array_equal(ys, ours[[0, 0, 0]])
    assert (ours[1] != ours[0]).any()


# Attention


def test_attention_has_the_chapters_numbers(torch, keras):
    H = unroll(notes_elman(), notes_inputs()).h
    q = np.array([0, 0, np.log(2)])
    H_t, q_t = (torch.tensor(each, requires_grad=True) for each in (H, q))
    attend = torch.nn.functional.scaled_dot_product_attention
    c = attend(q_t[None], H_t, H_t, scale=1)[0]
    np.testing.assert_allclose(array(c), [3, 1.75, 0.5], rtol=1e-12)
    theirs = keras.layers.Attention()([q[None, None], H[None]])
    np.testing.assert_allclose(keras.ops.convert_to_numpy(theirs)[0, 0], array(c), **FLOAT32)
    # ∂c_j/∂h_i(t) = α_t (1 if i is j, and q_i (h_j(t) − c_j))
    alpha = np.array([2, 1, 1]) / 4
    for j in range(3):
        (gradient,) = torch.autograd.grad(c[j], H_t, retain_graph=True)
        expected = alpha[:, None] * (np.eye(3)[j] + q * (H[:, [j]] - array(c)[j]))
        np.testing.assert_allclose(array(gradient), expected, rtol=1e-12)
