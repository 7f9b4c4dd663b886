"""rnnlib: recurrent neural networks in NumPy, as the book shows them.

A cell holds weights, ``unroll`` runs it over a sequence, and the ``Trace`` that this leaves holds
every quantity of every time step.
"""

from rnnlib.activations import ACTIVATIONS, Activation, activation
from rnnlib.bptt import bptt, contributions
from rnnlib.cells import Cell, Elman, ElmanStep, Jordan, JordanStep, Layer, LayerStep
from rnnlib.gated import GATES, LSTM, LSTMStep
from rnnlib.losses import Loss, sigmoid_cross_entropy, softmax_cross_entropy, squared_error
from rnnlib.trace import Trace, pad, unroll

__all__ = [
    "ACTIVATIONS",
    "GATES",
    "LSTM",
    "Activation",
    "Cell",
    "Elman",
    "ElmanStep",
    "Jordan",
    "JordanStep",
    "LSTMStep",
    "Layer",
    "LayerStep",
    "Loss",
    "Trace",
    "activation",
    "bptt",
    "contributions",
    "pad",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "squared_error",
    "unroll",
]
