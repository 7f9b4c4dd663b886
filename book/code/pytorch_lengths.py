"""Sequences of different lengths, and a sequence in pieces, in PyTorch."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence, pad_packed_sequence

from rnnlib import Layer
from rnnlib.convert import to_torch

ours = Layer(
    W_x=[[1, 0, -1], [0, 2, 1]],
    W_y=[[0, 1, 0], [1, 0, 0], [0, -1, 1]],
    b=[0, 1, 0],
    phi="relu",
)
rnn = nn.RNN(2, 3, nonlinearity="relu")
weights = to_torch(ours)
rnn.load_state_dict({name: torch.tensor(w) for name, w in weights.items()})

sequences = [[[1, 0], [0, 1], [2, 0]], [[2, 1]], [[1, 1], [0, 2]]]
terms = [torch.tensor(each).float() for each in sequences]
packed = pack_sequence(terms, enforce_sorted=False)
ys, last = rnn(packed)  # last has the shape (1, m, n)
assert last[0].tolist() == [[6, 1, 0], [2, 3, 0], [3, 6, 2]]
padded, lengths = pad_packed_sequence(ys)  # (T, m, n), zeros after the end

# A sequence in pieces
xs = terms[0]
_, state = rnn(xs[:2])
state = state.detach()  # while it trains: the gradient stops here
_, end = rnn(xs[2:], state)
assert end.tolist() == [[6, 1, 0]]
