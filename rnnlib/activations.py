"""Activation functions and their derivatives.

Every activation is found by its name: ``activation("tanh")``. Cells carry the name, so that a
cell holds nothing but its arrays and a word or two.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rnnlib.checks import Array, as_array


@dataclass(frozen=True)
class Activation:
    """A function y = φ(a) of the pre-activation a, with its derivative.

    Call it with an array of any shape; the result has the same shape. Softmax works along the
    last axis, all others entry by entry.

    ``function`` is φ without the check of what comes in, for arrays that are floating-point
    already, as cells need it; ``slope`` is φ′ of a and y, likewise: as ``derivative`` returns it.
    """

    name: str
    function: Callable[[Array], Array]
    slope: Callable[[Array, Array], Array]

    def __call__(self, a: ArrayLike) -> Array:
        """φ(a), of the shape of ``a``."""
        return self.function(as_array("a", a))

    def derivative(self, a: ArrayLike) -> Array:
        """φ′(a).

        Of the shape of ``a``, (..., n), where φ works entry by entry. For softmax the Jacobian
        J of shape (..., n, n), with J[..., i, j] = ∂y_j/∂a_i: the row is where a change comes from,
        the column where it goes to, as everywhere here.
        """
        a = as_array("a", a)
        return self.slope(a, self.function(a))

    def pull_back(self, dy: Array, a: Array, y: Array) -> Array:
        """∂L/∂a from dy = ∂L/∂y, all (..., n): dy φ′(a) entry by entry, or dy Jᵀ."""
        if self.function is _softmax:  # dy Jᵀ, without n² numbers
            return y * (dy - (dy * y).sum(axis=-1, keepdims=True))
        slope = self.slope(a, y)
        if slope.ndim == a.ndim:
            return dy * slope
        back: Array = np.matmul(dy[..., None, :], np.swapaxes(slope, -1, -2))[..., 0, :]
        return back


def sigmoid(a: Array) -> Array:
    """σ(a) = 1/(1 + exp(−a)), unchecked; where σ is small it keeps its digits, in float32 too."""
    if np.iscomplexobj(a):
        # 1/(1 + exp(−a)) is exp(a)/(1 + exp(a)): the exponent that cannot overflow
        positive = a.real >= 0
        exponential = np.exp(np.where(positive, -a, a))
        return np.where(positive, 1, exponential) / (1 + exponential)
    with np.errstate(over="ignore"):  # 1/∞ is the 0 that it should be
        return 1 / (1 + np.exp(-a))


def _sigmoid_slope(a: Array, y: Array) -> Array:
    # σ(−a) is 1 − σ(a), but keeps its digits where σ(a) is close to 1
    return y * sigmoid(-a)


def _tanh_slope(a: Array, y: Array) -> Array:
    return 1 - y * y


def _relu(a: Array) -> Array:
    if np.iscomplexobj(a):  # what decides is the real part alone
        return a * (a.real > 0)
    return np.maximum(a, 0)  # what is not a number stays one


def _relu_slope(a: Array, y: Array) -> Array:
    # at a = 0, where there is none, the value 0 is the custom
    return (a.real > 0).astype(a.dtype)


def _identity_slope(a: Array, y: Array) -> Array:
    return np.ones_like(a)


def _softmax(a: Array) -> Array:
    if a.ndim == 0 or a.shape[-1] == 0:
        raise ValueError(f"a has shape {a.shape}, expected (..., n): softmax divides by a sum of n")
    exponentials = np.exp(below_the_largest(a))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def below_the_largest(a: Array) -> Array:
    """a − max a along the last axis: this leaves softmax as it is, and keeps exp from overflowing.

    No difference goes below the least that a float can hold, even if a − max a would.
    """
    with np.errstate(over="ignore"):
        shifted = a - a.real.max(axis=-1, keepdims=True)
    least = np.finfo(a.dtype).min
    return np.where(shifted.real < least, np.asarray(least, a.dtype), shifted)


def _softmax_slope(a: Array, y: Array) -> Array:
    return y[..., :, None] * (np.eye(y.shape[-1], dtype=y.dtype) - y[..., None, :])


ACTIVATIONS: dict[str, Activation] = {
    each.name: each
    for each in (
        Activation("sigmoid", sigmoid, _sigmoid_slope),
        Activation("tanh", np.tanh, _tanh_slope),
        Activation("relu", _relu, _relu_slope),
        Activation("identity", np.positive, _identity_slope),
        Activation("softmax", _softmax, _softmax_slope),
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
    """
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise ValueError(f"unknown activation {name!r}, expected one of: {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]
