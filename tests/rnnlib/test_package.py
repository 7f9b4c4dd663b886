"""What rnnlib asks of the machine it runs on: Python, NumPy, and nothing else."""

import subprocess
import sys

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
