"""The Elman network of the lecture notes, in Keras."""

import keras
import numpy as np
from keras import layers

from rnnlib.convert import to_keras
from rnnlib.examples import notes_elman, notes_inputs

elman = keras.Sequential(
    [
        keras.Input((None, 2)),  # any number of steps
        layers.SimpleRNN(3, activation="relu", return_sequences=True),
        layers.Dense(2, activation="relu"),  # at every step
    ]
)
elman.set_weights(to_keras(notes_elman()))

xs = notes_inputs()[np.newaxis]  # a batch of one: (1, T, k)
ys = keras.ops.convert_to_numpy(elman(xs))
assert ys[0].tolist() == [[0, 6], [5, 4], [8, 0]]


# One step of training
def squared_error(targets, ys):
    return keras.ops.sum(keras.ops.square(ys - targets))


targets = np.array([[[0.0, 6], [5, 4], [7, 0]]])
elman.compile(keras.optimizers.SGD(1 / 64), squared_error)
loss = elman.train_on_batch(xs, targets)
