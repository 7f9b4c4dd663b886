"""An LSTM to PyTorch and back."""

import numpy as np
import torch
from torch import nn

from rnnlib import LSTM, initial, unroll
from rnnlib.convert import from_torch, to_torch
from rnnlib.examples import notes_inputs

ours = initial.lstm(np.random.default_rng(0), k=2, n=3, forget_bias=1)
weights = to_torch(ours)

lstm = nn.LSTM(2, 3)
lstm.load_state_dict({name: torch.tensor(w) for name, w in weights.items()})

xs = notes_inputs()
hs, (h, c) = lstm(torch.tensor(xs, dtype=torch.float32))
assert np.allclose(hs.detach(), unroll(ours, xs).h, atol=1e-6)

i, f, c_tilde, o = lstm.bias_ih_l0.tensor_split(4)  # their order
assert f.tolist() == [1, 1, 1]

# and back: now every gate of every step can be looked at
trace = unroll(from_torch(LSTM, lstm.state_dict()), xs)
assert trace.f.shape == (3, 3)
