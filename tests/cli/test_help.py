"""Help: no command and no option is without words, and the book's page has every command."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from unrolled.cli import exit_codes
from unrolled.cli.parser import commands, parse, parser

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "book" / "command-line.md").read_text(encoding="utf-8")
each_command = pytest.mark.parametrize("name", commands())


@each_command
def test_a_command_is_told_in_the_list_and_by_itself(name):
    listed = re.findall(rf"^    {name} +(\S.+)$", parser().format_help(), re.M)
    assert len(listed) == 1
    assert commands()[name].description


@each_command
def test_every_argument_and_option_has_help(name):
    without = [action.dest for action in commands()[name]._actions if not action.help]
    assert without == []


@each_command
def test_a_command_has_one_example_that_it_understands(name):
    [example] = re.findall(r"^example: (.+)$", commands()[name].epilog, re.M)
    program, *words = shlex.split(example)
    assert program == parser().prog
    assert parser().parse_args(words).command == name


def test_the_commands_examples_are_lines_that_it_understands():
    text = parser().epilog.partition("\n\n")[0]
    lines = [re.split(r"  +", line.strip())[0] for line in text.splitlines()[1:]]
    assert len(lines) >= 5
    for line in lines:
        assert parser().parse_args(shlex.split(line)[1:])


@pytest.mark.parametrize(
    "words, last",
    [
        ("collect elman --groups a.zip", ("archive", Path("a.zip"))),
        ("regrade elman --dry-run ann bob", ("students", ["ann", "bob"])),
        ("strength --json elman", ("assignments", ["elman"])),
        ("extend elman ann --days 2 bob", ("students", ["ann", "bob"])),
        ("collect elman", ("archive", None)),
        ("strength", ("assignments", [])),
    ],
)
def test_options_may_stand_anywhere(words, last):
    options = parse(words.split())
    assert options.command == words.split()[0] and getattr(options, last[0]) == last[1]


@each_command
def test_help_is_no_wider_than_the_terminal_and_breaks_no_name(name, monkeypatch):
    for width in range(60, 100):
        monkeypatch.setenv("COLUMNS", str(width))
        shown = commands()[name].format_help()
        assert max(map(len, shown.splitlines())) <= width
        assert not re.search(r"--\w+-$", shown, re.M)


def test_the_books_page_has_every_command_in_the_same_order():
    titles = re.findall(r"^## (.+)$", PAGE, re.M)
    assert titles == [*commands(), "Exit codes"]
    assert re.findall(r'^told\("(\w+)"\)$', PAGE, re.M) == [*commands()]


def test_every_exit_code_has_its_meaning_in_help():
    for code, said in exit_codes.MEANINGS.items():
        assert re.search(rf"^  {code} +{re.escape(said)}$", parser().format_help(), re.M)
