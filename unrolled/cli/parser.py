"""The options of the command ``unrolled``. What they do is in ``commands``."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from unrolled.cli import exit_codes

EXAMPLES = """examples:
  unrolled collect elman submissions.zip   what Canvas or Moodle gives
  unrolled grade elman --course ~/courses/rnn
  unrolled grade elman --dry-run       who gains and who loses by a changed rubric
  unrolled grade elman --cluster tcp://head:8786
  unrolled marks elman MARKS.csv       a human's points and comments
  unrolled export elman canvas         a table of the points
  unrolled check elman.ipynb           before handing in
  unrolled doctor                      what this machine lacks

"""


def parser() -> argparse.ArgumentParser:
    """What ``unrolled`` understands."""
    parser = argparse.ArgumentParser(
        prog="unrolled",
        description="Grades hand-ins in a sandbox, into nbgrader's gradebook.",
        epilog=EXAMPLES + exit_codes.IN_WORDS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    add = partial(commands.add_parser, formatter_class=_Paragraphs)
    _init(add)
    _grade(add)
    _marks(add)
    _release(add)
    _collect(add)
    _extend(add)
    _regrade(add)
    _similar(add)
    _export(add)
    _check(add)
    _doctor(add)
    _strength(add)
    add(
        "demo",
        help="build the book, and grade a made-up class in all assignments",
        description="Builds the book and grades a made-up class, in the folder demo/. It is for a "
        "clone of this project.",
        epilog="example: unrolled demo",
    )
    return parser


def commands() -> dict[str, argparse.ArgumentParser]:
    """The parser of each command, by the command's name."""
    [found] = [action.choices for action in parser()._actions if action.choices]
    return dict(found)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """What was typed, options before, between or after the names."""
    name, *rest = arguments or [""]
    if name not in commands():
        return parser().parse_args(arguments)
    options = commands()[name].parse_intermixed_args(rest)
    options.command = name
    return options


class _Paragraphs(argparse.HelpFormatter):
    """Wraps each paragraph by itself, and no option's name at its hyphens."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        wrap = partial(textwrap.fill, width=width, break_on_hyphens=False)
        return "\n\n".join(map(wrap, text.split("\n\n")))


Add = Callable[..., argparse.ArgumentParser]


def _init(add: Add) -> None:
    parser = add(
        "init",
        help="begin a course",
        description="Makes the folder of a new course, with its few files: nbgrader_config.py with "
        "comments, an empty roster.csv, and solutions/ with this project's assignments. What is "
        "there already stays as it is.",
        epilog="example: unrolled init ~/rnn-course elman jordan",
    )
    parser.add_argument("folder", type=Path, help="the course's folder")
    parser.add_argument("assignments", nargs="*", help="which to copy into it (default: all)")
    parser.add_argument("--empty", action="store_true", help="none of them: you write your own")


def _grade(add: Add) -> None:
    parser = add(
        "grade",
        help="grade all hand-ins of an assignment",
        description="Grades submitted/STUDENT/ASSIGNMENT/ASSIGNMENT.ipynb of every student: into "
        "the gradebook, autograded/ and feedback/. What has been graded and has not changed since "
        "is not graded again.",
        epilog="example: unrolled grade elman --jobs 2\n\n"
        "exit codes: 0 all is graded; 1 nothing was done, or it was cut off; 3 some hand-ins need "
        "a human's eye",
    )
    _takes_assignment(parser)
    parser.add_argument(
        "--jobs", type=_positive, metavar="N", help="hand-ins at a time (default: all cores)"
    )
    parser.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="grade on a Dask cluster: its scheduler's address, or a name below "
        "unrolled.clusters in Dask's configuration",
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="write nothing; show whose points would change",
    )
    parser.add_argument(
        "--withhold",
        action="store_true",
        help="leave the expected numbers out of the students' pages, while some may still hand in",
    )
    parser.add_argument(
        "--unsafe",
        action="store_true",
        help="run students' code without a sandbox, as yourself; every result is stamped with it",
    )
    _takes_json(parser)


def _marks(add: Add) -> None:
    parser = add(
        "marks",
        help="take a human's points and comments from a table",
        description="Writes the points and comments of a table into the gradebook, and shows them "
        "on the students' pages and in the report, with those that were given in formgrader. "
        "Without a table it writes one to be filled in: marks-ASSIGNMENT.csv, with a row for each "
        "answer that waits for a human or has a human's mark.",
        epilog="example: unrolled marks elman marks-elman.csv --dry-run\n\n"
        "In the table, question is the answer's id or its title. What is left empty stays as it "
        "is; a single - takes away what was given.",
    )
    _takes_assignment(parser)
    parser.add_argument(
        "table",
        type=Path,
        nargs="?",
        help="a CSV file with the columns id, question, points, extra and comment",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="write nothing; show what would change"
    )


def _release(add: Add) -> None:
    parser = add(
        "release",
        help="make the students' notebook of an assignment, by nbgrader",
        description="Writes into the instructor's notebook what its rubric says, tries its own "
        "solution, and lets nbgrader make the students' notebook out of it. Where the solution "
        "does not earn all points, or a public check turns it away, nothing is released.\n\n"
        "With --per-student each student's notebook has numbers of its own, and is graded by "
        "them. Who got numbers before keeps them, named again or not.",
        epilog="example: unrolled release elman --per-student roster.csv",
    )
    _takes_assignment(parser)
    parser.add_argument(
        "--per-student",
        type=Path,
        metavar="ROSTER",
        help="a table (CSV) whose column “id” names the students; writes per-student/STUDENT/",
    )


def _collect(add: Add) -> None:
    parser = add(
        "collect",
        help="take hand-ins out of a platform's bulk download",
        description="Puts the hand-ins of an archive from Canvas or Moodle, as it was downloaded, "
        "into submitted/STUDENT/ASSIGNMENT/. A folder serves as well: an archive that was "
        "unpacked, one with a folder for each student, or nbgrader's exchange, which is the one "
        "where none is named. Whose a file is, the numbers and names in the roster say. The last "
        "attempt counts, and what it replaces is kept in .unrolled/.\n\n"
        "What cannot be mapped to a student is listed, on standard error and in "
        "collected-ASSIGNMENT.csv, and stays in the archive: mend the roster and run it again.",
        epilog="example: unrolled collect elman submissions.zip\n\n"
        "exit codes: 0 all is collected; 1 nothing was done, or it was cut off; 3 some files could "
        "not be mapped",
    )
    _takes_assignment(parser)
    parser.add_argument(
        "archive", type=Path, nargs="?", help="a zip file or a folder (default: the exchange)"
    )
    _takes_roster(parser)
    parser.add_argument(
        "--worksheet",
        type=Path,
        metavar="FILE",
        help="Moodle's grading worksheet (CSV), which has the participants' numbers and the times",
    )
    parser.add_argument(
        "--groups",
        action="store_true",
        help="a hand-in counts for all who have the same “group” in the roster",
    )
    parser.add_argument("--dry-run", action="store_true", help="write nothing; show what is whose")
    _takes_json(parser)


def _extend(add: Add) -> None:
    parser = add(
        "extend",
        help="give students more time for an assignment",
        description="Writes an extension into extensions.csv, in the place of what the student "
        "had: that much time after the deadline, which is nbgrader's. Who is late, and what it "
        "costs by nbgrader's late plugin, is worked out whenever you grade or export.",
        epilog="example: unrolled extend elman ann bob --days 3",
    )
    _takes_assignment(parser)
    parser.add_argument("students", nargs="+", help="their ids")
    for unit in ("days", "hours"):
        parser.add_argument(
            f"--{unit}",
            type=_no_less_than_nothing,
            default=0,
            metavar="N",
            help=f"so many {unit}; with 0 days and 0 hours it is taken away again",
        )


def _regrade(add: Add) -> None:
    parser = add(
        "regrade",
        help="judge some hand-ins again, as students ask for it",
        description="Judges the hand-ins of the students that you name anew, changed or not. With "
        "a table of requests the answers named in it also wait for a human, in formgrader and in "
        "the table of unrolled marks; until then those students have no final grade. With "
        "--dry-run see first what would come of it.",
        epilog="example: unrolled regrade elman --requests requests.csv --dry-run",
    )
    _takes_assignment(parser)
    parser.add_argument("students", nargs="*", help="the ids of those to be judged again")
    parser.add_argument(
        "--requests",
        type=Path,
        metavar="FILE",
        help="a table (CSV) with the columns “id”, “question” and “reason”; a question is named by "
        "its cell or its title",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="write nothing; show what would change"
    )


def _similar(add: Add) -> None:
    parser = add(
        "similar",
        help="name hand-ins that are much alike",
        description="Compares the code of all hand-ins with each other, without what all were "
        "given, and writes similar-ASSIGNMENT.html, with the pairs side by side. Names and "
        "comments do not count, and who hands in together is not compared. It takes the extra "
        "“similarity”.",
        epilog="example: unrolled similar elman --above 90",
    )
    _takes_assignment(parser)
    parser.add_argument(
        "--above",
        type=_percent,
        default=80,
        metavar="PERCENT",
        help="how much of one of the two the other has to have (default: 80)",
    )
    _takes_json(parser)


def _export(add: Add) -> None:
    parser = add(
        "export",
        help="write the points as a table for Canvas or Moodle",
        description="Writes what the gradebook holds, a human's points included, as the table that "
        "a learning platform imports, with the ids that it asks for. What lateness costs "
        "is taken off. Whoever still waits for a human has an empty grade in it; whose hand-in is "
        "not in submitted/ any more is left out. For all of nbgrader's columns there is nbgrader "
        "export.",
        epilog="example: unrolled export elman canvas",
    )
    _takes_assignment(parser)
    platforms = ["canvas", "moodle"]
    parser.add_argument(
        "platform", choices=platforms, metavar="platform", help=" or ".join(platforms)
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="the file (default: PLATFORM-ASSIGNMENT.csv)"
    )
    parser.add_argument(
        "--zeros",
        action="store_true",
        help="also 0 points for everybody in the roster who handed in nothing",
    )
    parser.add_argument(
        "--sections",
        action="store_true",
        help="a table for each “section” of the roster: PLATFORM-ASSIGNMENT-SECTION.csv",
    )


def _check(add: Add) -> None:
    parser = add(
        "check",
        help="look at one notebook before it is handed in",
        description="Says whether a notebook is intact, what is still to be answered, and what the "
        "public checks say, which run in the same sandbox as grading.",
        epilog="example: unrolled check elman.ipynb\n\nexit codes: 0 all is well; 1 not",
    )
    parser.add_argument("notebook", type=Path, help="the notebook file")
    parser.add_argument("--unsafe", action="store_true", help="run it without a sandbox")
    _takes_json(parser)


def _doctor(add: Add) -> None:
    parser = add(
        "doctor",
        help="say what this machine lacks",
        description="Says what grading needs and what it can use, what of it is there, and how to "
        "get the rest.",
        epilog="example: unrolled doctor\n\nexit codes: 0 grading can start; 1 it cannot",
    )
    _takes_json(parser)


def _strength(add: Add) -> None:
    parser = add(
        "strength",
        help="say how strong an assignment's questions are",
        description="Tries mutants of the model solution, right solutions in other styles, wrong "
        "ideas, and answers that do nothing, and says what the questions let through.",
        epilog="example: unrolled strength elman\n\n"
        "exit codes: 0 nothing is left to be mended; 1 something is",
    )
    parser.add_argument("assignments", nargs="*", help="their names (default: all)")
    _takes_course(parser)
    _takes_json(parser)


def _takes_assignment(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("assignment", help="its name, as in the source folder")
    _takes_course(parser)


def _takes_course(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--course",
        type=Path,
        default=Path(),
        metavar="FOLDER",
        help="the folder that holds nbgrader_config.py (default: .)",
    )


def _takes_roster(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--roster",
        type=Path,
        metavar="FILE",
        help="the class as a table (CSV): ours, Canvas's gradebook or Moodle's participants "
        "(default: roster.csv in the course, or else the students that the gradebook knows)",
    )


def _takes_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, for other programs")


def _no_less_than_nothing(text: str) -> float:
    number = float(text)
    if not 0 <= number < 10_000:
        raise argparse.ArgumentTypeError(f"{text} is not from 0 to 10000")
    return number


def _percent(text: str) -> float:
    number = float(text)
    if not 0 < number <= 100:
        raise argparse.ArgumentTypeError(f"{text} is not from 0 to 100")
    return number


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not at least 1")
    return number
