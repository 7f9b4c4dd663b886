"""Where a course keeps its things: the folders and the gradebook of nbgrader's configuration."""

from __future__ import annotations

import copy
import hashlib
import os
import secrets
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader import api
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from sqlalchemy import create_engine, inspect, select
from traitlets.config.loader import PyFileConfigLoader

from unrolled.course.roster import MAX_NAME, Roster, Student
from unrolled.errors import UnrolledError
from unrolled.judging import filling, rubric
from unrolled.judging.assignment import Assignment
from unrolled.judging.notebook import cell_id, is_answer, is_task, load_released
from unrolled.judging.rubric import Question
from unrolled.judging.variants import variant_of

CONFIG = "nbgrader_config.py"
SECRET = "course-secret"
PER_STUDENT = "per-student"
OF_PROGRAMS = ("__MACOSX", "__pycache__")
ROSTER = "roster.csv"


class CourseError(UnrolledError):
    """A course folder that cannot be graded; the message says what is missing, and what to do."""


class Course:
    """A course: a folder with ``nbgrader_config.py`` in it.

    Raises
    ------
    CourseError
        If there is no such folder, or no configuration in it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        if not (self.root / CONFIG).is_file():
            what = "is no course: it has no" if self.root.is_dir() else "does not exist, so has no"
            raise CourseError(f"{root} {what} {CONFIG}. Name a course with --course")
        self.config = PyFileConfigLoader(CONFIG, path=str(self.root)).load_config()
        self.directory = CourseDirectory(config=self.config, root=str(self.root))
        self.db_url = self.directory.db_url

    @property
    def id(self) -> str:
        return self.directory.course_id

    def folder(self, step: str, student: str, assignment: str) -> Path:
        """nbgrader's folder of one ``step`` ("source", "submitted", "feedback", …)."""
        kind = getattr(self.directory, f"{step}_directory")
        return Path(self.directory.format_path(kind, student, assignment))

    def assignments(self) -> list[str]:
        """The names of all assignments that have a source folder."""
        sources = self.root / self.directory.source_directory
        if not sources.is_dir():
            raise CourseError(f"{sources} is missing: assignments are written there")
        return sorted(p.name for p in sources.iterdir() if any(p.glob("*.ipynb")))

    def assignment(self, name: str) -> Assignment:
        """One assignment, ready for grading.

        Raises
        ------
        CourseError
            If there is none of that name, it was not released, or its rubric does not fit it.
        """
        self.check_known(name)
        path = self.folder("release", ".", name) / f"{name}.ipynb"
        if not path.is_file():
            raise CourseError(f"{path} is missing; release it: unrolled release {name}")
        released = load_released(path)
        written = rubric.load(self.folder("source", ".", name))
        points = _points(released)
        data = _data(path)
        digest = _digest(path, *data.values(), *sorted(self.folder("source", ".", name).rglob("*")))
        given = tuple((place, file.read_bytes()) for place, file in data.items())
        assignment = Assignment(name, released, points, written, digest, book=self.book, data=given)
        _check_fit(name, released, points, assignment.questions)
        return assignment

    def unreleased(self, assignment: Assignment) -> list[str]:
        """Whose points are others in the source than in what was released: those count."""
        path = self.folder("source", ".", assignment.name) / f"{assignment.name}.ipynb"
        try:
            now = _points(load_released(path))
        except Exception:  # somebody is at work on it; what was released counts anyway
            return []
        return [
            f"{cell} has {now[cell]:g} points in the source, and {points:g} in what was released, "
            f"which count; to change that: unrolled release {assignment.name}"
            for cell, points in assignment.points.items()
            if now.get(cell, points) != points
        ]

    @property
    def book(self) -> str:
        """The book's address, to which feedback links: ``c.Unrolled.book`` in the settings."""
        return str(self.config.get("Unrolled", {}).get("book", ""))

    def elsewhere(self, root: Path) -> Course:
        """A course with the same settings in another folder, in which nothing is yet."""
        other = copy.copy(self)
        other.root = root.resolve()
        other.config = copy.deepcopy(self.config)
        other.config.CourseDirectory.root = str(other.root)
        other.config.CourseDirectory.db_url = f"sqlite:///{other.root}/gradebook.db"
        other.directory = CourseDirectory(config=other.config, root=str(other.root))
        other.db_url = other.directory.db_url
        return other

    def release(self, name: str, gradebook: bool = True) -> None:
        """Let nbgrader make the students' notebook out of the instructor's.

        Parameters
        ----------
        gradebook
            Whether the gradebook is told of it.

        Raises
        ------
        CourseError
            With what nbgrader said, if it fails.
        """
        self.check_known(name)
        if package := str(self.config.get("Unrolled", {}).get("package", "")):
            filling.set_package(self.folder("source", ".", name) / f"{name}.ipynb", package)
        find_alembic()
        config = copy.deepcopy(self.config)
        if not gradebook:  # as nbgrader generate_assignment --no-db
            config.GenerateAssignment.no_database = True
            config.SaveCells.enabled = False
        nbgrader = NbGraderAPI(self.directory, config=config)
        made = nbgrader.generate_assignment(name, force=True)
        if not made["success"]:
            raise CourseError(f"nbgrader could not release {name}:\n{made.get('log', '').strip()}")
        if (self.folder("source", ".", name) / "rubric.py").is_file():
            self._say_what_is_there(name)

    def _say_what_is_there(self, name: str) -> None:
        """Write into the released notebook what its sandbox holds, where that is not the usual."""
        path = self.folder("release", ".", name) / f"{name}.ipynb"
        packages = rubric.load(self.folder("source", ".", name)).packages
        said: dict[str, list[str]] = {}
        if packages != rubric.PACKAGES:
            said["packages"] = list(packages)
        if files := list(_data(path)):
            said["files"] = files
        if said:
            notebook = nbformat.read(path, as_version=4)
            notebook.metadata["unrolled"] = said
            nbformat.write(notebook, path)

    def secret(self, keep: bool = True) -> bytes:
        """What all drawn numbers of this course come from; made at first use, never given out.

        Raises
        ------
        CourseError
            If it cannot be kept, or what is kept is damaged.
        """
        path = self.root / SECRET
        try:
            return bytes.fromhex(path.read_text(encoding="ascii"))
        except FileNotFoundError:
            made = secrets.token_bytes(32)
        except (OSError, ValueError) as error:
            raise CourseError(
                f"{path} cannot be read ({error}); restore it from a backup: without it the "
                "numbers that students were given are not known any more"
            ) from None
        if keep:
            try:
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with open(descriptor, "w", encoding="ascii") as file:
                    file.write(made.hex() + "\n")
            except FileExistsError:
                return self.secret()  # another grader was first
            except OSError as error:
                raise CourseError(f"{path} cannot be written: {error.strerror}") from None
        return made

    def class_roster(self, path: Path | None = None) -> Roster:
        """The class: the table at ``path``, ``roster.csv``, or whom nbgrader's gradebook knows."""
        own = self.root / ROSTER
        if path is None and own.is_file() and own.read_bytes().strip().count(b"\n"):
            path = own  # with more in it than the names of the columns
        return Roster.read(path) if path else Roster(tuple(self._known_students()))

    def _known_students(self) -> list[Student]:
        engine = create_engine(self.db_url)
        if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").is_file():
            return []  # to ask would make it
        table = api.Student.__table__
        with engine.connect() as connection:
            if not inspect(engine).has_table(table.name):
                return []
            rows = connection.execute(select(table).order_by(table.c.id)).mappings().all()
        engine.dispose()
        return [Student(**{name: value or "" for name, value in row.items()}) for row in rows]

    def tell_gradebook(self) -> None:
        """Give nbgrader's gradebook the names that the roster has, as formgrader shows them."""
        known = {student.id: student for student in self._known_students()}
        columns = ("first_name", "last_name", "email", "lms_user_id")
        table, engine = api.Student.__table__, create_engine(self.db_url)
        with engine.begin() as connection:
            for student in self.class_roster().students:
                names = {name: getattr(student, name) for name in columns if getattr(student, name)}
                before = known.get(student.id)
                if before and any(getattr(before, name) != names[name] for name in names):
                    row = table.update().where(table.c.id == student.id)
                    connection.execute(row.values(names))
        engine.dispose()

    def roster(self, name: str) -> Roster:
        """The students to whom numbers of their own were given out in an assignment."""
        path = self.root / PER_STUDENT / f"{name}.csv"
        return Roster.read(path) if path.is_file() else Roster()

    def release_per_student(self, name: str, roster: Roster) -> Path:
        """Write a notebook with numbers of their own for each student of the roster.

        Whoever was given numbers before keeps them, in this roster or not.

        Returns the folder: ``per-student/``, with nbgrader's ``STUDENT/ASSIGNMENT/`` in it.

        Raises
        ------
        CourseError, FillingError
            If it cannot be released, or the notebook has no place for the numbers.
        """
        self.release(name)
        assignment = self.assignment(name)
        filling.check_places(assignment.released, assignment.questions)
        folder = self.root / PER_STUDENT
        secret = self.secret()
        everybody = self.roster(name).with_more(roster)
        for student in roster.ids:
            own = assignment.with_variant(variant_of(secret, student, name, True))
            target = folder / student / name
            target.mkdir(parents=True, exist_ok=True)
            notebook = filling.mark_for_student(own.released, own.variant)
            nbformat.write(notebook, target / f"{name}.ipynb")
        # in the end: until then nobody is graded by numbers that were not given out
        Roster(tuple(map(Student, everybody.ids))).write(folder / f"{name}.csv")
        return folder

    def check_known(self, name: str) -> None:
        """Raise CourseError unless there is an assignment of that name."""
        if name not in self.assignments():
            known = ", ".join(self.assignments()) or "none"
            raise CourseError(f"unknown assignment {name!r}; this course has: {known}")

    def submitted_students(self, assignment: str) -> list[str]:
        """Who handed in, in order of name: the folders that hold a folder of that assignment.

        Raises
        ------
        CourseError
            If nobody has.
        """
        found = self.handed_in(assignment)
        if not found:
            submitted = self.root / self.directory.submitted_directory
            why = self.problems(assignment)
            raise CourseError(
                f"nobody handed in {assignment}: no folder {submitted}/STUDENT/{assignment}"
                + (f" ({why[0]})" if why else "")
            )
        return found

    def handed_in(self, assignment: str) -> list[str]:
        """Who handed in, in order of name; none where nobody has."""
        return [name for name, problem in self._submitted(assignment) if not problem]

    def missing(self, assignment: str) -> list[str]:
        """Who is in the class and has handed in nothing, in the order of the roster.

        What lies there and cannot be graded, such as a file in the place of a folder, is something.
        """
        found = [name for name, _ in self._submitted(assignment)]
        there = {*found, *(Path(name).stem for name in found)}
        return [id_ for id_ in self.class_roster().ids if id_ not in there]

    def all_submitted(self) -> set[str]:
        """Who handed in anything at all."""
        submitted = self.root / self.directory.submitted_directory
        return {path.name for path in submitted.glob("*") if path.is_dir()}

    def problems(self, assignment: str) -> list[str]:
        """What lies among the hand-ins and cannot be graded: what, where, and what to do."""
        return [problem for _, problem in self._submitted(assignment) if problem]

    def _submitted(self, assignment: str) -> list[tuple[str, str]]:
        submitted = self.root / self.directory.submitted_directory
        if not submitted.is_dir():
            raise CourseError(f"{submitted} is missing: hand-ins are expected there")
        found = [
            (path.name, _problem(path, assignment))
            for path in sorted(submitted.iterdir())
            if not path.name.startswith(".") and path.name not in OF_PROGRAMS
        ]
        return [(name, problem) for name, problem in found if problem is not None]


def _data(notebook: Path) -> dict[str, Path]:
    """The files that are given out beside a notebook, by their paths from there."""
    files = {str(p.relative_to(notebook.parent)): p for p in sorted(notebook.parent.rglob("*"))}
    return {
        place: path
        for place, path in files.items()
        if path.is_file()
        and path != notebook
        and not any(part.startswith(".") or part == "__pycache__" for part in Path(place).parts)
    }


def _problem(path: Path, assignment: str) -> str | None:
    """Why a student's folder cannot be graded; "" if it can, None if nothing was handed in."""
    try:
        return _problem_of_what_can_be_read(path, assignment)
    except OSError as error:
        shown = ascii(path.name)[1:-1] if not path.name.isprintable() else path.name
        return f"{path.with_name(shown)} cannot be read ({error.strerror}): give yourself the right"


def _problem_of_what_can_be_read(path: Path, assignment: str) -> str | None:
    shown = ascii(path.name)[1:-1] if not path.name.isprintable() else path.name
    where = path.with_name(shown)
    if not path.is_dir():
        what = "a link that leads nowhere" if path.is_symlink() else "a file"
        return f"{where} is {what}, not a student's folder: unpack or remove it"
    folder = path / assignment
    if not folder.is_dir():
        listed = sorted(p.name for p in path.iterdir())
        for name in listed:
            if name.casefold() == assignment.casefold() and (path / name).is_dir():
                return f"{where / name} has another spelling: rename it to {where / assignment}"
        others = [name for name in listed if name.startswith(assignment)]
        if not others:
            return None
        shown = ascii(others[0])[1:-1]
        return f"{where / shown} is not a folder: unpack it into {where / assignment}"
    if not path.name.isprintable():
        return f"{where} has characters in its name that no gradebook can hold: rename it"
    if path.name.startswith("__"):
        return f"{where} begins as only folders of programs do: rename it"
    if len(path.name) > MAX_NAME:
        return f"{where} has a name of more than {MAX_NAME} characters: rename it"
    return ""


def find_alembic() -> None:
    """Put our tools on this process's path: nbgrader calls alembic by name to make a gradebook,
    also where the environment is not activated."""
    os.environ["PATH"] = environment()["PATH"]


def environment() -> dict[str, str]:
    """This process's environment, with the tools beside this Python found first."""
    tools = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": tools + os.pathsep + os.environ.get("PATH", os.defpath)}


def _points(notebook: NotebookNode) -> dict[str, float]:
    """What each graded cell is worth, by its id."""
    return {
        cell_id(cell): float(cell.metadata.nbgrader.points)
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade") or is_task(cell)
    }


def _digest(*paths: Path) -> str:
    """The content of files."""
    digest = hashlib.sha256()
    for path in paths:
        if path.is_file() and path.suffix != ".pyc":
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _check_fit(
    name: str, released: NotebookNode, points: dict[str, float], questions: list[Question]
) -> None:
    answers = {cell_id(cell) for cell in released.cells if is_answer(cell) or is_task(cell)}
    for question in questions:
        if question.cell not in answers:
            raise CourseError(f"the rubric of {name} asks for {question.cell!r}, no answer cell")
        if question.points not in points:
            raise CourseError(
                f"the rubric of {name} names {question.points!r}, a cell without points"
            )
    if missing := set(points) - {question.points for question in questions}:
        raise CourseError(f"the rubric of {name} has no question for {', '.join(sorted(missing))}")
