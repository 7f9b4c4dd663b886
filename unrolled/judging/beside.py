"""What stands in a hand-in beside the texts of its answers: a student's own cells, and pictures.

Both are for a human's eye and earn nothing by themselves. Pictures are PNG out of a stranger's
file: each is bounded before it is decoded, decoded as PNG and as nothing else, and made anew from
its pixels, so that nothing of the file goes on to a page but what can be seen.
"""

from __future__ import annotations

import base64
import binascii
import io
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from PIL import Image

from unrolled.judging.notebook import cell_id, is_answer, is_task, source, without_tags

MOST_PICTURES = 4
"""Of one answer."""
MOST_ON_A_PAGE = 16
MOST_PIXELS = 12_000_000
"""Of one picture as it was handed in: a large figure at 300 dots an inch."""
MOST_PIXELS_IN_ALL = 48_000_000
MOST_BYTES = 250_000
"""Of one picture as it is shown."""
WIDEST = 1000
MOST_CELLS, MOST_LETTERS = 50, 20_000
"""Of a student's own cells below a task, and in each."""
SIGNATURE = b"\x89PNG\r\n\x1a\n"

Cell = dict[str, Any]


def own_cells(
    handed_in: Sequence[tuple[str, Cell]], released: NotebookNode
) -> dict[str, list[Cell]]:
    """By the id of an answer or a task, its own cell (of an answer) and the student's beside it.

    A cell of the student's own belongs to the answer or task above it, unless a text of ours stands
    between: then to the answer below.

    Parameters
    ----------
    handed_in
        The cells with the ids of the released ones that they are.
    """
    ours = {cell_id(cell): cell for cell in released.cells if cell_id(cell)}
    found: dict[str, list[Cell]] = {}
    waiting: list[Cell] = []
    owner = ""
    for name, cell in handed_in:
        if name not in ours:
            (found[owner] if owner else waiting).append(cell)
        elif is_answer(ours[name]):
            owner = name
            found.setdefault(name, []).extend([*waiting, cell])
            waiting = []
        elif is_task(ours[name]):
            owner, waiting = name, []
            found.setdefault(name, [])
        elif ours[name].cell_type == "markdown":
            owner = ""
    return found


def shown(cells: Sequence[Cell]) -> list[NotebookNode]:
    """A student's own cells as formgrader may show them: no outputs, and HTML in them inert."""
    made = []
    for cell in cells[:MOST_CELLS]:
        text = source(cell)[:MOST_LETTERS]
        if cell.get("cell_type") == "markdown":
            made.append(new_markdown_cell(without_tags(text)))
        else:  # a raw cell would be obeyed
            made.append(new_code_cell(text))
    return made


def pictures(beside: Mapping[str, Sequence[Cell]]) -> dict[str, list[bytes]]:
    """The pictures of each answer and task, in order and made anew; what is none is left out."""
    found: dict[str, list[bytes]] = {}
    pixels, tries = MOST_PIXELS_IN_ALL, MOST_ON_A_PAGE
    for name, cells in beside.items():
        kept: list[bytes] = []
        for raw in _pngs(cells):
            if len(kept) == MOST_PICTURES or not tries:
                break
            size = _size(raw)
            if 0 < size <= min(MOST_PIXELS, pixels):
                pixels, tries = pixels - size, tries - 1
                if made := made_anew(raw):
                    kept.append(made)
        if kept:
            found[name] = kept
    return found


def drawn_inside(found: Any) -> list[str]:
    """The pictures that a sandbox says were drawn in it, made anew, in base64."""
    output = [
        {"data": {"image/png": coded}} for coded in (found if isinstance(found, list) else ())
    ]
    made = pictures({"": [{"outputs": output}]}).get("", [])
    return [base64.b64encode(picture).decode() for picture in made]


def _pngs(cells: Sequence[Cell]) -> Iterator[bytes]:
    """Whatever says of itself that it is a PNG: outputs, and what was pasted into a text."""
    for cell in cells:
        outputs, pasted = cell.get("outputs"), cell.get("attachments")
        bundles = list(pasted.values()) if isinstance(pasted, dict) else []
        if isinstance(outputs, list):
            bundles += [output.get("data") for output in outputs if isinstance(output, dict)]
        for bundle in bundles:
            coded = bundle.get("image/png") if isinstance(bundle, dict) else None
            if isinstance(coded, list) and all(isinstance(line, str) for line in coded):
                coded = "".join(coded)
            if isinstance(coded, str):
                try:
                    yield base64.b64decode(coded)
                except (binascii.Error, ValueError):
                    continue


def _size(raw: bytes) -> int:
    """How many pixels a PNG says that it has; 0 if it is none."""
    if not raw.startswith(SIGNATURE) or len(raw) < 24:
        return 0
    wide, high = struct.unpack(">II", raw[16:24])
    return int(wide * high)


def made_anew(raw: bytes) -> bytes:
    """A PNG with the same pixels, on white, and not too large for a page; empty if it has none."""
    try:
        with Image.open(io.BytesIO(raw), formats=["PNG"]) as image:
            seen = image.convert("RGBA")
    except Exception:  # whatever a decoder says of a stranger's file
        return b""
    picture = Image.new("RGB", seen.size, "white")
    picture.paste(seen, mask=seen.getchannel("A"))
    picture.thumbnail((WIDEST, WIDEST))
    made = _png(picture)
    while len(made) > MOST_BYTES:
        made = _png(picture.quantize(64, Image.Quantize.FASTOCTREE))
        part = 0.9 * min(1, (MOST_BYTES / len(made)) ** 0.5)
        picture = picture.resize((int(picture.width * part) + 1, int(picture.height * part) + 1))
    return made


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def picture_output(picture: bytes, drawn_here: bool) -> NotebookNode:
    """A picture as the output of a cell; ``drawn_here``, not by the student's own machine."""
    data = {"image/png": base64.b64encode(picture).decode(), "text/plain": "a picture"}
    return new_output("display_data", data=data, metadata={"unrolled": {"drawn_here": drawn_here}})
