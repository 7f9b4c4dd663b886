"""Calls that are nearly right, beyond the cells: each error says what was given and what to do."""

from __future__ import annotations

import numpy as np
import pytest
from networks import random_elman, random_gru, random_jordan, random_layer, random_lstm

from rnnlib import SGD, Adam, Elman, Stack, feed_forward, fit, flow, initial, load, save, unroll
from rnnlib.convert import from_keras, from_torch, to_keras, to_torch
from rnnlib.gated import GRU, LSTM, ResetFirstGRU
from rnnlib.tasks import Echo, NextCharacter
from rnnlib.training import evaluate

RNG = np.random.default_rng(20261121)
ELMAN, LAYER, TASK = random_elman(RNG, 1, 3, 1), random_layer(RNG), Echo(5, 1)
TRACE = unroll(random_lstm(RNG), RNG.normal(size=(5, 2)))


def trained(task=TASK, **options):
    return fit(ELMAN, task, **{"optimiser": SGD(0.1), "iterations": 1, "rng": RNG} | options)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        # training
        (lambda: trained(Echo), "task is the class Echo, expected one as in rnnlib.tasks"),
        (lambda: trained(iterations=RNG), "iterations is a Generator, expected a whole number"),
        (lambda: trained(rng=3), "rng is of type int, expected a numpy.random.Generator"),
        (lambda: trained(optimiser=TASK), "optimiser is Echo(T=5, delay=1), expected SGD(rate)"),
        (lambda: trained(clip_at=True), "clip_at is of type bool, expected a number"),
        (lambda: trained(on=1), "on is 1, expected the name of a quantity, such as 'y'"),
        (lambda: evaluate(ELMAN, TASK.batch(RNG, 3), TASK), "task is a Batch, expected one as in"),
        (lambda: evaluate(ELMAN, TASK, RNG), "batch is a Generator, expected what task.batch(rng"),
        (lambda: SGD(0.1).start(TRACE), "cell is of type Trace; a network was expected"),
        (lambda: Adam(0.1).start((ELMAN, ELMAN)), "layers one above another are a Stack"),
        (lambda: SGD(0.1).step(ELMAN, ELMAN, None), "state is None, expected what the step before"),
        (
            lambda: Adam(0.1).step(ELMAN, ELMAN, ELMAN),
            "state is an Elman, expected what the step b",
        ),
        (lambda: Adam(0.1, (0.9, 0.99)), "beta_1 is of type tuple, expected a number"),
        # tasks
        (lambda: TASK.batch(3, RNG), "rng is of type int, expected a numpy.random.Generator: give"),
        (lambda: Echo(1, 5), "T is 1, expected a whole number, at least 6"),
        (lambda: NextCharacter("hello", 3), "T is 'hello', expected a whole number, at least 1"),
        (lambda: NextCharacter(5).encode(7), "text is of type int, expected str"),
        (lambda: NextCharacter(5).decode(np.eye(3)), "classes has shape (3, 3), expected (n,): of"),
        # flow
        (lambda: flow.product(3, 0, TRACE), "trace is of type int, expected a Trace, of one cell"),
        (lambda: flow.bound(Elman), "cell is the class Elman; a network was expected, made of its"),
        (lambda: flow.bound(ELMAN, "1"), "slope is '1', expected a number from 0 on"),
        (lambda: flow.product(TRACE, True, 2), "k is True, expected a time step, at least 0"),
        # initial
        (lambda: initial.glorot(3, 4, RNG), "rng is of type int, expected a numpy.random.Generat"),
        (lambda: initial.draw(ELMAN, RNG, k=1), "kind is an Elman, expected the class of a cell"),
        # files
        (lambda: save(ELMAN, "x.npz"), "path is an Elman, expected the name of a file, which com"),
        (lambda: load(ELMAN), "path is an Elman, expected the name of a file, which comes first"),
        (lambda: save("", ELMAN), "path is '', expected the name of a file, which comes first"),
        (lambda: save("x.npz", (ELMAN, ELMAN)), "one network was expected, or all in a Stack"),
        # conversion
        (lambda: from_torch(LSTM, {0: [1]}), "arrays has no weight_ih_l0; it holds 0"),
        (lambda: from_torch({}, LSTM), "kind is {}, expected the class of a cell, such as rnnlib"),
        (
            lambda: from_torch(Elman, to_torch(LAYER)),
            "arrays has no rnn.weight_ih_l0; it holds weight_ih_l0, weight_hh_l0, bias_ih_l0",
        ),
        (
            lambda: from_torch(Elman, {f"rnn.{name}": a for name, a in to_torch(LAYER).items()}),
            "arrays has no linear.weight; it holds rnn.weight_ih_l0",
        ),
        (lambda: to_torch(Stack((LAYER, random_jordan(RNG, 4)))), "network mixes Jordan, Layer"),
        (lambda: from_keras(LSTM, 5), "arrays is 5, expected the list that get_weights returns"),
        (lambda: from_keras(LSTM, TRACE.xs), "arrays is an array of shape (5, 2), expected the l"),
        (lambda: from_keras(Stack, to_keras(LAYER)), "Keras has no Stack; expected one of: Layer"),
        (
            lambda: from_keras(ResetFirstGRU, to_keras(random_gru(RNG))),
            "bias has shape (2, 9), expected (9,)",
        ),
        (lambda: from_torch(GRU, to_torch(random_lstm(RNG))), "weight_hh_l0 has shape (12, 3), e"),
        # networks of networks
        (lambda: feed_forward(5, 5), "weights is 5, expected a list of arrays"),
    ],
)
def test_an_error_says_what_to_do(call, message):
    with pytest.raises((TypeError, ValueError)) as error:
        call()
    assert message in str(error.value)
    assert len(str(error.value)) < 250


def test_what_cannot_be_written_is_called_by_the_name_that_was_given(tmp_path):
    with pytest.raises(IsADirectoryError) as error:
        save(tmp_path, ELMAN)
    assert str(error.value) == f"[Errno 21] Is a directory: '{tmp_path}'"
    assert not list(tmp_path.parent.glob("*unfinished"))
