"""The Elman network of the lecture notes, in PyTorch."""

import torch
from torch import nn

from rnnlib.convert import to_torch
from rnnlib.examples import notes_elman, notes_inputs


class Elman(nn.Module):
    def __init__(self, k, n, o):
        super().__init__()
        self.rnn = nn.RNN(k, n, nonlinearity="relu")
        self.linear = nn.Linear(n, o)

    def forward(self, xs):
        hs, _ = self.rnn(xs)  # h(1), ..., h(T); and h(T) once more
        return torch.relu(self.linear(hs))


elman = Elman(k=2, n=3, o=2)
weights = to_torch(notes_elman())
elman.load_state_dict({name: torch.tensor(w) for name, w in weights.items()})

xs = torch.tensor(notes_inputs(), dtype=torch.float32)
ys = elman(xs)
assert ys.tolist() == [[0, 6], [5, 4], [8, 0]]

# One step of training
targets = torch.tensor([[0.0, 6], [5, 4], [7, 0]])
optimiser = torch.optim.SGD(elman.parameters(), lr=1 / 64)

loss = (ys - targets).square().sum()
optimiser.zero_grad()
loss.backward()
optimiser.step()
assert elman.linear.weight.grad.T.tolist() == [[18, 0], [0, 0], [0, 0]]
