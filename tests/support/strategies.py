"""What Hypothesis draws: all strategies that have a name, for every test."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from networks import random_layer, random_lstm

from rnnlib import BothDirections, Dense, Stack
from unrolled.sandbox import wire

# networks

SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.integers(1, 4)
LENGTHS = st.integers(3, 6)
FINITE = {
    size: st.floats(width=8 * size, allow_nan=False, allow_infinity=False) for size in (2, 4, 8)
}
NETWORKS = st.recursive(
    st.sampled_from([lambda rng: random_layer(rng, 2, 2), lambda rng: random_lstm(rng, 2, 2)]),
    lambda inner: inner.map(lambda make: lambda rng: Stack((make(rng), make(rng)))),
    max_leaves=3,
).flatmap(
    lambda make: st.sampled_from(
        [
            make,
            lambda rng: BothDirections(make(rng), make(rng)),
            lambda rng: Stack((make(rng), Dense([[1], [2]], [0], "sigmoid"))),
        ]
    )
)

# files and messages that may be anything

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["nan", "\ud800", "\0", "1" * 400, -(10**400)])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
NOTEBOOK_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["cells", "metadata", "nbgrader", "grade_id", "source", "one"]), inner
        )
    ),
    max_leaves=20,
)

# values that cross the sandbox's wall

NUMBERS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False)
ARRAYS = hnp.arrays(
    st.sampled_from(["float64", "float32", "int64", "int32", "bool"]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)
ENCODED = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.builds(lambda t: {"text": t}, st.text(max_size=20))
    | st.builds(lambda t: {"other": t}, st.text(max_size=20))
    | st.sampled_from([wire.encode(np.zeros(s)) for s in ((), (0,), (3, 3), (3, 2), (1, 3, 3))])
    | st.sampled_from([{"number": "nan"}, wire.encode(np.full((3, 3), np.nan))])
    | st.builds(
        lambda dtype, shape: {"array": "", "dtype": dtype, "shape": shape},
        st.sampled_from(sorted(wire.DTYPES)),
        st.permutations([0, 1, 3, 50_000, 50_000]),
    )
    | st.sampled_from([10**400, -(2**63), {"list": [{"text": "x" * 500}, {"text": ""}]}]),
    lambda inner: st.builds(lambda entries: {"list": entries}, st.lists(inner, max_size=4)),
    max_leaves=20,
)

SECRET = "0.62390881"
FORGED = st.recursive(
    st.sampled_from([SECRET, 62390881, {"text": SECRET * 60}, {"number": SECRET}]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([SECRET, "list", "array", "dtype", "shape"]), inner)
        | st.builds(lambda a, d, s: {"array": a, "dtype": d, "shape": s}, inner, inner, inner)
        | st.just({"array": "", "dtype": SECRET, "shape": [62390881]})
        | st.just({"array": "", "dtype": "bool", "shape": [62390]})
    ),
)
"""Messages that no encoding makes, with a number in them that no complaint may quote."""
ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        "error": st.none() | JSON | st.fixed_dictionaries({"type": JSON}),
        "returned": ENCODED,
        "values": JSON | st.dictionaries(st.sampled_from(["ex1_h", "ex1_y"]), ENCODED),
        "points": st.just(100),
        "status": st.just("correct"),
    },
)
"""Whatever the sandbox may say when it is asked."""
