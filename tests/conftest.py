"""What several tests need: a sandbox, a browser. Where one is missing, its tests are skipped with
the command that cures it; where CI=true, nothing may be skipped, so they fail.
"""

from __future__ import annotations

import os

# on matrices as small as ours a second thread waits more than it works, here and in kernels
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import runpy
import shutil
from pathlib import Path

import pytest

from autograder import sandbox

ROOT = Path(__file__).parents[1]

# hand-ins and what makes them, not tests; to look for doctests in them would be to run them
collect_ignore = ["attacks"]


def missing(reason: str, cure: str) -> None:
    """Skip the test for want of something on this machine; fail in CI."""
    told = f"{reason}; to run this test: {cure}"
    if os.environ.get("CI"):
        pytest.fail(told)
    pytest.skip(told)


@pytest.fixture(scope="session")
def bubblewrap() -> None:
    """A sandbox that starts."""
    try:
        sandbox.check()
    except sandbox.SandboxMissing as reason:
        missing(str(reason), sandbox.CURE)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where the browser is."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    missing("there is no Chromium", "apt-get install chromium")


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The packages that the book's build fetches, fetched if they are not there yet."""
    offline = runpy.run_path(str(ROOT / "book" / "_extensions" / "offline.py"))
    return offline["packages"](ROOT)


@pytest.fixture(scope="session")
def axe(node_modules: Path) -> Path:
    """axe-core's script."""
    return node_modules / "axe-core" / "axe.min.js"
