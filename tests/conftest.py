"""What several tests share: a sandbox, a browser, the built site. What is costly is made once for a
whole run, however many processes it has (``shared``).
"""

from __future__ import annotations

import functools
import os

# on matrices as small as ours a second thread waits more than it works, here and in kernels
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbgrader.api
import pytest
from browsing import ARGUMENTS, server
from filelock import FileLock
from hypothesis import settings
from needs import missing

from unrolled.sandbox import containers
from unrolled.sandbox.bubblewrap import CURE, SandboxMissing

ROOT = Path(__file__).parents[1]

# hand-ins and what makes them, not tests; to look for doctests in them would be to run them
collect_ignore = ["running/attacks"]

# a busy machine is no reason to fail; the weekly workflow tries more
settings.register_profile("quick", deadline=None, max_examples=25)
settings.register_profile("thorough", deadline=None, max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

# nbgrader asks alembic, a program of its own, for the same number at each new gradebook
nbgrader.api.get_alembic_version = functools.cache(nbgrader.api.get_alembic_version)

# The files that take longest, first: so that no process is left with one when all else is done.
LONGEST = (
    "test_strength",
    "test_every_page",
    "test_attacks",
    "test_demo",
    "test_publishing",
    "test_site",
    "test_instructors",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        return LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST)

    items.sort(key=place)


Shared = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """Makes a folder once for all processes of a run: whoever is first makes it, others wait."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent

    def once(name: str, make: Callable[[Path], None]) -> Path:
        folder, done = base / name, base / f"{name}.done"
        with FileLock(base / f"{name}.lock"):
            if not done.exists():
                make(folder)
                done.touch()
        return folder

    return once


@pytest.fixture(scope="session")
def bubblewrap() -> None:
    """A sandbox that starts."""
    try:
        containers.check()
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
def node_modules(shared: Shared) -> Path:
    """The packages that the book's build fetches, fetched if they are not there yet."""
    offline = runpy.run_path(str(ROOT / "book" / "_extensions" / "offline.py"))
    shared("node_modules", lambda _: offline["packages"](ROOT))
    return ROOT / "node_modules"


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
def site(shared: Shared, node_modules: Path) -> Path:
    """The finished site's folder, built once from clean with warnings as errors."""

    def build(out: Path) -> None:
        tool = Path(sys.executable).with_name("jupyter-book")
        options = ["-W", "-n", "--keep-going", "--path-output", str(out)]
        done = subprocess.run(
            [str(tool), "build", str(ROOT), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, done.stdout[-5000:]

    return shared("book", build) / "_build" / "html"


@pytest.fixture(scope="session")
def served(site):
    """The site's address on a server of its own."""
    with server(site) as address:
        yield address
