"""rnnlib: recurrent neural networks in NumPy, as the book shows them.

A cell holds weights, ``unroll`` runs it over a sequence, and the ``Trace`` that this leaves holds
every quantity of every time step.
"""

from rnnlib.activations import ACTIVATIONS, Activation, activation
from rnnlib.cells import Cell, Elman, ElmanStep, Jordan, JordanStep, Layer, LayerStep
from rnnlib.trace import Trace, unroll

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "Cell",
    "Elman",
    "ElmanStep",
    "Jordan",
    "JordanStep",
    "Layer",
    "LayerStep",
    "Trace",
    "activation",
    "unroll",
]
