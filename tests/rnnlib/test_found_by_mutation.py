"""What a deliberate fault got away with, until there was a test: see ``mutations.py``."""

from __future__ import annotations

import numpy as np
import pytest
from networks import draw, random_layer, random_lstm

from rnnlib import initial
from rnnlib.convert import from_torch, to_torch
from rnnlib.parameters import map_parameters, parameters
from rnnlib.tasks import Latch
from rnnlib.training import SGD, Adam, evaluate, fit

SEED = 20261121


@pytest.fixture
def rng():
    return np.random.default_rng(SEED)


@pytest.mark.parametrize("network", [random_layer, random_lstm])
def test_pytorchs_two_biases_add_up(network, rng):
    cell = network(rng)
    arrays = to_torch(cell)
    second = draw(rng, *arrays["bias_hh_l0"].shape)
    moved = arrays | {
        "bias_ih_l0": arrays["bias_ih_l0"] - second,
        "bias_hh_l0": arrays["bias_hh_l0"] + second,
    }
    for name, array in parameters(from_torch(type(cell), moved)).items():
        np.testing.assert_allclose(array, parameters(cell)[name], rtol=1e-14, atol=1e-15)


class Uphill(SGD):
    """Gets worse at every step, so that the first trial is the best."""

    def step(self, cell, gradient, v):
        return super().step(cell, map_parameters(np.negative, gradient), v)


def test_fit_returns_the_network_that_did_best(rng):
    task, cell = Latch(5), initial.elman(np.random.default_rng(1), 1, 4, 1)
    options = {"optimiser": Uphill(0.01), "iterations": 20, "validate_every": 5}
    trained, history = fit(cell, task, rng=rng, progress=False, **options)
    trial = task.batch(np.random.default_rng(SEED), 320)  # the first that fit draws
    assert history.best == 5
    assert evaluate(trained, task, trial) == history.validation_losses[0]
    assert history.validation_losses == sorted(set(history.validation_losses))


def test_adam_counts_its_steps(rng):
    """The same gradient at each step, however small: m̂ and √v̂ are it and its size, every time."""
    cell = random_layer(rng)
    adam, trained = Adam(0.1, epsilon=1e-300), cell
    state = adam.start(cell)
    for number in range(1, 6):
        trained, state = adam.step(trained, cell, state)
        for name, w in parameters(cell).items():
            moved = w - number * 0.1 * np.sign(w)
            np.testing.assert_allclose(parameters(trained)[name], moved, rtol=1e-12, atol=1e-14)
