"""Activation functions and their derivatives.

Every activation is found by its name: ``activation("tanh")``. Cells carry the name, so that a
cell holds nothing but its arrays and a word or two.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnlib._checks import as_array


@dataclass(frozen=True)
class Activation:
    """A function y = φ(a) of the pre-activation a, with its derivative.

    Call it with an array of any shape; the result has the same shape. Softmax works along the
    last axis, all others entry by entry.

    ``function`` is φ without the check of what comes in, for arrays that are floating-point
    already.
    """

    name: str
    function: Callable[[NDArray], NDArray]
    _derivative: Callable[[NDArray], NDArray]

    def __call__(self, a: ArrayLike) -> NDArray:
        """φ(a), of the shape of ``a``."""
        return self.function(as_array("a", a))

    def derivative(self, a: ArrayLike) -> NDArray:
        """φ′(a).

        Of the shape of ``a``, (..., n), where φ works entry by entry. For softmax the Jacobian
        J of shape (..., n, n), with J[..., i, j] = ∂y_i/∂a_j.
        """
        return self._derivative(as_array("a", a))


def _sigmoid(a: NDArray) -> NDArray:
    # 1/(1 + exp(-a)) where a ≥ 0, and its equal exp(a)/(1 + exp(a)) elsewhere: the exponent is
    # never positive, so that a large |a| neither overflows nor loses digits
    positive = a.real >= 0
    exponential = np.exp(np.where(positive, -a, a))
    return np.where(positive, 1 / (1 + exponential), exponential / (1 + exponential))


def _sigmoid_derivative(a: NDArray) -> NDArray:
    # σ(−a) is 1 − σ(a), but keeps its digits where σ(a) is close to 1
    return _sigmoid(a) * _sigmoid(-a)


def _tanh_derivative(a: NDArray) -> NDArray:
    return 1 - np.tanh(a) ** 2


def _relu(a: NDArray) -> NDArray:
    # what is not a number stays one: it must not vanish into a 0
    return np.where(a.real <= 0, np.zeros_like(a), a)


def _relu_derivative(a: NDArray) -> NDArray:
    # at a = 0, where there is none, the value 0 is the custom
    return (a.real > 0).astype(a.dtype)


def _softmax(a: NDArray) -> NDArray:
    if a.ndim == 0 or a.shape[-1] == 0:
        raise ValueError(f"a has shape {a.shape}, expected (..., n): softmax divides by a sum of n")
    # a constant shift changes nothing and keeps exp from overflowing
    exponentials = np.exp(a - a.real.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def _softmax_derivative(a: NDArray) -> NDArray:
    y = _softmax(a)
    return y[..., :, None] * (np.eye(y.shape[-1], dtype=y.dtype) - y[..., None, :])


ACTIVATIONS: dict[str, Activation] = {
    each.name: each
    for each in (
        Activation("sigmoid", _sigmoid, _sigmoid_derivative),
        Activation("tanh", np.tanh, _tanh_derivative),
        Activation("relu", _relu, _relu_derivative),
        Activation("identity", np.copy, np.ones_like),
        Activation("softmax", _softmax, _softmax_derivative),
    )
}
"""All activations by name; (1.9) to (1.11) of Galvan's *On recurrent neural networks* are sigmoid,
tanh and ReLU."""


def activation(name: str) -> Activation:
    """The activation called ``name``.

    >>> activation("relu")([-1, 0, 2])
    array([0., 0., 2.])
    >>> activation("relu").derivative([-1, 0, 2])
    array([0., 0., 1.])

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise ValueError(f"unknown activation {name!r}, expected one of: {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]
