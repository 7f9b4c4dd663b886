"""Networks on disk: exactly the same again, and nothing else is let in."""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
import stat

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from networks import RANDOM, random_elman, random_lstm
from strategies import FINITE, NETWORKS

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
    """To the bit: −0 is not 0."""
    assert type(mine) is type(theirs)
    assert parameters(mine).keys() == parameters(theirs).keys()
    for name, array in parameters(mine).items():
        other = parameters(theirs)[name]
        assert (array.dtype, array.shape) == (other.dtype, other.shape)
        assert array.tobytes() == other.tobytes()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("network", RANDOM)
def test_there_and_back(network, dtype, rng, path):
    cell = map_parameters(lambda w: w.astype(dtype), network(rng))
    save(path, cell)
    assert_equal(load(path), cell)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_there_and_back_for_any_network_of_any_numbers(data, tmp_path):
    """−0, the smallest and the largest numbers among them, and networks in networks."""
    dtype = data.draw(st.sampled_from([np.float16, np.float32, np.float64, ">f8"]))
    network = data.draw(NETWORKS)(np.random.default_rng(0))

    def any_numbers(w):
        return data.draw(hnp.arrays(dtype, w.shape, elements=FINITE[np.dtype(dtype).itemsize]))

    cell = map_parameters(any_numbers, network)
    save(tmp_path / "any.npz", cell)
    assert_equal(load(tmp_path / "any.npz"), cell)


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


def test_others_may_read_it_as_they_may_read_any_file(rng, path):
    save(path, random_elman(rng))
    other = path.with_name("other")
    other.touch()
    assert stat.S_IMODE(os.stat(path).st_mode) == stat.S_IMODE(os.stat(other).st_mode)


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_what_could_not_be_loaded_is_not_saved(value, rng, path):
    exploded = map_parameters(lambda w: np.full_like(w, value), random_elman(rng))
    with pytest.raises(ValueError, match=rf"W_x holds {value} at index \(0, 0\); finite numbers"):
        save(path, exploded)
    assert not list(path.parent.iterdir())


def test_a_folder_that_is_not_there(rng, path):
    with pytest.raises(FileNotFoundError, match="missing"):
        save(path.parent / "missing" / "network.npz", random_elman(rng))


def test_only_networks_of_the_library_are_saved(path):
    @dataclasses.dataclass(frozen=True)
    class Own:
        W: np.ndarray

    with pytest.raises(
        TypeError, match=r"cell is or holds an Own, expected a cell, or one of: .*Elman"
    ):
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
        ({"header": np.array("[" * 100_000)}, "recursion"),
        ({"header": np.ones(3)}, "its header is no text"),
        ({"header": np.array("[]")}, "its header describes no network"),
        ({"header": np.array('{"format": "rnnlib 1"}')}, "its header describes no network"),
        ({"header": header(ELMAN | {"W_x": 3})}, "its header holds 3, expected a network"),
        ({"header": header({"W_x": None})}, "it holds a None, expected one of: .*Elman"),
        ({"header": header({"kind": ["Elman"]})}, r"it holds a \['Elman'\], expected one of"),
        ({"header": header(ELMAN), **WEIGHTS, "b_h": np.array(["a"])}, "b_h holds entries of type"),
        ({"header": header(ELMAN), **WEIGHTS, "W_y": np.ones(2)}, "it holds W_y, which no network"),
        (
            {"header": header(ELMAN), **WEIGHTS, "W_x": np.ones(2)},
            r"W_x has shape \(2,\), expected",
        ),
        ({"header": header(ELMAN), **WEIGHTS, "b_h": np.full(4, np.nan)}, "b_h holds nan"),
        ({"header": header(ELMAN | {"g_h": "evil"}), **WEIGHTS}, "unknown activation 'evil'"),
        ({"header": header(ELMAN | {"phi": "relu"}), **WEIGHTS}, "unexpected keyword argument"),
        ({"header": header([ELMAN])}, "its header describes no network"),
        ({"header": header("Elman")}, "its header describes no network"),
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
    with pytest.raises(ValueError, match=r"is no file that .* wrote: it is no zip archive"):
        load(path)


def test_a_cell_for_its_class(rng, path):
    cell = random_elman(rng)
    save(path, cell)
    with pytest.raises(TypeError, match=r"kinds holds an Elman, expected classes of cells: load"):
        load(path, cell)


@pytest.mark.parametrize("text", [b"", b"PK\x03\x04", b"hello", b"\x93NUMPY\x01\x00"])
def test_other_files(text, path):
    path.write_bytes(text)
    with pytest.raises(
        ValueError, match=r"network.npz is no file that .* wrote: it is no zip archive"
    ):
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
