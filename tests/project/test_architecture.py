"""The folders are the architecture: dependencies point one way, and no two modules need each other.

The contracts stand in ``pyproject.toml``; ``lint-imports`` tells which import breaks one.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINT = Path(sys.executable).with_name("lint-imports")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT, "--config", ROOT / "pyproject.toml", "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
    )


def test_every_import_keeps_the_contracts():
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout
    assert f"Contracts: {len(CONTRACTS['contracts'])} kept, 0 broken." in done.stdout


def test_every_room_has_its_place_in_the_layers():
    rooms = {path.parent.name for path in (ROOT / "unrolled").glob("*/__init__.py")}
    modules = {path.stem for path in (ROOT / "unrolled").glob("*.py")} - {"__init__"}
    layers = "|".join(CONTRACTS["contracts"][0]["layers"])
    assert rooms | modules == {name.strip() for name in layers.split("|")}
