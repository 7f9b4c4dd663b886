"""Types say what is true: mypy finds nothing in either package, as the settings have it look."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def mypy(*files: str) -> str:
    """What mypy says of some files, or else of the packages."""
    command = [sys.executable, "-m", "mypy", *files]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout


def test_every_module_of_both_packages_is_free_of_errors():
    modules = sum(1 for name in ("rnnlib", "unrolled") for _ in (ROOT / name).rglob("*.py"))
    assert mypy() == f"Success: no issues found in {modules} source files\n"


def test_who_builds_on_them_is_told_of_errors(tmp_path):
    wrong = tmp_path / "wrong.py"
    wrong.write_text("from unrolled.judging.variants import Variant\nnumber: int = Variant().tag")
    assert 'expression has type "str", variable has type "int"' in mypy(str(wrong))


def test_both_packages_say_that_they_have_types():
    for name in ("rnnlib", "unrolled"):
        assert (ROOT / name / "py.typed").is_file()
