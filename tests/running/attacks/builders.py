"""What is wrong with a hand-in as a file: its metadata, its structure, its place on the disk.

Functions that take a ``notebook`` change one, as the plain JSON that it is. Functions that take a
``folder`` put something into the folder of the hand-in, given the text of the notebook that an
honest student would have put there, and the course.
"""

from __future__ import annotations

import io
import json
import os
import random
import zipfile
from pathlib import Path

NAME = "elman-jordan"
FILE = f"{NAME}.ipynb"
SCRIPT = "<script>document.title = 'attacked'</script>"


def cell(notebook: dict, name: str) -> dict:
    """The cell of that id."""
    return next(c for c in notebook["cells"] if nbgrader(c).get("grade_id") == name)


def nbgrader(cell: dict) -> dict:
    return cell["metadata"].get("nbgrader", {})


def checks(notebook: dict) -> list[dict]:
    return [c for c in notebook["cells"] if nbgrader(c).get("grade") and c["cell_type"] == "code"]


# metadata


def tag_checks_as_skipped(notebook):
    for check in checks(notebook):
        check["metadata"]["tags"] = ["skip-execution", "remove-cell"]


def tag_checks_as_raising(notebook):
    for check in checks(notebook):
        check["metadata"]["tags"] = ["raises-exception", "nbval-skip"]


def ask_for_another_kernel(notebook):
    notebook["metadata"]["kernelspec"] = {
        "name": "../../evil",
        "language": "sh",
        "display_name": "",
    }
    notebook["metadata"]["language_info"] = {"name": "sh", "file_extension": ".sh"}


def stuff_metadata(notebook):
    notebook["metadata"]["widgets"] = {"state": {str(n): SCRIPT for n in range(20_000)}}
    for each in notebook["cells"]:
        each["attachments"] = {"x.svg": {"image/svg+xml": SCRIPT}}
        each["unknown"] = [None, {}, 1e308]
        each["metadata"]["nbgrader"] = nbgrader(each) | {"points": None, "new": SCRIPT}


def forge_checksums(notebook):
    for each in notebook["cells"]:
        each["metadata"].setdefault("nbgrader", {})["checksum"] = "d41d8cd98f00b204e9800998ecf8427e"


def add_cells_with_odd_ids(notebook):
    for odd in (
        ["ex1-by-hand"],
        1,
        {"ex1-by-hand": 1},
        None,
        "ex1-by-hand\u200b",
        "EX1-BY-HAND",
        "",
    ):
        extra = {"grade_id": odd, "solution": True, "grade": True, "points": 100}
        notebook["cells"].insert(0, code("ex1_h = 0", {"nbgrader": extra}))
    for metadata in (None, [], "x", {"nbgrader": None}, {"nbgrader": [1]}):
        notebook["cells"].insert(0, code("ex1_h = 0", metadata))


def claim_another_student(notebook):
    notebook["metadata"].update(student="a-honest-before", student_id="a-honest-before", score=30)
    notebook["metadata"]["nbgrader"] = {
        "student": "a-honest-before",
        "assignment": "../a-honest-before",
    }


def raise_points(notebook):
    for check in checks(notebook):
        nbgrader(check)["points"] = 100


def odd_points(notebook):
    for check, points in zip(
        checks(notebook), (float("inf"), "30", -5, None, [4], 1e308), strict=True
    ):
        nbgrader(check)["points"] = points


def answers_pass_for_checks(notebook):
    nbgrader(cell(notebook, "elman-step")).update(grade=True, points=100, locked=True)


def checks_pass_for_answers(notebook):
    nbgrader(cell(notebook, "elman-step-check")).update(solution=True, locked=False)


def unlock_everything(notebook):
    for each in notebook["cells"]:
        nbgrader(each).update(locked=False, solution=True, grade=False, task=True)


# structure


def code(source: str, metadata: object) -> dict:
    """A code cell that may be none."""
    return {
        "cell_type": "code",
        "source": source,
        "metadata": metadata,
        "outputs": [],
        "execution_count": None,
    }


def swap_easy_and_hard(notebook):
    easy, hard = cell(notebook, "ex1-by-hand"), cell(notebook, "elman-forward")
    easy["metadata"], hard["metadata"] = hard["metadata"], easy["metadata"]


def reverse(notebook):
    notebook["cells"].reverse()


def answer_twice(notebook):
    right = """def elman_step(x, h_before, W_x, W_h, W_o, b_h, b_o):
    h = np.maximum(x @ W_x + h_before @ W_h + b_h, 0)
    return h, np.maximum(h @ W_o + b_o, 0)"""
    notebook["cells"].append(code(right, cell(notebook, "elman-step")["metadata"]))


def delete_all_but_answers(notebook):
    notebook["cells"] = [cell(notebook, name) for name in ("ex1-by-hand", "jordan-forward")]


def turn_to_markdown(notebook):
    for each in notebook["cells"]:
        each["cell_type"] = "markdown"
        each.pop("outputs", None)


def turn_to_raw(notebook):
    for each in notebook["cells"]:
        each["cell_type"] = "code" if each["cell_type"] == "markdown" else "raw"


def fill_outputs_with_script(notebook):
    data = {"text/html": SCRIPT, "application/javascript": "alert(1)", "image/svg+xml": SCRIPT}
    for each in notebook["cells"]:
        each["outputs"] = [
            {"output_type": "display_data", "data": data, "metadata": {}},
            {"output_type": "stream", "name": "stdout", "text": SCRIPT},
            {"output_type": "error", "ename": SCRIPT, "evalue": SCRIPT, "traceback": [SCRIPT]},
        ]


def nest_the_source(notebook):
    cell(notebook, "elman-step")["source"] = "elman_step = " + "(" * 100_000 + "-" * 1_000_000 + "1"


def null_byte_in_the_source(notebook):
    cell(notebook, "elman-step")["source"] = "elman_step = 1\0\n\ud800 this is no Python"


def no_cells(notebook):
    notebook["cells"] = []


def odd_cells(notebook):
    kept = [cell(notebook, name) for name in ("ex1-by-hand", "jordan-forward")]
    cell(notebook, "ex1-by-hand")["source"] = [
        *(line + "\n" for line in kept[0]["source"].splitlines()),
        None,
        7,
    ]
    odd = [None, 1, "ex1-by-hand", [], {}, {"metadata": 3}, {"source": {}}, True]
    notebook["cells"] = [*odd, kept[0], *odd, kept[1], *odd]


def format_3(notebook):
    cells = [c | {"input": c.pop("source")} for c in notebook["cells"]]
    notebook.update(nbformat=3, nbformat_minor=0, worksheets=[{"cells": cells, "metadata": {}}])
    del notebook["cells"]


def format_99(notebook):
    notebook.update(nbformat=99, nbformat_minor=-1)
    for each in notebook["cells"]:
        nbgrader(each)["schema_version"] = 99


def many_cells(notebook):
    notebook["cells"] += [code("1", {})] * 50_000


# what lies in the folder


def put(folder: Path, content: bytes | str, name: str = FILE) -> None:
    content = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(content)


def with_modules_beside(folder, text, course):
    put(folder, text)
    fake = "import sys\ndef __getattr__(name):\n    return lambda *a, **k: True\n"
    for name in ("numpy", "rnnlib", "unrolled", "wire", "inside", "json", "sitecustomize"):
        put(folder, fake, f"{name}.py")
        put(folder.parent, fake, f"{name}.py")
    put(folder, "import sitecustomize", "evil.pth")
    put(folder, "c.CourseDirectory.db_url = 'sqlite://'", "nbgrader_config.py")


def with_stamp(folder: Path, text: str, stamp: bytes) -> None:
    put(folder, text)
    put(folder, stamp, "timestamp.txt")


def with_stamp_of_the_past(folder, text, course):
    with_stamp(folder, text, b"1970-01-01 00:00:00 UTC")
    os.utime(folder / FILE, (0, 0))


def with_stamp_of_the_future(folder, text, course):
    with_stamp(folder, text, b"9999-12-31 23:59:59 UTC")
    os.utime(folder / FILE, (2**33, 2**33))


def with_bad_stamp(folder, text, course):
    with_stamp(folder, text, b"\xff\xfe yesterday, around noon " + SCRIPT.encode())


def with_a_folder_for_a_stamp(folder, text, course):
    put(folder, text)
    (folder / "timestamp.txt").mkdir()


def link_to_the_solution(folder, text, course):
    (folder / FILE).symlink_to(course.root / "solutions" / NAME / FILE)


def link_to_another_hand_in(folder, text, course):
    (folder / FILE).symlink_to(course.root / "submitted" / "a-honest-before" / NAME / FILE)


def link_the_folder(folder, text, course):
    folder.rmdir()
    folder.symlink_to(course.root / "submitted" / "a-honest-before" / NAME)


def with_links_beside(folder, text, course):
    put(folder, text)
    (folder / "gradebook.db").symlink_to(course.root / "gradebook.db")
    (folder / "disk").symlink_to("/")
    (folder / f"{FILE}.unfinished").symlink_to(course.root / "nbgrader_config.py")


def link_to_itself(folder, text, course):
    (folder / FILE).symlink_to(FILE)


def zip_with_dots(folder, text, course):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in (FILE, "../../../attacked.txt", "/tmp/attacked.txt", f"../../x/{NAME}/{FILE}"):
            archive.writestr(name, text)
    put(folder, packed.getvalue(), f"{NAME}.zip")
    put(folder, packed.getvalue())


def empty_file(folder, text, course):
    put(folder, b"")


def noise(folder, text, course):
    put(folder, random.Random(4030).randbytes(1 << 20))


def cut_off(folder, text, course):
    put(folder, text[: len(text) // 2])


def latin_1(folder, text, course):
    put(folder, text.replace("relu", "ré").encode("latin-1", "replace"))


def utf_16(folder, text, course):
    put(folder, text.encode("utf-16"))


def byte_order_mark(folder, text, course):
    put(folder, text.encode("utf-8-sig"))


def nested(folder, text, course):
    put(folder, '{"cells": ' + "[" * 100_000 + "]" * 100_000 + "}")


def too_large(folder, text, course):
    put(folder, json.dumps(json.loads(text) | {"padding": "x" * (30 << 20)}))


def pipe(folder, text, course):
    os.mkfifo(folder / FILE)


def folder_of_that_name(folder, text, course):
    (folder / FILE).mkdir()


def other_name(folder, text, course):
    put(folder, text, f"{NAME} (1).ipynb")
    put(folder, text, f"{NAME.upper()}.IPYNB")


def one_folder_too_deep(folder, text, course):
    (folder / NAME).mkdir()
    put(folder / NAME, text)


def with_copies(folder, text, course):
    put(folder, text)
    (folder / ".ipynb_checkpoints").mkdir()
    put(folder / ".ipynb_checkpoints", "{", f"{NAME}-checkpoint.ipynb")
    put(folder, "{", f"{NAME}-Copy1.ipynb")
    put(folder, text, "..ipynb")


# time stamps and names, one builder each


def write_stamp(path: Path, stamp: object, course: object) -> None:
    """A time stamp that is bytes, or what ``stamp`` makes at its place."""
    if callable(stamp):
        stamp(path, course)
    else:
        path.write_bytes(stamp)


def stamped(stamp):
    def build(folder, text, course):
        put(folder, text)
        write_stamp(folder / "timestamp.txt", stamp, course)

    return build


STAMPS = {
    "dots": b"2024-01-01 00:00:00 ..",
    "path": b"2024-01-01 00:00:00 /etc/localtime",
    "device": b"2024-01-01 00:00:00 /dev/zero",
    "colon": b"2024-01-01 00:00:00 :",
    "zone_alone": b"UTC",
    "no_year": b"0001-01-01 00:00:00 +1400",
    "no_day": b"2024-02-30 00:00:00 UTC",
    "letters_for_zone": b"2024-01-01 00:00:00 PST8PDT",
    "many_digits": b"9" * 10_000,
    "nulls": b"\0" * 100,
    "two_lines": b"2024-01-01 00:00:00 UTC\n2025-01-01 00:00:00 UTC\n",
    "mark_first": b"\xef\xbb\xbf2024-01-01 00:00:00 UTC",
    "wide_digits": "２０２４-01-01 00:00:00 UTC".encode(),
    "offset_beyond": b"2024-01-01 00:00:00 +9999",
    "sparse": lambda path, course: os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), 1 << 40),
    "pipe": lambda path, course: os.mkfifo(path),
    "dead_link": lambda path, course: path.symlink_to("nowhere"),
    "link_to_gradebook": lambda path, course: path.symlink_to(course.root / "gradebook.db"),
}
globals().update({f"stamp_{name}": stamped(stamp) for name, stamp in STAMPS.items()})


def beside(name: bytes):
    def build(folder, text, course):
        put(folder, text)
        with open(os.path.join(os.fsencode(folder), name), "wb") as file:
            file.write(b"{}")

    return build


BESIDE = {
    "no_text": b"\xff.ipynb",
    "escapes": b"\x1b[2J\x1b]0;attacked\x07.ipynb",
    "lines": b"a\nb.ipynb",
    "as_long_as_can_be": b"x" * 249 + b".ipynb",
    "turned_round": "\u202ebnypi.x.ipynb".encode(),
    "half_a_character": b"\xed\xa0\x80.ipynb",
    "script": b"<script>alert(1)<%2fscript>.ipynb",
    "format": b"%s%n{0}{student}.ipynb",
}
globals().update({f"beside_{name}": beside(each) for name, each in BESIDE.items()})
