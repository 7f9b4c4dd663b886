"""Tasks for recurrent networks, made on the spot from a random generator.

A task is a frozen dataclass; ``task.batch(rng, m)`` draws m sequences with what is right for each,
and ``task.loss`` and ``task.steps`` say how an answer is judged. Its ``baseline`` is the loss of
the best answer that remembers nothing: one that at each step reads that step's input and no other.
Nothing is stored or downloaded.

>>> batch = Adding(T=100).batch(np.random.default_rng(1), m=32)
>>> batch.xs.shape, batch.target.shape
((100, 32, 2), (32, 1))
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from numbers import Real
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rnnlib.checks import Array, as_count, check_generator
from rnnlib.losses import Loss, softmax_cross_entropy, squared_error


class Batch(NamedTuple):
    """Sequences ``xs``, (T, m, k), and what is right for them.

    ``target`` is (T, m, o), or (T, m) where it names classes, and lacks the first axis in a task
    that is judged by its last step. ``mask``, (T, m), says which steps count, ``lengths``, (m,),
    how many steps each sequence has; None where all do.
    """

    xs: Array
    target: Array
    mask: Array | None = None
    lengths: Array | None = None


@dataclass(frozen=True)
class Task(ABC):
    """What all tasks have: sequences of T steps, and how an answer is judged.

    A task is judged by its ``steps``, "last" or "all", with ``loss``.
    """

    T: int

    n_inputs: ClassVar[int] = 1
    n_outputs: ClassVar[int] = 1
    steps: ClassVar[str] = "last"
    loss: ClassVar[Callable[..., Loss]] = staticmethod(squared_error)
    shortest_T: ClassVar[int] = 1

    def __post_init__(self) -> None:
        as_count("T", self.T, self.shortest_T)

    def batch(self, rng: np.random.Generator, m: int) -> Batch:
        """m sequences, drawn anew."""
        check_generator(rng)
        return self._drawn(rng, as_count("m", m))

    @abstractmethod
    def _drawn(self, rng: np.random.Generator, m: int) -> Batch:
        """The same, once the arguments have been checked."""


@dataclass(frozen=True)
class Adding(Task):
    """Add the two marked numbers of a sequence.

    x(t) holds a number drawn from [0, 1) and a mark, 1 at two steps and 0 elsewhere: one of them in
    the first half of the sequence, one in the second. The last output is to be the sum of the two
    marked numbers. Always answering 1, their mean, has a squared error of 2/12 = 1/6. Who reads the
    last step, and it carries a mark, knows one of the two, and has 1/12: that makes the
    ``baseline`` of a network that remembers nothing a little less than 1/6. Lengths are drawn from
    ``shortest`` to ``T``, if it is given.

    After Hochreiter and Schmidhuber, "Long short-term memory", *Neural Computation* 9 (1997),
    experiment 4. There the numbers are from [−1, 1], the target is 1/2 + (sum of both)/4, the first
    and the last step carry the mark −1, and both marks fall into the first half or so.
    """

    shortest: int | None = None

    n_inputs = 2
    shortest_T = 2

    @property
    def baseline(self) -> float:
        """The loss of the best answer that remembers nothing."""
        lengths = np.arange(self.T if self.shortest is None else self.shortest, self.T + 1)
        last_is_marked = (1 / (lengths - lengths // 2)).mean()
        return float(1 / 6 - last_is_marked / 12)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.shortest is not None:
            as_count("shortest", self.shortest, 2)
            if self.shortest > self.T:
                raise ValueError(f"shortest is {self.shortest}, expected at most T = {self.T}")

    def _drawn(self, rng: np.random.Generator, m: int) -> Batch:
        """m sequences: xs (T, m, 2), target (m, 1)."""
        lengths = np.full(m, self.T)
        if self.shortest is not None:
            lengths = rng.integers(self.shortest, self.T, m, endpoint=True)
        each, half = np.arange(m), lengths // 2
        first, second = rng.integers(0, half), rng.integers(half, lengths)
        xs = np.zeros((self.T, m, 2))
        xs[..., 0] = rng.random((self.T, m)) * (np.arange(self.T)[:, None] < lengths)
        xs[first, each, 1] = xs[second, each, 1] = 1
        target = xs[first, each, 0] + xs[second, each, 0]
        return Batch(xs, target[:, None], lengths=None if self.shortest is None else lengths)


@dataclass(frozen=True)
class TemporalOrder(Task):
    """Tell in which order two symbols came: XX, XY, YX or YY.

    A sequence consists of distractors, but for two steps at which X or Y stands, one in the second
    tenth of the sequence and one in its sixth tenth. The classes 0 to 3 are XX, XY, YX, YY. The
    last step is a distractor and tells nothing: who guesses has the loss log 4, the ``baseline``.

    After Hochreiter and Schmidhuber (1997), experiment 6a; there a symbol of its own begins the
    sequence and another ends it. Each symbol is a unit vector: X, Y, and four distractors.
    """

    n_inputs = 6
    n_outputs = 4
    loss = staticmethod(softmax_cross_entropy)
    baseline = float(np.log(4))
    shortest_T = 10

    def _drawn(self, rng: np.random.Generator, m: int) -> Batch:
        """m sequences: xs (T, m, 6), target (m,) of classes."""
        T, each = self.T, np.arange(m)
        symbols = rng.integers(2, 6, (T, m))
        early, late = rng.integers(0, 2, (2, m))
        symbols[rng.integers(T // 10, 2 * T // 10, m), each] = early
        symbols[rng.integers(5 * T // 10, 6 * T // 10, m), each] = late
        return Batch(np.eye(6)[symbols], 2 * early + late)


@dataclass(frozen=True)
class Latch(Task):
    """Keep one bit: the sign of the first input, through T − 1 steps of noise.

    x(1) is 1 or −1, each as likely; what follows is normal noise of deviation ``noise``. The last
    output is to be x(1); who forgets answers 0, with a squared error of 1, the ``baseline``.

    After Bengio, Simard and Frasconi, "Learning long-term dependencies with gradient descent is
    difficult", *IEEE Transactions on Neural Networks* 5 (1994). There the first few inputs tell the
    bit, and are learnt.
    """

    noise: float = 0.2

    baseline = 1.0
    shortest_T = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (isinstance(self.noise, Real) and 0 <= self.noise < np.inf):
            raise ValueError(f"noise is {self.noise!r}, expected a number from 0 on")

    def _drawn(self, rng: np.random.Generator, m: int) -> Batch:
        """m sequences: xs (T, m, 1), target (m, 1)."""
        xs = self.noise * rng.standard_normal((self.T, m, 1))
        xs[0] = rng.choice([-1.0, 1.0], (m, 1))
        return Batch(xs, xs[0].copy())


@dataclass(frozen=True)
class Echo(Task):
    """Repeat what was read ``delay`` steps ago: y(t) is to be x(t − delay).

    Inputs are 0 or 1, each as likely. The first ``delay`` steps don't count. Always answering 1/2
    has a squared error of 1/4 at each of the others, the ``baseline`` of the whole sequence; a
    ``delay`` of 0 needs no memory, and its baseline is 0.
    """

    delay: int

    steps = "all"

    def __post_init__(self) -> None:
        as_count("delay", self.delay, 0)
        as_count("T", self.T, self.delay + 1)

    @property
    def baseline(self) -> float:
        """The loss of the best answer that remembers nothing."""
        return (self.T - self.delay) / 4 if self.delay else 0.0

    def _drawn(self, rng: np.random.Generator, m: int) -> Batch:
        """m sequences: xs, target (T, m, 1), mask (T, m)."""
        xs = rng.integers(0, 2, (self.T, m, 1)).astype(float)
        target = np.zeros_like(xs)
        target[self.delay :] = xs[: self.T - self.delay]
        mask = np.broadcast_to(np.arange(self.T)[:, None] >= self.delay, (self.T, m))
        return Batch(xs, target, mask=mask.copy())


@dataclass(frozen=True)
class Sine(Task):
    """The next term of a sine: y(t) is to be x(t + 1).

    Each sequence has a phase of its own and a period of its own, from 10 to 30 steps. A sine obeys
    x(t+1) = 2 cos ω x(t) − x(t−1): two terms suffice, if one knows ω. Who sees x(t) alone does best
    to answer c x(t), with c the mean of cos ω, since it may rise or fall from there: this has a
    squared error of (1 − c²)/2 at each step, and T times that is the ``baseline``.
    """

    steps = "all"

    @property
    def baseline(self) -> float:
        """The loss of the best answer that remembers nothing."""
        # the integral has no plain formula; a thousand periods give eight digits
        periods = 10 + 20 * (np.arange(1000) + 0.5) / 1000
        return float(self.T * (1 - np.cos(2 * np.pi / periods).mean() ** 2) / 2)

    def _drawn(self, rng: np.random.Generator, m: int) -> Batch:
        """m sequences: xs, target (T, m, 1)."""
        omega, phase = 2 * np.pi / rng.uniform(10, 30, m), rng.uniform(0, 2 * np.pi, m)
        terms = np.sin(np.arange(self.T + 1)[:, None] * omega + phase)[..., None]
        return Batch(terms[:-1], terms[1:].copy())


TEXT = """\
a line of words is read from left to right. the eye goes on, the word is gone, and yet the
sentence has a sense. so there is something that stays. what stays is small: not the letters, not
the sound, but a few threads that the next word takes up.

a clock has no memory. it shows the hour and forgets the hour before. a river has one: what rained
in the hills at night goes by in the valley at noon. between the two stands the reader, who keeps
what is of use and lets the rest go by.

to keep everything is to find nothing. to keep nothing is to begin again with each step. what we
call understanding lies between the two, and it is made of steps: take what was, add what is, and
hand on what may be wanted.
"""
"""A short text of our own, about memory, in small letters."""


@dataclass(frozen=True)
class NextCharacter(Task):
    """The next character of a text: the class at step t is the character at step t + 1.

    Sequences are pieces of ``text``, cut at random places. Who sees the character at step t alone
    does best to know how often each other one follows it. What is left is the entropy of the next
    character given this one; its sum over T steps is the ``baseline``.

    ``alphabet`` holds the characters of the text in their order; a character is a unit vector.

    >>> task = NextCharacter(T=3, text="abcab")
    >>> task.encode("ba")
    array([[0., 1., 0.],
           [1., 0., 0.]])
    >>> task.decode([2, 0, 1])
    'cab'
    """

    text: str = field(default=TEXT, repr=False)

    steps = "all"
    loss = staticmethod(softmax_cross_entropy)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.classes(self.text)  # an error, unless it is one
        if len(self.text) < self.T + 1:
            raise ValueError(
                f"text has {len(self.text)} characters, expected at least T + 1 = {self.T + 1}"
            )

    @property
    def alphabet(self) -> str:
        """The characters of the text, each once, in their order."""
        return "".join(sorted(set(self.text)))

    @property
    def n_inputs(self) -> int:  # type: ignore[override]
        """As many inputs as characters, and as many outputs."""
        return len(self.alphabet)

    n_outputs = n_inputs

    @property
    def baseline(self) -> float:
        """The loss of the best answer that remembers nothing: the entropy of pairs."""
        pieces = self._pieces(np.arange(len(self.text) - self.T))
        pairs, this, following = np.zeros(2 * (self.n_inputs,)), pieces[:-1], pieces[1:]
        np.add.at(pairs, (this, following), 1)
        shares = pairs[this, following] / pairs.sum(axis=1)[this]
        return float(-np.log(shares).sum(axis=0).mean())

    def classes(self, text: str) -> Array:
        """The number of each character in the alphabet, (len(text),)."""
        if not isinstance(text, str):
            raise TypeError(f"text is of type {type(text).__name__}, expected str")
        numbers = {character: i for i, character in enumerate(self.alphabet)}
        strange = set(text) - numbers.keys()
        if strange:
            raise ValueError(
                f"text holds {min(strange)!r}, expected characters of {self.alphabet!r}"
            )
        return np.array([numbers[character] for character in text], dtype=int)

    def encode(self, text: str) -> Array:
        """A text as unit vectors, (len(text), k)."""
        return np.eye(self.n_inputs)[self.classes(text)]

    def decode(self, classes: ArrayLike) -> str:
        """The text of numbers of characters, (n,)."""
        if np.ndim(classes) > 1:
            raise ValueError(
                f"classes has shape {np.shape(classes)}, expected (n,): of unit vectors, or of "
                f"probabilities, take argmax(axis=-1)"
            )
        characters = dict(enumerate(self.alphabet))
        for each in np.ravel(classes):
            if each not in characters:
                raise ValueError(
                    f"classes holds {each}, expected whole numbers from 0 to {len(characters) - 1}"
                )
        return "".join(characters[each] for each in np.ravel(classes))

    def _pieces(self, starts: Array) -> Array:
        """The T + 1 classes from each start on, (T + 1, m)."""
        return self.classes(self.text)[starts + np.arange(self.T + 1)[:, None]]

    def _drawn(self, rng: np.random.Generator, m: int) -> Batch:
        """m pieces of the text: xs (T, m, k), target (T, m) of classes."""
        pieces = self._pieces(rng.integers(0, len(self.text) - self.T, m))
        return Batch(np.eye(self.n_inputs)[pieces[:-1]], pieces[1:])
