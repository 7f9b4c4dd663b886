"""The reference of the library: every public name once, and nothing that is not there."""

from __future__ import annotations

import importlib
import inspect
import re
from collections import Counter
from pathlib import Path

import pytest

import rnnlib

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "book" / "reference.md"
# the modules that rnnlib's own docstring sends its readers to, and the worked examples
MODULES = ["initial", "tasks", "training", "flow", "convert", "examples"]


def documented() -> list[str]:
    """The names for which the page holds a directive, from the top."""
    return re.findall(
        r"^\.\. auto\w+:: ([\w.]+)(?:\(.*\))?$", REFERENCE.read_text(encoding="utf-8"), re.M
    )


def found(name: str) -> object:
    """What a dotted name stands for."""
    module, _, rest = name.rpartition(".")
    held = importlib.import_module(module)  # of rnnlib.generate there is a function, too
    return getattr(held, rest)


def public(module: str) -> list[str]:
    """What a module offers: its ``__all__``, or the functions and classes defined in it."""
    held = importlib.import_module(f"rnnlib.{module}")
    if hasattr(held, "__all__"):
        return held.__all__
    return [
        name
        for name, value in vars(held).items()
        if not name.startswith("_")
        and (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__ == held.__name__
    ]


def test_no_name_stands_there_twice():
    counts = Counter(id(found(name)) for name in documented())
    twice = [name for name in documented() if counts[id(found(name))] > 1]
    assert twice == []


def test_every_name_of_the_package_stands_there():
    there = {id(found(name)) for name in documented()}
    missing = [name for name in rnnlib.__all__ if id(getattr(rnnlib, name)) not in there]
    assert missing == []


@pytest.mark.parametrize("module", MODULES)
def test_every_name_of_a_module_stands_there(module):
    assert public(module)
    there = {id(found(name)) for name in documented()}
    missing = [name for name in public(module) if id(found(f"rnnlib.{module}.{name}")) not in there]
    assert missing == []


def test_the_package_names_these_modules():
    named = set(re.findall(r"``(\w+)``", rnnlib.__doc__.split("\n\n")[-1]))
    assert named <= set(MODULES)


@pytest.mark.parametrize("name", documented())
def test_what_stands_there_has_a_docstring_of_its_own(name):
    value = found(name)
    if inspect.isfunction(value) or inspect.isclass(value):
        assert value.__doc__ and not value.__doc__.startswith(f"{value.__name__}(")


def test_every_group_begins_with_a_sentence():
    text = REFERENCE.read_text(encoding="utf-8")
    for group in text.split("\n## ")[1:]:
        title, _, rest = group.partition("\n\n")
        assert re.match(r"[A-Z][^\n]*\b", rest) and not rest.startswith("```"), title
