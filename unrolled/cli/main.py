"""The command ``unrolled``.

Nothing heavy is imported before it is needed: help comes at once, and worker processes, which load
this module again, start fast.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import sys
from collections.abc import Sequence

from unrolled.cli import exit_codes, output
from unrolled.cli.parser import parse
from unrolled.errors import UnrolledError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code (see ``--help``)."""
    options = parse(sys.argv[1:] if arguments is None else arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # in a file or a pipe, too, what is printed stands before what is told after it
        sys.stdout.reconfigure(line_buffering=True)
    command = importlib.import_module(f"unrolled.cli.commands.{options.command}")
    try:
        with contextlib.redirect_stdout(output.Shown(sys.stdout)):
            return command.run(options) or 0
    except UnrolledError as error:
        output.tell(error)
        return exit_codes.FAILED
    except KeyboardInterrupt:
        print("\nunrolled: stopped; the same command goes on from here", file=sys.stderr)
        return exit_codes.STOPPED
