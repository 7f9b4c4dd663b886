"""An LSTM to Keras and back."""

import keras
import numpy as np

from rnnlib import LSTM, initial, unroll
from rnnlib.convert import from_keras, to_keras
from rnnlib.examples import notes_inputs

ours = initial.lstm(np.random.default_rng(0), k=2, n=3, forget_bias=1)

lstm = keras.layers.LSTM(3, return_sequences=True)
lstm.build((None, None, 2))  # the weights come into being here
lstm.set_weights(to_keras(ours))

xs = notes_inputs()
hs = keras.ops.convert_to_numpy(lstm(xs[np.newaxis]))
assert np.allclose(hs[0], unroll(ours, xs).h, atol=1e-6)

kernel, recurrent_kernel, bias = lstm.get_weights()
i, f, c_tilde, o = np.split(bias, 4)  # their order
assert f.tolist() == [1, 1, 1]

# and back: now every gate of every step can be looked at
trace = unroll(from_keras(LSTM, lstm.get_weights()), xs)
assert trace.f.shape == (3, 3)
