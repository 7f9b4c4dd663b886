"""What a test needs of the machine: skipped with the cure where it is missing; in CI it fails."""

from __future__ import annotations

import importlib
import os
from types import ModuleType
from typing import NoReturn

import pytest


def missing(reason: str, cure: str) -> NoReturn:
    """Skip the test for want of something on this machine; fail in CI."""
    told = f"{reason}; to run this test: {cure}"
    if os.environ.get("CI"):
        pytest.fail(told)
    pytest.skip(told, allow_module_level=True)


def needed(module: str, cure: str = "bash setup.sh --tests") -> ModuleType:
    """A module that not every machine has."""
    try:
        return importlib.import_module(module)
    except ImportError:
        missing(f"there is no {module}", cure)
