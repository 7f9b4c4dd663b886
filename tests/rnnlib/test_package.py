"""What rnnlib asks of the machine it runs on: Python, NumPy, and nothing else."""

import importlib
import inspect
import pkgutil
import subprocess
import sys
from functools import cached_property

import rnnlib

ONLY_NUMPY = """
import sys

class OnlyNumPy:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names | {"numpy", "rnnlib"}:
            raise ImportError(f"{name} is not NumPy")

sys.meta_path.insert(0, OnlyNumPy())
"""

WORKED_EXAMPLE = """
from rnnlib import unroll
from rnnlib.examples import notes_elman, notes_inputs

print(unroll(notes_elman(), notes_inputs()).y.tolist())
"""


def run(code):
    return subprocess.run(
        [sys.executable, "-c", ONLY_NUMPY + code], capture_output=True, text=True, timeout=60
    )


def test_numpy_is_all_it_needs():
    result = run(WORKED_EXAMPLE)
    assert result.returncode == 0, result.stderr
    assert result.stdout == "[[0.0, 6.0], [5.0, 4.0], [8.0, 0.0]]\n"


def test_the_test_above_would_notice():
    result = run("import hypothesis")
    assert result.returncode == 1
    assert "ImportError: hypothesis is not NumPy" in result.stderr


def test_all_that_is_promised_is_there():
    assert len(set(rnnlib.__all__)) == len(rnnlib.__all__)
    for name in rnnlib.__all__:
        assert getattr(rnnlib, name).__doc__


def everything_public() -> dict[str, object]:
    """Every public module of rnnlib, its functions and classes, their methods and properties."""
    found = {}
    for module in pkgutil.iter_modules(rnnlib.__path__, "rnnlib."):
        found[module.name] = held = importlib.import_module(module.name)
        for name, value in vars(held).items():
            if getattr(value, "__module__", None) == module.name:
                found[f"{module.name}.{name}"] = value
                if inspect.isclass(value):
                    members = inspect.getmembers_static(value, is_method_or_property)
                    found |= {f"{module.name}.{name}.{each}": one for each, one in members}
    return {name: value for name, value in found.items() if "._" not in name}


def is_method_or_property(value: object) -> bool:
    return inspect.isfunction(value) or isinstance(
        value, property | cached_property | classmethod | staticmethod
    )


def test_every_public_name_has_a_docstring():
    names = everything_public()
    assert len(names) > 250 and "rnnlib.cells.Elman.n_inputs" in names
    without = [name for name, value in names.items() if not told(name, value)]
    assert without == []


def told(name: str, value: object) -> bool:
    """By itself; or, if a cell has it because ``Cell`` asks for it, once for all there."""
    asked = vars(rnnlib.Cell).get(name.rpartition(".")[2])
    return bool(inspect.getdoc(value) or inspect.isfunction(asked))
