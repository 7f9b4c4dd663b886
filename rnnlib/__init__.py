"""rnnlib: recurrent neural networks in NumPy, as the book shows them.

A cell holds weights, ``unroll`` runs it over a sequence, and the ``Trace`` that this leaves holds
every quantity of every time step. ``bptt`` goes the way back, and leaves a trace of gradients.

Vectors are rows, and time comes first: (T, ..., k). All functions check what they are given, and
raise ValueError where a shape or a number does not fit, TypeError where something is of another
kind than expected; the message says what was given, what was expected, and what to do.

The modules ``initial``, ``tasks``, ``training``, ``flow`` and ``convert`` hold what is needed less
often.
"""

from rnnlib.activations import ACTIVATIONS, Activation, activation
from rnnlib.backpropagation import bptt
from rnnlib.cells import (
    Cell,
    Dense,
    DenseStep,
    Elman,
    ElmanStep,
    Jordan,
    JordanStep,
    Layer,
    LayerStep,
    weight,
)
from rnnlib.counting import count
from rnnlib.files import load, save
from rnnlib.gated import GATES, GRU, LSTM, GRUStep, LSTMStep, PeepholeLSTM, ResetFirstGRU
from rnnlib.generation import generate
from rnnlib.lengths import pad
from rnnlib.losses import Loss, sigmoid_cross_entropy, softmax_cross_entropy, squared_error
from rnnlib.stack import BothDirections, Stack, feed_forward
from rnnlib.trace import Trace, unroll
from rnnlib.training import SGD, Adam, clip, fit
from rnnlib.truncation import contributions

__all__ = [
    "ACTIVATIONS",
    "GATES",
    "GRU",
    "LSTM",
    "SGD",
    "Activation",
    "Adam",
    "BothDirections",
    "Cell",
    "Dense",
    "DenseStep",
    "Elman",
    "ElmanStep",
    "GRUStep",
    "Jordan",
    "JordanStep",
    "LSTMStep",
    "Layer",
    "LayerStep",
    "Loss",
    "PeepholeLSTM",
    "ResetFirstGRU",
    "Stack",
    "Trace",
    "activation",
    "bptt",
    "clip",
    "contributions",
    "count",
    "feed_forward",
    "fit",
    "generate",
    "load",
    "pad",
    "save",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "squared_error",
    "unroll",
    "weight",
]
