"""A worker process of ours: it takes no more than its share, and ends with who started it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def worker(code: str) -> subprocess.CompletedProcess:
    """A process that runs ``code`` of ours, after ``from unrolled.running import work``."""
    head = "import os\nfrom unrolled.running import work\n"
    return subprocess.run(
        [sys.executable, "-c", head + code], cwd=ROOT, capture_output=True, text=True
    )


def test_a_worker_takes_no_memory_without_bound():
    done = worker("work.limit_memory(64 << 20)\nbytearray(128 << 20)")
    assert done.stderr.strip().endswith("MemoryError")
    assert worker("work.limit_memory(256 << 20)\nbytearray(128 << 20)").returncode == 0


def test_a_limit_that_is_there_already_is_kept():
    code = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (1 << 33, 1 << 33))
work.limit_memory(1 << 40)
assert resource.getrlimit(resource.RLIMIT_AS) == (1 << 33, 1 << 33)
"""
    done = worker(code)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("parent", "code"), [("os.getppid()", 0), ("os.getppid() + 1", 1)])
def test_a_worker_whose_parent_ended_before_it_asked_for_the_signal_ends_too(parent, code):
    assert worker(f"work.start_worker({parent})").returncode == code
