"""Networks on disk: exactly the same again, and nothing else is let in."""

from __future__ import annotations

import dataclasses
import json
import pickle

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from networks import RANDOM, random_elman, random_lstm

from rnnlib.files import KINDS, load, save
from rnnlib.parameters import map_parameters, parameters
from rnnlib.stack import Dense, Stack


@pytest.fixture
def rng():
    return np.random.default_rng(20261121)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "network.npz"


def assert_equal(mine, theirs):
    assert type(mine) is type(theirs)
    assert parameters(mine).keys() == parameters(theirs).keys()
    for name, array in parameters(mine).items():
        np.testing.assert_array_equal(array, parameters(theirs)[name], strict=True)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("network", RANDOM)
def test_there_and_back(network, dtype, rng, path):
    cell = map_parameters(lambda w: w.astype(dtype), network(rng))
    save(path, cell)
    assert_equal(load(path), cell)


def test_words_are_kept(rng, path):
    cell = random_elman(rng, g_h="relu", g_o="softmax")
    save(str(path), cell)
    assert (load(str(path)).g_h, load(path).g_o) == ("relu", "softmax")


def test_a_stack_with_its_layers(rng, path):
    stack = Stack((random_lstm(rng, 2, 3), random_lstm(rng, 3, 4), Dense(np.ones((4, 1)), [0])))
    save(path, stack)
    loaded = load(path)
    assert_equal(loaded, stack)
    assert [type(cell).__name__ for cell in loaded.cells] == ["LSTM", "LSTM", "Dense"]


def test_what_stood_there_is_replaced_and_nothing_else_is_left(rng, path):
    save(path, random_elman(rng))
    later = random_lstm(rng)
    save(path, later)
    assert_equal(load(path), later)
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_failure_leaves_what_stood_there(rng, path, monkeypatch):
    cell = random_elman(rng)
    save(path, cell)

    def full(*args, **arrays):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space left"):
        save(path, random_lstm(rng))
    monkeypatch.undo()
    assert_equal(load(path), cell)
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_only_networks_of_the_library_are_saved(path):
    @dataclasses.dataclass(frozen=True)
    class Own:
        W: np.ndarray

    with pytest.raises(TypeError, match=r"cell is or holds a Own, expected one of: .*Elman"):
        save(path, Own(np.ones(2)))
    assert not list(path.parent.iterdir())
    assert all(hasattr(kind, "n_inputs") for kind in KINDS.values())


# What is no file of ours


def header(network, format="rnnlib 1"):
    return np.array(json.dumps({"format": format, "network": network}))


ELMAN = dict.fromkeys(("W_x", "W_h", "W_o", "b_h", "b_o")) | {"kind": "Elman"}
WEIGHTS = parameters(random_elman(np.random.default_rng(0)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "it has no header"),
        ({"W_x": np.ones(2)}, "it has no header"),
        ({"header": np.array("{")}, "Expecting property name"),
        ({"header": header(ELMAN, "rnnlib 2")}, "its format is 'rnnlib 2', expected 'rnnlib 1'"),
        ({"header": header({"kind": "os.system"})}, "it holds a 'os.system', expected one of"),
        ({"header": header({"kind": "StackTrace"})}, "it holds a 'StackTrace', expected one of"),
        ({"header": header(ELMAN)}, "it has no W_x"),
        ({"header": header(ELMAN), **WEIGHTS, "W_y": np.ones(2)}, "it holds W_y, which no network"),
        (
            {"header": header(ELMAN), **WEIGHTS, "W_x": np.ones(2)},
            r"W_x has shape \(2,\), expected",
        ),
        ({"header": header(ELMAN), **WEIGHTS, "b_h": np.full(4, np.nan)}, "b_h holds nan"),
        ({"header": header(ELMAN | {"g_h": "evil"}), **WEIGHTS}, "unknown activation 'evil'"),
        ({"header": header(ELMAN | {"phi": "relu"}), **WEIGHTS}, "unexpected keyword argument"),
        ({"header": header([ELMAN])}, "its header describes no network"),
        ({"header": header("Elman")}, "no network"),
    ],
)
def test_a_file_with_something_else(content, message, path):
    np.savez(path, **content)
    with pytest.raises(ValueError, match=f"network.npz is no file that .* wrote: .*{message}"):
        load(path)


def test_objects_are_not_unpickled(path):
    class Evil:
        def __reduce__(self):
            return (pytest.fail, ("it was unpickled",))

    np.savez(path, header=header(ELMAN), **WEIGHTS | {"W_x": np.array([Evil()], dtype=object)})
    with pytest.raises(
        ValueError, match=r"is no file that .* wrote: Object arrays cannot be loaded"
    ):
        load(path)
    path.write_bytes(pickle.dumps(WEIGHTS))
    with pytest.raises(ValueError, match=r"is no file that"):
        load(path)


@pytest.mark.parametrize("text", [b"", b"PK\x03\x04", b"hello", b"\x93NUMPY\x01\x00"])
def test_other_files(text, path):
    path.write_bytes(text)
    with pytest.raises(ValueError, match=r"is no file that rnnlib.files.save wrote"):
        load(path)


def test_a_file_that_is_not_there(path):
    with pytest.raises(FileNotFoundError):
        load(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(data=st.data())
def test_damage_is_noticed_or_does_no_harm(data, tmp_path):
    """One byte changed, or the end cut off: the same network, or one error."""
    path, cell = tmp_path / "damaged.npz", random_elman(np.random.default_rng(0))
    save(path, cell)
    content = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] ^= data.draw(st.integers(1, 255))
    else:
        content = content[: data.draw(st.integers(0, len(content) - 1))]
    path.write_bytes(content)
    try:
        loaded = load(path)
    except ValueError as error:
        assert "damaged.npz is no file that" in str(error)
    else:
        assert_equal(loaded, cell)
