"""Which notebook of a hand-in is graded, whatever its name and wherever it lies."""

from __future__ import annotations

import io
import json
import os
import zipfile

import pytest
from hand_ins import HandIn, lost
from hand_ins import graded as graded_by_content

from unrolled.judging import handed_in
from unrolled.judging.submission import MAX_BYTES, Unreadable

NAME = "elman.ipynb"


@pytest.fixture(scope="module")
def solved():
    return HandIn("elman")


def graded(folder, solved):
    return handed_in.notebook(folder, NAME, solved.assignment.released)


def put(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def zipped(files, **how):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, **how) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


ONLY = (
    "elman (1).ipynb",
    "elman-Copy1.ipynb",
    "Elman.ipynb",
    "elman.IPYNB",
    "elman.ipynb.txt",
    "elman.ipynb.json",
    "My work, final (2).ipynb",
    "elman_Müller.ipynb",
    "elman/elman.ipynb",
    "hand-in/week 3/elman.ipynb",
)


@pytest.mark.parametrize("name", ONLY)
def test_the_only_notebook_is_taken_whatever_its_name(tmp_path, solved, name):
    put(tmp_path, {name: solved.bytes(), "notes.txt": b"hello", "plot.png": b"\x89PNG"})
    found = graded(tmp_path, solved)
    assert found.content == solved.bytes()
    assert found.notes[0].startswith("The notebook ")


ZIPS = {
    "a zip": {"elman.ipynb": "solved"},
    "with a folder in it": {"elman/elman.ipynb": "solved", "elman/plot.png": ""},
    "made on a Mac": {"elman.ipynb": "solved", "__MACOSX/._elman.ipynb": "noise"},
    "with check points": {"a/elman.ipynb": "solved", "a/.ipynb_checkpoints/elman.ipynb": "empty"},
    "with an untouched original": {"elman.ipynb": "empty", "elman (1).ipynb": "solved"},
}


@pytest.mark.parametrize("files", ZIPS.values(), ids=ZIPS)
@pytest.mark.parametrize("name", ["elman.zip", "elman.ZIP", "down/loads.zip"])
def test_a_zip_is_opened(tmp_path, solved, files, name):
    contents = {
        "solved": solved.bytes(),
        "empty": json.dumps(solved.untouched),
        "noise": b"\0\5\26\7",
        "": b"",
    }
    put(tmp_path, {name: zipped({entry: contents[kind] for entry, kind in files.items()})})
    assert graded(tmp_path, solved).content == solved.bytes()


def test_of_several_the_one_with_the_most_answers_is_graded_and_it_is_said(tmp_path, solved):
    half = HandIn("elman")
    for id_ in ("elman-step", "elman-forward"):
        half.text(id_, half.released_text(id_))
    empty = json.dumps(solved.untouched).encode()
    put(tmp_path, {NAME: empty, "elman-Copy1.ipynb": half.bytes(), "z/elman.ipynb": solved.bytes()})
    found = graded(tmp_path, solved)
    assert found.content == solved.bytes()
    assert found.notes == (
        "There is more than one notebook; z/elman.ipynb was graded, and not elman.ipynb, "
        "elman-Copy1.ipynb.",
    )


def test_of_two_that_are_alike_the_one_of_the_right_name_is_graded(tmp_path, solved):
    other = HandIn("elman")
    other.own("# a copy", 3)
    put(tmp_path, {"a.ipynb": other.bytes(), NAME: solved.bytes(), "lstm.ipynb": b"{}"})
    assert graded(tmp_path, solved).content == solved.bytes()


@pytest.mark.usefixtures("bubblewrap")
@pytest.mark.parametrize("field", ["outputs", "attachments"])
def test_what_is_not_graded_has_no_size(tmp_path, field):
    large = HandIn("elman")
    picture = {
        "output_type": "display_data",
        "metadata": {},
        "data": {"image/png": "A" * MAX_BYTES},
    }
    large.cell("elman-step")[field] = (
        [picture] if field == "outputs" else {"a.png": picture["data"]}
    )
    put(tmp_path, {NAME: large.bytes()})
    found = graded(tmp_path, large)
    assert len(found.content) < 100_000
    assert lost(graded_by_content(found.content, "elman")) == {}


BAD = {
    "nothing": ({}, "There is no notebook elman.ipynb"),
    "another kind of file": ({"elman.pdf": b"%PDF"}, "There is no notebook elman.ipynb"),
    "an empty notebook": ({NAME: b""}, None),
    "a zip that is none": ({"elman.zip": b"PK\3\4 and so on"}, "cannot be opened"),
    "a zip without a notebook": ({"elman.zip": zipped({"a.txt": "x"})}, "There is no notebook"),
    "a zip of a zip": (
        {"elman.zip": zipped({"elman.zip": zipped({NAME: "{}"})})},
        "There is no notebook",
    ),
    "a zip full of files": (
        {"elman.zip": zipped({f"{n:060}.txt": "" for n in range(12_000)})},
        "holds too many files",
    ),
    "too deep": ({"a/b/c/d/e/elman.ipynb": b"{}"}, "There is no notebook"),
    "too large": (
        {NAME: json.dumps({"cells": [{}], "x": "x" * MAX_BYTES}).encode()},
        "larger than",
    ),
    "many small values": (
        {NAME: b'{"cells": [' + b"{}," * 4_000_000 + b"{}]}"},
        "larger than 10 MB without its outputs",
    ),
}


@pytest.mark.parametrize(("files", "words"), BAD.values(), ids=BAD)
def test_what_cannot_be_graded_is_left_to_a_human_with_a_reason(tmp_path, solved, files, words):
    put(tmp_path, files)
    if words is None:
        assert graded(tmp_path, solved).content == b""
    else:
        with pytest.raises(Unreadable, match=words):
            graded(tmp_path, solved)


def test_what_a_zip_says_of_its_sizes_is_not_believed(tmp_path, solved):
    bomb = bytearray(zipped({NAME: b" " * 150_000_000}))
    entry = bomb.rfind(b"PK\1\2")
    bomb[entry + 24 : entry + 28] = (1000).to_bytes(4, "little")  # the size, when unpacked
    put(tmp_path, {"elman.zip": bytes(bomb)})
    with pytest.raises(Unreadable, match=r"larger than|cannot be opened|damaged|is empty"):
        found = graded(tmp_path, solved)
        graded_by_content(found.content, "elman")


def test_an_honest_bomb_ends_at_the_limit(tmp_path, solved):
    put(tmp_path, {"elman.zip": zipped({NAME: b" " * 150_000_000})})
    with pytest.raises(Unreadable, match="larger than 100 MB together"):
        graded(tmp_path, solved)


def test_a_locked_zip_is_told_as_one_that_cannot_be_opened(tmp_path, solved):
    locked = bytearray(zipped({NAME: solved.bytes()}))
    for mark, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        locked[locked.find(mark) + place] |= 1
    put(tmp_path, {"elman.zip": bytes(locked)})
    with pytest.raises(Unreadable, match="cannot be opened"):
        graded(tmp_path, solved)


def test_no_link_is_followed(tmp_path, solved):
    outside = tmp_path / "outside"
    put(outside, {NAME: solved.bytes()})
    folder = tmp_path / "hand-in"
    folder.mkdir()
    (folder / "elsewhere").symlink_to(outside)
    (folder / "elman (1).ipynb").symlink_to(outside / NAME)
    with pytest.raises(Unreadable, match="There is no notebook"):
        graded(folder, solved)
    (folder / NAME).symlink_to(outside / NAME)
    with pytest.raises(Unreadable, match="cannot be opened"):
        graded(folder, solved)
    linked = io.BytesIO()
    with zipfile.ZipFile(linked, "w") as archive:
        entry = zipfile.ZipInfo("linked.ipynb")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, str(outside / NAME))
    other = tmp_path / "other"
    put(other, {"elman.zip": linked.getvalue()})
    with pytest.raises(Unreadable, match="There is no notebook"):
        graded(other, solved)


def test_a_folder_without_end_ends(tmp_path, solved):
    for n in range(60):
        for m in range(3):
            put(tmp_path, {f"{n}/{m}/a.txt": b""})
    for n in range(1200):
        put(tmp_path, {f"z{n}.txt": b""})
    os.mkfifo(tmp_path / "pipe.ipynb")
    with pytest.raises(Unreadable, match="There is no notebook"):
        graded(tmp_path, solved)
