"""The page on troubleshooting: every message on it is one that a program still prints."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from string import Formatter

import nbgrader.validator
import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "book" / "troubleshooting.md"
SHARE = 0.37
"""How much of a message has to stand fast in the text that prints it."""


def entries() -> list[tuple[str, str]]:
    """The entries' titles and texts."""
    text = PAGE.read_text(encoding="utf-8")
    return [
        (title, body)
        for title, body in re.findall(r"^### ([^\n]+)\n(.*?)(?=^##|\Z)", text, re.M | re.S)
    ]


def messages() -> list[str]:
    text = PAGE.read_text(encoding="utf-8")
    return [
        " ".join(each.split()) for each in re.findall(r"^```text\n(.*?)^```", text, re.M | re.S)
    ]


@cache
def printed() -> list[list[str]]:
    """The texts in the programs: what stands fast in each, around what is put into it."""
    files = [
        *(ROOT / "unrolled").rglob("*.py"),
        *(ROOT / "rnnlib").rglob("*.py"),
        *(ROOT / "book" / "_extensions").glob("*.py"),
    ]
    texts = [file.read_text(encoding="utf-8") for file in files]
    found = [tree for text in texts for tree in ast.walk(ast.parse(text))]
    parts = [_parts(each) for each in found if isinstance(each, ast.JoinedStr | ast.Constant)]
    for trait in inspect.getmembers(nbgrader.validator.Validator):
        if trait[0].endswith("_warning"):
            parts.append([part for part, *_ in Formatter().parse(trait[1].default_value)])
    setup = (ROOT / "setup.sh").read_text(encoding="utf-8")
    parts += [re.split(r"\$\(.*\)", told) for told in re.findall(r'echo "(.*)" >&2', setup)]
    return [each for each in parts if "".join(each).strip()]


def _parts(node: ast.JoinedStr | ast.Constant) -> list[str]:
    """What stands fast in a text, around what is put into it."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    parts = [""]
    for value in node.values:
        if isinstance(value, ast.Constant):
            parts[-1] += value.value
        else:
            parts.append("")
    return parts


def is_printed(message: str) -> bool:
    """Whether a message is one of these texts, with anything put into it."""
    return any(_says(parts, message) for parts in printed())


def _says(parts: list[str], message: str) -> bool:
    fast = [re.sub(r"\s+", " ", part) for part in parts]
    fast[0], fast[-1] = fast[0].lstrip(), fast[-1].rstrip()
    pattern = ".+".join(map(re.escape, fast))
    return len("".join(fast)) >= SHARE * len(message) and re.search(pattern, message) is not None


def python_says(message: str) -> bool:
    """What is not there says Python itself."""
    name = re.search(r"No module named '(\w+)'", message)[1]
    run = [sys.executable, "-I", "-S", "-c", f"import {name}"]
    return message in subprocess.run(run, capture_output=True, text=True).stderr


@pytest.mark.parametrize("message", messages())
def test_a_program_prints_this(message):
    if message.startswith("ModuleNotFoundError: No module"):
        assert python_says(message)
    else:
        assert is_printed(message)


def test_a_message_that_nobody_prints_is_noticed():
    changed = "bubblewrap was not installed; install it with: apt-get install bubblewrap"
    assert not is_printed(changed)


@pytest.mark.parametrize(("title", "body"), entries(), ids=lambda each: each[:40])
def test_every_entry_has_a_cause_and_a_cure(title, body):
    assert body.count("**Cause.**") == body.count("**Cure.**") == 1
    assert body.index("**Cause.**") < body.index("**Cure.**")


def test_readers_students_and_instructors_have_their_part():
    parts = re.findall(r"^## (.+)$", PAGE.read_text(encoding="utf-8"), re.M)
    assert parts == ["Readers", "Students", "Instructors"]
    assert len(entries()) > 30 and len(messages()) > 30
