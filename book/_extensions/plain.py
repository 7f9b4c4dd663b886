"""MyST's marks, said in the Markdown that every notebook program understands.

The book's notebooks are written in MyST. JupyterLab and Colab show its boxes, folds and references
as they were typed, so that the downloads tell them otherwise: a box is a quotation, a fold is a
fold, a reference is its number or its words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"(:{3,}|`{3,})(?:\{([\w:-]+)\}[ \t]*(.*))?")
OPTION = re.compile(r":([\w-]+):[ \t]*(.*)")
NUMBERED = re.compile(r"\$\$((?:(?!\$\$).)*)\$\$[ \t]*\(([\w:-]+)\)", re.DOTALL)
ROLE = re.compile(r"\{([\w:-]+)\}`([^`]+)`")


@dataclass
class Block:
    """A directive that is open: how its lines begin, and what is said where it ends."""

    fence: str
    before: str = ""
    end: str = ""


def plain(text: str, numbers: Mapping[str, str], folder: Path) -> str:
    """A cell's text without MyST's marks.

    ``numbers`` are those of the equations, by label; what the cell includes lies in ``folder``.
    """
    text = "\n".join(_blocks(text.split("\n"), folder))
    text = NUMBERED.sub(lambda found: _tagged(found, numbers), text)
    return ROLE.sub(lambda found: _role(found[1], found[2], numbers), text)


def _blocks(lines: list[str], folder: Path) -> Iterator[str]:
    rest, open_blocks = iter(lines), []
    code = ""  # the fence of what is code, and stays as it is
    starting = False  # behind a directive's first line, where its options are
    for line in rest:
        starting = starting and OPTION.fullmatch(line.strip()) is not None
        if starting:
            continue
        before = "".join(block.before for block in open_blocks)
        found = FENCE.fullmatch(line.strip())
        if code or not found:
            yield f"{before}{line}".rstrip() if before else line
            code = "" if line.strip() == code else code
            continue
        fence, name, title = found.groups()
        if name is None and open_blocks and fence == open_blocks[-1].fence:
            yield from filter(None, [open_blocks.pop().end])
        elif name is None:
            code = fence
            yield before + line
        elif fence.startswith("`"):
            body = _until(rest, fence)
            options, content = _options(body)
            yield from (before + each for each in _verbatim(name, title, options, content, folder))
        else:
            block, start = _start(fence, name, title)
            yield from (before + block.before * bool(each) + each for each in start)
            open_blocks.append(block)
            starting = True


def _until(rest: Iterator[str], fence: str) -> list[str]:
    lines = []
    for line in rest:
        if line.strip() == fence:
            break
        lines.append(line)
    return lines


def _options(lines: list[str]) -> tuple[dict[str, str], list[str]]:
    options = {}
    while lines and (found := OPTION.fullmatch(lines[0].strip())):
        options[found[1]] = found[2].strip("\"' ")
        lines = lines[1:]
    return options, lines


def _start(fence: str, name: str, title: str) -> tuple[Block, list[str]]:
    """A directive that holds text: how its content is set, and the lines that open it."""
    if name == "dropdown":
        return Block(fence, end="\n</details>\n"), [f"<details><summary>{title}</summary>", ""]
    if name == "tab-set":
        return Block(fence), []
    if name == "tab-item":
        return Block(fence), [f"**{title}**", ""]
    words = title or name.capitalize()
    return Block(fence, before="> ", end=""), [f"**{words}**"]


def _verbatim(name: str, title: str, options: dict, content: list[str], folder: Path) -> list[str]:
    """A directive whose text is no Markdown: code that is included, a formula, or code."""
    if name == "literalinclude":
        content = (folder / title).read_text(encoding="utf-8").rstrip().split("\n")
        if start := options.get("start-at"):
            first = next(n for n, line in enumerate(content) if start in line)
            content = content[first:]
        if end := options.get("end-before"):
            last = next(n for n, line in enumerate(content) if end in line)
            content = content[:last]
        return [
            f"```{options.get('language', '')}",
            *"\n".join(content).rstrip().split("\n"),
            "```",
        ]
    if name == "math":
        label = f" ({options['label']})" if "label" in options else ""
        return ["$$", *content, f"$${label}"]
    return ["```", *content, "```"]


def _tagged(found: re.Match, numbers: Mapping[str, str]) -> str:
    if found[2] not in numbers:
        return found[0]
    return f"$${found[1].rstrip()} \\tag{{{numbers[found[2]]}}}\n$$"


def _role(name: str, content: str, numbers: Mapping[str, str]) -> str:
    named = re.fullmatch(r"(.+?)\s*<(.+)>", content, re.DOTALL)
    if named:
        return named[1]
    if name == "eq":
        return f"({numbers[content]})" if content in numbers else content
    if name.startswith("cite"):
        return f"[{content}]"
    if name.startswith("py:") or name in ("func", "class", "mod", "meth"):
        return f"`{content.lstrip('~')}`"
    return content
