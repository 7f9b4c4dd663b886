"""The same numbers as PyTorch: values, and the gradient of every weight, input and state."""

from __future__ import annotations

import numpy as np
import pytest
from needs import needed
from networks import draw, random_elman, random_gru, random_jordan, random_layer, random_lstm
from test_stack import random_dense, start_of

from rnnlib import JordanStep, Layer, bptt, unroll
from rnnlib.convert import from_torch, to_torch
from rnnlib.losses import sigmoid_cross_entropy, softmax_cross_entropy, squared_error
from rnnlib.parameters import parameters
from rnnlib.stack import BothDirections, DirectionsStep, Stack

torch = needed("torch")

K, N, T, M = 2, 3, 5, 4
CLOSE = {"rtol": 1e-9, "atol": 1e-12}


@pytest.fixture
def rng():
    return np.random.default_rng(20261121)


def tensor(array):
    return torch.tensor(array, requires_grad=True)


def taught(module, arrays):
    """The module with these weights; PyTorch checks that none is missing and none too many."""
    module.load_state_dict({name: torch.tensor(array) for name, array in arrays.items()})
    return module


# One module of PyTorch: one layer or several, one direction or both


def tanh_layer(rng, k=K):
    return random_layer(rng, k, N)


def relu_layer(rng, k=K):
    return random_layer(rng, k, N, "relu")


def lstm(rng, k=K):
    return random_lstm(rng, k, N)


def gru(rng, k=K):
    return random_gru(rng, k, N)


def one_layer(cell, rng):
    return cell(rng), {}


def three_layers(cell, rng):
    return Stack((cell(rng), cell(rng, N), cell(rng, N))), {"num_layers": 3}


def both_directions(cell, rng):
    return BothDirections(cell(rng), cell(rng)), {"bidirectional": True}


def both_directions_twice(cell, rng):
    below, above = (BothDirections(cell(rng, k), cell(rng, k)) for k in (K, 2 * N))
    return Stack((below, above)), {"num_layers": 2, "bidirectional": True}


def module_for(cell, words):
    """PyTorch's module of the same kind, in float64."""
    if isinstance(cell, Layer):
        words = words | {"nonlinearity": cell.phi}
        return torch.nn.RNN(K, N, dtype=torch.float64, **words)
    return getattr(torch.nn, type(cell).__name__)(K, N, dtype=torch.float64, **words)


def in_torch_order(records):
    """All records of one time step, the layers from below, of each both directions."""
    if type(records) not in (tuple, DirectionsStep):
        return [records]
    return [record for part in records for record in in_torch_order(part)]


def as_torch_has_them(records):
    """All h or y, and all c if there are, each of shape (layers and directions, m, n)."""
    records = in_torch_order(records)
    names = [name for name in ("y", "h", "c") if getattr(records[0], name, None) is not None]
    return [np.stack([getattr(record, name) for record in records]) for name in names]


def torch_gradients(d_cell):
    """Under PyTorch's names; the second bias is added to the first, and so has its gradient.

    But for the last of a GRU's three gates, where it is our b_h.
    """
    arrays = to_torch(d_cell)
    for name, array in arrays.items():
        if name.startswith("bias_hh"):
            added = slice(2 * N if len(array) == 3 * N else None)
            array[added] = arrays[name.replace("_hh_", "_ih_")][added]
    return arrays


@pytest.mark.parametrize("lengths", [None, [3, 5, 1, 2]], ids=["equal", "packed"])
@pytest.mark.parametrize("shape", [one_layer, three_layers, both_directions, both_directions_twice])
@pytest.mark.parametrize("cell", [tanh_layer, relu_layer, lstm, gru])
def test_values_and_gradients_are_those_of_pytorch(cell, shape, lengths, rng):
    network, words = shape(cell, rng)
    module = taught(module_for(cell(rng), words), to_torch(network))
    xs, start = draw(rng, T, M, K), start_of(rng, network, (M,))
    lengths = np.full(M, T) if lengths is None else np.array(lengths)

    trace = unroll(network, xs, start, lengths)
    y = getattr(trace, network.output)
    own = draw(rng, *y.shape) * (np.arange(T)[:, None] < lengths)[..., None]
    d = bptt(trace, **{network.output: own})

    t_xs, t_start = tensor(xs), [tensor(each) for each in as_torch_has_them(start)]
    packed = torch.nn.utils.rnn.pack_padded_sequence(t_xs, lengths, enforce_sorted=False)
    t_y, t_end = module(packed, tuple(t_start) if len(t_start) > 1 else t_start[0])
    t_y, _ = torch.nn.utils.rnn.pad_packed_sequence(t_y)
    (t_y * torch.tensor(own)).sum().backward()

    alive = np.arange(T)[:, None] < lengths
    np.testing.assert_allclose(y[alive], t_y.detach()[torch.tensor(alive)], **CLOSE)
    t_end = t_end if isinstance(t_end, tuple) else (t_end,)
    for mine, theirs in zip(as_torch_has_them(trace[-1]), t_end, strict=True):
        np.testing.assert_allclose(mine, theirs.detach(), **CLOSE)
    np.testing.assert_allclose(d.xs, t_xs.grad, **CLOSE)
    for mine, theirs in zip(as_torch_has_them(d[0]), t_start, strict=True):
        np.testing.assert_allclose(mine, theirs.grad, **CLOSE)
    mine = torch_gradients(d.cell)
    for name, weight in module.named_parameters():
        np.testing.assert_allclose(mine[name], weight.grad, err_msg=name, **CLOSE)


@pytest.mark.parametrize("cell", [tanh_layer, lstm, gru])
def test_what_pytorch_draws_comes_over_with_both_its_biases(cell, rng):
    kind = type(cell(rng))
    module = module_for(cell(rng), {"num_layers": 2, "bidirectional": True})
    network, xs = from_torch(kind, module.state_dict()), draw(rng, T, M, K)
    y = getattr(unroll(network, xs), network.output)
    np.testing.assert_allclose(y, module(torch.tensor(xs))[0].detach(), **CLOSE)


# With an output layer


class WithLinear(torch.nn.Module):
    """What ``to_torch`` writes for a network with an output layer."""

    def __init__(self, rnn, o):
        super().__init__()
        self.rnn, self.linear = rnn, torch.nn.Linear(N, o, dtype=torch.float64)

    def forward(self, xs):
        return self.linear(self.rnn(xs)[0])


@pytest.mark.parametrize("network", ["Elman", "LSTM and Dense"])
def test_an_output_layer_is_a_linear(network, rng):
    if network == "Elman":
        cell, below = random_elman(rng, K, N, 2), tanh_layer(rng)
    else:
        below = lstm(rng)
        cell = Stack((below, random_dense(rng, N, 2, "identity")))
    module = taught(WithLinear(module_for(below, {}), 2), to_torch(cell))
    xs = draw(rng, T, M, K)
    trace, theirs = unroll(cell, xs), module(torch.tensor(xs))
    np.testing.assert_allclose(trace.y, theirs.detach(), **CLOSE)
    (theirs**3).sum().backward()
    mine = to_torch(bptt(trace, y=3 * trace.y**2).cell)
    for name, weight in module.named_parameters():
        if "bias_hh" not in name:
            np.testing.assert_allclose(mine[name], weight.grad, err_msg=name, **CLOSE)


def test_a_jordan_network_is_a_loop_of_five_lines(rng):
    cell, xs, y0 = (
        random_jordan(rng, K, N, 2, "tanh", "sigmoid"),
        draw(rng, T, M, K),
        draw(rng, M, 2),
    )
    W = {name: tensor(array) for name, array in parameters(cell).items()}
    t_xs, t_y0 = tensor(xs), tensor(y0)

    y, ys = t_y0, []
    for x in t_xs:
        h = torch.tanh(x @ W["W_x"] + y @ W["W_h"] + W["b_h"])
        y = torch.sigmoid(h @ W["W_o"] + W["b_o"])
        ys.append(y)

    theirs = torch.stack(ys)
    trace = unroll(cell, xs, JordanStep(y=y0))
    np.testing.assert_allclose(trace.y, theirs.detach(), **CLOSE)
    (theirs**3).sum().backward()
    d = bptt(trace, y=3 * trace.y**2)
    for name, gradient in parameters(d.cell).items():
        np.testing.assert_allclose(gradient, W[name].grad, err_msg=name, **CLOSE)
    np.testing.assert_allclose(d.xs, t_xs.grad, **CLOSE)
    np.testing.assert_allclose(d[0].y, t_y0.grad, **CLOSE)


# Losses


def assert_same_loss(mine, theirs, array):
    theirs.backward()
    np.testing.assert_allclose(mine.value, theirs.item(), **CLOSE)
    np.testing.assert_allclose(mine.gradient, array.grad, **CLOSE)


def test_losses_are_pytorchs_summed_over_steps_and_averaged_over_the_batch(rng):
    functional, o = torch.nn.functional, 3
    numbers, classes = draw(rng, T, M, o), rng.integers(0, o, (T, M))
    probabilities = rng.uniform(size=(T, M, o))

    a = draw(rng, T, M, o) * 4
    theirs = tensor(a)
    loss = functional.mse_loss(theirs, torch.tensor(numbers), reduction="sum") / M
    assert_same_loss(squared_error(a, numbers), loss, theirs)

    theirs = tensor(a)
    flat, wanted = theirs.reshape(-1, o), torch.tensor(classes).reshape(-1)
    loss = functional.cross_entropy(flat, wanted, reduction="sum") / M
    assert_same_loss(softmax_cross_entropy(a, classes), loss, theirs)

    theirs = tensor(a)
    loss = functional.binary_cross_entropy_with_logits(
        theirs, torch.tensor(probabilities), reduction="sum"
    )
    assert_same_loss(sigmoid_cross_entropy(a, probabilities), loss / M, theirs)
