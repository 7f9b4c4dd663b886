"""The packages that a student's code may import, as the sandbox holds them."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from unrolled.errors import UnrolledError

HELD = {"numpy"}
"""What every sandbox holds."""
WARM = {"matplotlib": ["matplotlib.pyplot"], "tqdm": ["tqdm.auto"]}
"""What is loaded of a package before the first hand-in, where that is not the package itself."""


class PackageMissing(UnrolledError):
    """A package that an assignment lists is not installed here."""


def folders(names: Sequence[str]) -> tuple[Path, ...]:
    """The folders and files of the packages ``names``, and of all that these need.

    Raises
    ------
    PackageMissing
        If one of them is not installed.
    """
    return _folders(tuple(names))


@cache
def _folders(names: tuple[str, ...]) -> tuple[Path, ...]:
    found: dict[str, Path] = {}
    for name in names:
        listed = {path.name: path for path in _with_needs(name)} or _module(name)
        if not listed:
            raise PackageMissing(
                f"the package {name!r} is not installed here, but students may import it: install "
                f"it (pip install {name}), or take it out of “packages” in the rubric"
            )
        found |= listed
    return tuple(path for path in found.values() if path.name.split(".")[0] not in HELD)


def warm(names: Sequence[str]) -> list[str]:
    """The modules to load before the first hand-in."""
    return [module for name in names for module in WARM.get(name, [name])]


def _with_needs(name: str) -> Iterator[Path]:
    todo, done = [_distribution(name)], set()
    while todo:
        distribution = todo.pop()
        if distribution is None or distribution.name in done:
            continue
        done.add(distribution.name)
        yield from _top_level(distribution)
        needs = map(Requirement, distribution.requires or ())
        todo += [
            _distribution(need.name)
            for need in needs
            if need.name not in HELD and (not need.marker or need.marker.evaluate({"extra": ""}))
        ]


def _distribution(name: str) -> metadata.Distribution | None:
    """What was installed under a name, or gives a module of that name (sklearn: scikit-learn)."""
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        known = _by_module().get(name, ())
        return metadata.distribution(known[0]) if known else None


@cache
def _by_module() -> dict[str, list[str]]:
    return dict(metadata.packages_distributions())


def _top_level(distribution: metadata.Distribution) -> Iterator[Path]:
    roots = {file.parts[0] for file in distribution.files or () if file.parts[0] not in ("..", "/")}
    for root in sorted(roots):
        if not root.endswith((".dist-info", ".egg-info", ".pth")) and root != "__pycache__":
            path = Path(str(distribution.locate_file(root)))
            if path.exists():
                yield path


def _module(name: str) -> dict[str, Path]:
    """A module that is found, but was not installed as a package."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return {}
    if spec is None or not spec.origin:
        return {}
    path = Path(spec.origin)
    path = path.parent if spec.submodule_search_locations else path
    return {path.name: path} if path.exists() else {}
