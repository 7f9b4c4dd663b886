"""What grading costs, beside stock `nbgrader autograde` on the same hand-ins.

    python benchmarks/grading.py [--hand-ins 1000] [--stock 20] [--picture grading.png]

Both grade the same hand-ins of the sample assignment, in turns, so that a machine that slows down
slows both; nbgrader runs in one process that has imported everything, which is the best it can do.
Only samples are used to which the public checks and the rubric give the same points, and these are
compared. The sandbox is on. Then a whole class is graded, by the command as an instructor types
it, while the memory of all its processes is watched.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

import psutil
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from sqlalchemy.exc import SAWarning
from tabulate import tabulate

from autograder import demo, executors
from autograder.course import CONFIG, Course, environment
from autograder.grade import grade
from autograder.work import Job, Task, work

ROOT = Path(__file__).parent.parent
NAME = demo.ASSIGNMENT
# the public checks and the rubric agree on these
SAMPLES = ("right", "right-other-style", "bias-forgotten", "transposed", "empty")


def make_course(root: Path, hand_ins: int) -> Course:
    """A course with as many hand-ins, the samples in turn."""
    root.mkdir()
    shutil.copy(ROOT / CONFIG, root)
    shutil.copytree(ROOT / "solutions", root / "solutions")
    course = Course(root)
    course.release(NAME)
    assignment = course.assignment(NAME)
    texts = [demo.notebook(demo.SAMPLE_CLASS / f"{s}.txt", assignment) for s in SAMPLES]
    for number in range(hand_ins):
        folder = course.folder("submitted", f"student-{number:05}", NAME)
        folder.mkdir(parents=True)
        (folder / f"{NAME}.ipynb").write_text(texts[number % len(texts)])
    return course


def scores(course: Course) -> dict[str, float]:
    with Gradebook(course.db_url, course.id) as book:
        return {s.student.id: s.score for s in book.assignment_submissions(NAME)}


def stock(course: Course, student: str) -> float:
    """Seconds that nbgrader takes for one hand-in."""
    began = time.perf_counter()
    done = NbGraderAPI(course.directory).autograde(NAME, student, force=True, create=True)
    assert done["success"], done
    return time.perf_counter() - began


def ours(course: Course, students: int, pool: object) -> float:
    """Seconds that we take for a class, all judged anew, by workers that stand ready."""
    shutil.rmtree(course.root / ".autograder", ignore_errors=True)
    began = time.perf_counter()
    assert len(list(grade(course, course.assignment(NAME), executor=pool))) == students
    return time.perf_counter() - began


def beside_stock(folder: Path, number: int) -> tuple[float, float]:
    """Median seconds for each hand-in, of nbgrader and of ours, taking turns."""
    theirs = make_course(folder / "theirs", number)
    # ten times the class: a class's fixed costs are not a hand-in's
    mine = make_course(folder / "mine", 10 * number)
    os.environ["PATH"] = environment()["PATH"]
    warnings.simplefilter("ignore", SAWarning)
    with executors.local() as pool:
        ours(mine, 10 * number, pool)  # so that workers and gradebook stand ready
        stock(theirs, "student-00000")
        times: dict[str, list[float]] = {"theirs": [], "ours": []}
        for turn, student in enumerate(theirs.students(NAME)):
            times["theirs"].append(stock(theirs, student))
            if turn % 5 == 0:
                times["ours"].append(ours(mine, 10 * number, pool) / (10 * number))
    same = scores(theirs).items() <= scores(mine).items()
    assert same, "nbgrader and the autograder give different points"
    return statistics.median(times["theirs"]), statistics.median(times["ours"])


def overhead(course: Course) -> float:
    """Median milliseconds for one hand-in with all answers right, by one worker, writing apart."""
    assignment = course.assignment(NAME)
    content = (course.folder("submitted", "student-00000", NAME) / f"{NAME}.ipynb").read_bytes()
    task, job = Task.pack(assignment), Job("student", content)
    work(task, job)
    times = []
    for _ in range(30):
        began = time.perf_counter()
        work(task, job)
        times.append(time.perf_counter() - began)
    return 1e3 * statistics.median(times)


def whole_class(course: Course) -> tuple[float, list[tuple[float, float]]]:
    """Seconds for the command on a class, and over time the megabytes of all its processes."""
    began, memory = time.perf_counter(), []
    command = [Path(sys.executable).with_name("autograder"), "grade", NAME, "--course", course.root]
    process = psutil.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def watch() -> None:
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            total = 0
            for one in [process, *process.children(recursive=True)]:
                with contextlib.suppress(psutil.Error):
                    total += one.memory_full_info().pss
            memory.append((time.perf_counter() - began, total / 2**20))
            time.sleep(1)

    watcher = threading.Thread(target=watch)
    watcher.start()
    code = process.wait()
    taken = time.perf_counter() - began
    watcher.join()
    assert code == 0, f"autograder ended with {code}"
    return taken, memory


def picture(path: Path, memory: list[tuple[float, float]], theirs: float, mine: float) -> None:
    try:
        from matplotlib import pyplot
    except ImportError:
        print("no picture: matplotlib is not installed")
        return
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3), layout="constrained")
    bars = left.barh(["nbgrader autograde", "autograder"], [1 / theirs, 1 / mine])
    left.bar_label(bars, fmt="%.1f")
    left.set_xlabel("hand-ins a second")
    right.plot(*zip(*memory, strict=True))
    right.set(xlabel="seconds", ylabel="megabytes, all processes", ylim=(0, None))
    figure.savefig(path)
    print(f"picture: {path}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--hand-ins", type=int, default=1000, help="in the whole class")
    parser.add_argument("--stock", type=int, default=20, help="beside stock nbgrader")
    parser.add_argument("--picture", type=Path, default=Path("grading.png"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        theirs, mine = beside_stock(folder, options.stock)
        course = make_course(folder / "class", options.hand_ins)
        alone = overhead(course)
        taken, memory = whole_class(course)
    tenth = max(1, len(memory) // 10)
    early = statistics.mean(m for _, m in memory[2 * tenth : 4 * tenth] or memory)
    late = statistics.mean(m for _, m in memory[-3 * tenth : -tenth] or memory)
    rows = [
        ["nbgrader autograde, a hand-in", f"{theirs:.3f} s"],
        ["autograder, a hand-in, same points", f"{mine:.4f} s"],
        ["ratio of the throughputs", f"{theirs / mine:.0f}"],
        ["one worker, a hand-in with all answers right", f"{alone:.0f} ms"],
        [f"{options.hand_ins} hand-ins, the whole command", f"{taken:.1f} s"],
        ["memory early and late in that run, all processes", f"{early:.0f} MB, {late:.0f} MB"],
        ["cores", str(os.cpu_count())],
    ]
    print(tabulate(rows, tablefmt="plain"))
    picture(options.picture, memory, theirs, mine)


if __name__ == "__main__":
    main()
