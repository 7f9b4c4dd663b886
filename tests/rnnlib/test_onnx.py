"""ONNX's definition of recurrent networks, and what onnxruntime computes: is it the same?"""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from needs import needed

from rnnlib import GRU, LSTM, BothDirections, Layer, LayerStep, PeepholeLSTM, ResetFirstGRU, unroll
from rnnlib.gated import GRUStep, LSTMStep

CURE = "pip install -r requirements-torch.txt"
onnx = needed("onnx", CURE)
onnxruntime = needed("onnxruntime", CURE)

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
NETWORKS = 100
"""Of each kind, in each run."""


@pytest.fixture
def rng():
    return np.random.default_rng(20261121)


def cell_of(op, W, R, B, P, activation, reset_after):
    """One direction's arrays, (g n, k), (g n, n), (2 g n,) and (3 n,), as a cell of ours."""
    g, n = GATES[op], R.shape[-1]
    W_x, W_h = (array.reshape(g, n, -1).swapaxes(1, 2) for array in (W, R))
    b_x, b_h = np.zeros((2, g, n)) if B is None else B.reshape(2, g, n)
    if op == "RNN":
        return Layer(W_x[0], W_h[0], (b_x + b_h)[0], activation.lower())
    if op == "LSTM":
        order = [2, 0, 1, 3]  # theirs are i, o, f, c
        arrays = W_x[order], W_h[order], (b_x + b_h)[order]
        return LSTM(*arrays) if P is None else PeepholeLSTM(*arrays, P.reshape(3, n)[[2, 0, 1]])
    if reset_after:
        b = np.stack([*(b_x + b_h)[:2], b_x[2]])
        return GRU(W_x, W_h, b, b_h[2])
    return ResetFirstGRU(W_x, W_h, b_x + b_h)


def state_of(op, h, c):
    if op == "RNN":
        return LayerStep(y=h)
    return GRUStep(h=h) if op == "GRU" else LSTMStep(h=h, c=c)


def ours(op, attributes, X, W, R, B=None, lengths=None, h_0=None, c_0=None, P=None):
    """What an operator of ONNX puts out, Y (T, directions, m, n), Y_h and Y_c, by our networks."""
    direction = attributes.get("direction", "forward")
    both, (T, m, _), n = direction == "bidirectional", X.shape, R.shape[-1]
    names = attributes.get("activations", ["Tanh"] * len(W))
    reset_after = attributes.get("linear_before_reset", 0)
    cells = [
        cell_of(op, W[d], R[d], *(a if a is None else a[d] for a in (B, P)), names[d], reset_after)
        for d in range(len(W))
    ]
    h, c = (np.zeros((len(W), m, n)) if given is None else given for given in (h_0, c_0))
    starts = [state_of(op, h[d], c[d]) for d in range(len(W))]
    lengths = np.full(m, T) if lengths is None else lengths
    # a single direction backwards is that half of two of which the other does not matter
    network, start = cells[0], starts[0]
    if direction != "forward":
        network, start = BothDirections(cells[0], cells[-1]), (starts[0], starts[-1])
    trace = unroll(network, X, start, lengths)
    Y = getattr(trace, network.output).reshape(T, m, -1, n).swapaxes(1, 2)
    ends = trace[-1] if direction != "forward" else (trace[-1],)
    if direction == "reverse":
        Y, ends = Y[:, 1:], ends[1:]
    # what follows a sequence's end is zero there
    Y = Y * (np.arange(T)[:, None] < lengths)[:, None, :, None]
    Y_h = np.stack([getattr(end, network.output) for end in ends])
    Y_c = [np.stack([end.c for end in ends])] if op == "LSTM" else []
    assert both == (Y.shape[1] == 2)
    return [Y, Y_h, *Y_c]


# ONNX's own examples of what an operator means


def examples():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # other operators' examples overflow on purpose
        from onnx.backend.test.case.node import collect_testcases

        return [
            case
            for case in collect_testcases(None)
            if case.model and case.model.graph.node[-1].op_type in GATES
        ]


@pytest.mark.parametrize("case", examples(), ids=lambda case: case.name)
def test_onnx_own_examples(case):
    [node] = case.model.graph.node
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    attributes = {name: a.decode() if isinstance(a, bytes) else a for name, a in attributes.items()}
    for inputs, outputs in case.data_sets:
        given = dict(zip((name for name in node.input if name), inputs, strict=True))
        X, W, R, B, lengths, h_0, *rest = [given.get(name) for name in [*node.input, *[""] * 8][:8]]
        c_0, P = rest if node.op_type == "LSTM" else (None, None)
        batch_first = attributes.get("layout", 0)
        if batch_first:
            X = X.swapaxes(0, 1)
            h_0, c_0 = (a if a is None else a.swapaxes(0, 1) for a in (h_0, c_0))
        found = ours(node.op_type, attributes, X, W, R, B, lengths, h_0, c_0, P)
        if batch_first:
            found = [found[0].transpose(2, 0, 1, 3), *(each.swapaxes(0, 1) for each in found[1:])]
        named = [each for each, name in zip(found, node.output, strict=False) if name]
        for mine, theirs in zip(named, outputs, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)


# Random networks


def draw(rng, *shape):
    return rng.uniform(-1, 1, shape).astype(np.float32)


def random_case(rng, op):
    """Attributes and inputs of an operator; whatever may be left out is, half of the time."""
    direction = str(rng.choice(["forward", "reverse", "bidirectional"]))
    D, g = 1 + (direction == "bidirectional"), GATES[op]
    T, m, k, n = (int(size) for size in rng.integers(1, 7, 4))
    attributes = {"hidden_size": n, "direction": direction}
    if op == "RNN":
        names = rng.choice(["Tanh", "Relu", "Sigmoid"], D)
        attributes["activations"] = [str(name) for name in names]
    if op == "GRU":
        attributes["linear_before_reset"] = int(rng.integers(2))
    inputs = {
        "X": draw(rng, T, m, k),
        "W": draw(rng, D, g * n, k),
        "R": draw(rng, D, g * n, n),
        "B": draw(rng, D, 2 * g * n),
        "lengths": rng.integers(1, T + 1, m).astype(np.int32),
        "h_0": draw(rng, D, m, n),
    }
    if op == "LSTM":
        inputs |= {"c_0": draw(rng, D, m, n), "P": draw(rng, D, 3 * n)}
    optional = [name for name in inputs if name not in "XWR" and rng.integers(2)]
    return attributes, {name: a for name, a in inputs.items() if name not in optional}


def theirs(op, attributes, inputs):
    """The same by onnxruntime."""
    order = ["X", "W", "R", "B", "lengths", "h_0"] + ["c_0", "P"] * (op == "LSTM")
    outputs = ["Y", "Y_h", "Y_c"][: 3 if op == "LSTM" else 2]
    names = [name if name in inputs else "" for name in order]
    node = onnx.helper.make_node(op, names, outputs, **attributes)
    graph = onnx.helper.make_graph(
        [node],
        op,
        [
            onnx.helper.make_tensor_value_info(
                name, onnx.helper.np_dtype_to_tensor_dtype(a.dtype), a.shape
            )
            for name, a in inputs.items()
        ],
        [
            onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
            for name in outputs
        ],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 22)])
    model.ir_version = 10
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, inputs)


@pytest.mark.parametrize("op", GATES)
def test_random_networks_compute_what_onnxruntime_does(op, rng):
    for number in range(NETWORKS):
        attributes, inputs = random_case(rng, op)
        found = ours(op, attributes, **inputs)
        for mine, other in zip(found, theirs(op, attributes, inputs), strict=True):
            np.testing.assert_allclose(
                mine, other, rtol=1e-4, atol=2e-5, err_msg=f"number {number}: {attributes}"
            )
