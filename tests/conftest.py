"""What several tests need: a sandbox, a browser. Where one is missing, its tests are skipped with
the command that cures it; where CI=true, nothing may be skipped, so they fail.
"""

from __future__ import annotations

import os

# on matrices as small as ours a second thread waits more than it works, here and in kernels
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import importlib
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from browsing import ARGUMENTS, server

from unrolled.sandbox import rooms
from unrolled.sandbox.bubblewrap import CURE, SandboxMissing

ROOT = Path(__file__).parents[1]

# hand-ins and what makes them, not tests; to look for doctests in them would be to run them
collect_ignore = ["running/attacks"]


def missing(reason: str, cure: str) -> None:
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


@pytest.fixture(scope="session")
def bubblewrap() -> None:
    """A sandbox that starts."""
    try:
        rooms.check()
    except SandboxMissing as reason:
        missing(str(reason), CURE)


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


@pytest.fixture(scope="module")
def browser(chromium):
    # module by module: as long as it is open, an event loop runs that nbval's kernels trip over
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """The finished site's folder, built once from clean with warnings as errors."""
    out = tmp_path_factory.mktemp("book")
    tool = Path(sys.executable).with_name("jupyter-book")
    options = ["-W", "-n", "--keep-going", "--path-output", str(out)]
    done = subprocess.run(
        [str(tool), "build", str(ROOT), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    return out / "_build" / "html"


@pytest.fixture(scope="session")
def served(site):
    """The site's address on a server of its own."""
    with server(site) as address:
        yield address
