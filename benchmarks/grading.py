"""What grading costs, beside stock `nbgrader autograde` on the same hand-ins.

    python benchmarks/grading.py [--hand-ins 1000] [--stock 20] [--out benchmarks/results]

Both grade the same hand-ins of the sample assignment, in turns, so that a machine that slows down
slows both; nbgrader runs in one process that has imported everything, which is the best it can do.
Only samples are used to which the public checks and the rubric give the same points, and these are
compared. The sandbox is on. Then a whole class is graded, by the command as an instructor types
it, while the memory of all its processes is watched; and again by more and more workers, of this
machine's pool and of a Dask cluster. ``--out`` keeps all that as ``grading.json`` and ``.svg``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from sqlalchemy.exc import SAWarning
from tabulate import tabulate

from unrolled.course.course import Course, environment
from unrolled.running import executors
from unrolled.running.grading import grade
from unrolled.running.work import Context, Done, Job, grade_submission

# the small course that the tests grade, too
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
import courses

NAME = courses.ASSIGNMENT
WORKERS = (1, 2, 3, 4)
# the public checks and the rubric agree on these
SAMPLES = ("right", "right-other-style", "bias-forgotten", "transposed", "empty")


def make_course(root: Path, hand_ins: int) -> Course:
    """A course with as many hand-ins, the samples in turn."""
    course = courses.make(root)
    course.release(NAME)  # into nbgrader's gradebook, too
    assignment = course.assignment(NAME)
    texts = [courses.sample(s, assignment) for s in SAMPLES]
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
    shutil.rmtree(course.root / ".unrolled", ignore_errors=True)
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
        for turn, student in enumerate(theirs.submitted_students(NAME)):
            times["theirs"].append(stock(theirs, student))
            if turn % 5 == 0:
                times["ours"].append(ours(mine, 10 * number, pool) / (10 * number))
    same = scores(theirs).items() <= scores(mine).items()
    assert same, "nbgrader and unrolled give different points"
    return statistics.median(times["theirs"]), statistics.median(times["ours"])


def overhead(course: Course) -> float:
    """Median milliseconds for one hand-in with all answers right, by one worker, writing apart."""
    assignment = course.assignment(NAME)
    content = (course.folder("submitted", "student-00000", NAME) / f"{NAME}.ipynb").read_bytes()
    context, job = Context.pack(assignment), Job("student", content)
    grade_submission(context, job)
    times = []
    for _ in range(30):
        began = time.perf_counter()
        grade_submission(context, job)
        times.append(time.perf_counter() - began)
    return 1e3 * statistics.median(times)


class Judged(Executor):
    """Workers that take no time: every hand-in comes back as one that was judged before."""

    def __init__(self, done: Done) -> None:
        self.done = done

    def submit(self, function: object, context: Context, job: Job) -> Future:
        future: Future = Future()
        future.set_result(replace(self.done, result={**self.done.result, "student": job.student}))
        return future


def writing(course: Course, hand_ins: int) -> float:
    """Milliseconds a hand-in of the one process that writes store, pages and gradebook."""
    assignment = course.assignment(NAME)
    content = (course.folder("submitted", "student-00000", NAME) / f"{NAME}.ipynb").read_bytes()
    judged = Judged(grade_submission(Context.pack(assignment), Job("student", content)))
    ours(course, hand_ins, judged)
    return 1e3 * ours(course, hand_ins, judged) / hand_ins


def whole_class(course: Course) -> tuple[float, list[tuple[float, float]]]:
    """Seconds for the command on a class, and over time the megabytes of all its processes."""
    began, memory = time.perf_counter(), []
    command = [Path(sys.executable).with_name("unrolled"), "grade", NAME, "--course", course.root]
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
    assert code == 0, f"unrolled ended with {code}"
    return taken, memory


def throughput(folder: Path, hand_ins: int) -> dict[str, dict[int, float]]:
    """Hand-ins a second by so many workers, of the local pool and of a Dask cluster."""
    course = make_course(folder / "curve", hand_ins)
    pools = {"pool": executors.local, "Dask": dask_workers}
    found: dict[str, dict[int, float]] = {name: {} for name in pools}
    for number in WORKERS:
        for name, open_pool in pools.items():
            with open_pool(number) as pool:
                ours(course, hand_ins, pool)  # so that the workers stand ready
                found[name][number] = round(hand_ins / ours(course, hand_ins, pool), 1)
    return found


@contextlib.contextmanager
def dask_workers(number: int) -> Iterator[Executor]:
    """Workers of a Dask cluster on this machine: a process each, with a scheduler between."""
    from distributed import Client, LocalCluster

    options = {"n_workers": number, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        yield client.get_executor(pure=False)


def picture(path: Path, record: dict[str, Any]) -> None:
    try:
        from matplotlib import pyplot
    except ImportError:
        print("no picture: matplotlib is not installed")
        return
    pyplot.rcParams["svg.hashsalt"] = "grading"  # the same picture for the same numbers
    figure, (left, middle, right) = pyplot.subplots(1, 3, figsize=(11, 3), layout="constrained")
    rates = [1 / record["stock seconds"], 1 / record["seconds"]]
    bars = left.barh(["nbgrader\nautograde", "unrolled\ngrade"], rates)
    left.bar_label(bars, fmt="%.1f", padding=3)
    left.set(xlabel="hand-ins a second", xlim=(0, 1.25 * max(rates)))
    for (name, curve), style in zip(record["throughput"].items(), ("o-", "s--"), strict=True):
        middle.plot(list(map(int, curve)), list(curve.values()), style, label=name)
    middle.set(xlabel="workers", ylabel="hand-ins a second", ylim=(0, None), xticks=WORKERS)
    middle.legend()
    right.plot(*zip(*record["memory"], strict=True))
    right.set(xlabel="seconds", ylabel="megabytes, all processes", ylim=(0, None))
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--hand-ins", type=int, default=1000, help="in the whole class")
    parser.add_argument("--stock", type=int, default=20, help="beside stock nbgrader")
    parser.add_argument("--out", type=Path, help="the folder for grading.json and grading.svg")
    options = parser.parse_args()
    record = measure(options.hand_ins, options.stock)
    print(tabulate(rows(record), tablefmt="plain"))
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        text = json.dumps(record, indent=1)
        (options.out / "grading.json").write_text(text + "\n", encoding="utf-8")
        picture(options.out / "grading.svg", record)


def measure(hand_ins: int, stock_hand_ins: int) -> dict[str, Any]:
    """Everything, in plain values."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        theirs, mine = beside_stock(folder, stock_hand_ins)
        course = make_course(folder / "class", hand_ins)
        alone = overhead(course)
        taken, memory = whole_class(course)
        curve = throughput(folder, 10 * stock_hand_ins)
        written = writing(Course(folder / "curve"), 10 * stock_hand_ins)
    tenth = max(1, len(memory) // 10)
    return {
        "stock seconds": round(theirs, 3),
        "seconds": round(mine, 4),
        "ratio": round(theirs / mine, 1),
        "one worker, milliseconds": round(alone, 1),
        "hand-ins": hand_ins,
        "class seconds": round(taken, 1),
        "early MB": round(statistics.mean(m for _, m in memory[2 * tenth : 4 * tenth] or memory)),
        "late MB": round(statistics.mean(m for _, m in memory[-3 * tenth : -tenth] or memory)),
        "memory": [(round(t, 1), round(m)) for t, m in memory],
        "throughput": curve,
        "writing, milliseconds": round(written, 2),
        "cores": os.cpu_count(),
    }


def rows(record: dict[str, Any]) -> list[list[str]]:
    """The record as a table."""
    best = max(record["throughput"]["pool"].values())
    return [
        ["nbgrader autograde, a hand-in", f"{record['stock seconds']:.3f} s"],
        ["unrolled, a hand-in, same points", f"{record['seconds']:.4f} s"],
        ["ratio of the throughputs", f"{record['ratio']:.0f}"],
        [
            "one worker, a hand-in with all answers right",
            f"{record['one worker, milliseconds']} ms",
        ],
        [f"{record['hand-ins']} hand-ins, the whole command", f"{record['class seconds']} s"],
        ["memory early and late in it", f"{record['early MB']} MB, {record['late MB']} MB"],
        *(
            [f"hand-ins a second, {name} of {number}", f"{rate}"]
            for name, curve in record["throughput"].items()
            for number, rate in curve.items()
        ),
        ["writing, a hand-in", f"{record['writing, milliseconds']} ms"],
        ["100,000 hand-ins at the pool's best", f"{1e5 / best / 60:.0f} minutes"],
        ["cores", str(record["cores"])],
    ]


if __name__ == "__main__":
    main()
