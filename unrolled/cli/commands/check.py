"""``unrolled check``: look at a notebook before it is handed in."""

from __future__ import annotations

import argparse

from unrolled.cli import exit_codes
from unrolled.cli.output import print_json
from unrolled.student import precheck


def run(options: argparse.Namespace) -> int:
    """Look at a notebook before it is handed in."""
    found = precheck.check_notebook(options.notebook, options.unsafe)
    if options.json:
        print_json(**found.to_json())
    else:
        print(found.in_words())
    return 0 if found.well else exit_codes.FAILED
