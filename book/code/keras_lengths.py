"""Sequences of different lengths, and a sequence in pieces, in Keras."""

import keras
import numpy as np

from rnnlib import Layer, pad
from rnnlib.convert import to_keras

ours = Layer(
    W_x=[[1, 0, -1], [0, 2, 1]],
    W_y=[[0, 1, 0], [1, 0, 0], [0, -1, 1]],
    b=[0, 1, 0],
    phi="relu",
)
rnn = keras.layers.SimpleRNN(3, activation="relu")  # gives the last y
rnn.build((None, None, 2))
rnn.set_weights(to_keras(ours))

sequences = [[[1, 0], [0, 1], [2, 0]], [[2, 1]], [[1, 1], [0, 2]]]
padded, lengths = pad(sequences)  # (T, m, k)
mask = np.arange(3) < lengths[:, np.newaxis]  # (m, T): is there a term?
last = keras.ops.convert_to_numpy(rnn(padded.swapaxes(0, 1), mask=mask))
assert last.tolist() == [[6, 1, 0], [2, 3, 0], [3, 6, 2]]

# A sequence in pieces
xs = np.array(sequences[:1], dtype="float32")  # (1, T, k)
keeps = keras.layers.SimpleRNN(3, activation="relu", stateful=True)
keeps.build((1, None, 2))  # the size of the batch is fixed now
keeps.set_weights(to_keras(ours))
keeps(xs[:, :2])
end = keras.ops.convert_to_numpy(keeps(xs[:, 2:]))
assert end.tolist() == [[6, 1, 0]]
keeps.reset_state()  # or the next sequence starts where this one ended
