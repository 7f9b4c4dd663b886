"""A Sphinx extension: what readers take along from the finished site.

Each chapter's download is the notebook as it was executed, with pictures and figures, in Markdown
that JupyterLab and Colab understand, and with a first cell that gets what it imports.
``unrolled-site.zip`` holds the whole site, to be opened from a folder. The front page offers it,
and the PDF of ``book/pdf.py`` where that has been made.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import nbformat
import published
from docutils.nodes import make_id
from plain import plain
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

ARCHIVE, PDF = "unrolled-site.zip", "unrolled.pdf"
FRONT_PAGE = "book/index.html"
# what the front page says there in its source is replaced by what there is
OFFER = re.compile(r'(<div class="unrolled-files docutils container">).*?(</div>)', re.DOTALL)

GET = """\
# Gets what this chapter imports, where that is missing (on Colab, say).
import importlib.util
import subprocess
import sys

if importlib.util.find_spec("unrolled") is None:
    source = {source}
    command = [sys.executable, "-m", "pip", "install", "--quiet", source]
    if not source or subprocess.run(command).returncode:
        raise ModuleNotFoundError(
            "This notebook needs unrolled, and it could not be installed. "
            "The README of the book's repository says how to get it."
        )
    importlib.invalidate_caches()
"""


def first_cell(name: str) -> nbformat.NotebookNode:
    """A code cell that installs unrolled from the repository ``name`` if it is missing."""
    source = f"unrolled[widgets,figures] @ git+https://github.com/{name}" if name else ""
    # where a name is too long for a line, so be it
    cell = nbformat.v4.new_code_cell(GET.format(source=json.dumps(source)), id="get-unrolled")
    cell.metadata["tags"] = ["hide-input"]
    return cell


def equation_numbers(env: BuildEnvironment) -> dict[str, str]:
    """The number of every equation, as the pages show it, by its label."""
    numbers = {}
    for label, (page, _) in env.get_domain("math").equations.items():
        of_page = env.toc_fignumbers.get(page, {}).get("displaymath", {})
        if number := of_page.get(make_id(f"equation-{label}")):
            numbers[label] = ".".join(map(str, number))
    return numbers


def write_notebooks(app: Sphinx, exception: Exception | None) -> None:
    """Put the executed notebooks where the pages' download buttons lead."""
    if exception or app.builder.format != "html":
        return
    name = published.repository(app.config)
    executed = Path(app.outdir).parent / "jupyter_execute"
    numbers = equation_numbers(app.env)
    for target in (Path(app.outdir) / "_sources").rglob("*.ipynb"):
        source = target.relative_to(app.outdir / "_sources")
        notebook = nbformat.read(executed / source, 4)
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = plain(cell.source, numbers, Path(app.srcdir) / source.parent)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        if code:
            notebook.cells.insert(0, first_cell(name))
        nbformat.validate(notebook)
        nbformat.write(notebook, target)


def offer(page: str, site: Path, names: list[str]) -> str:
    """The front page's text, offering those of the files ``names`` that ``site`` holds."""
    told = {
        ARCHIVE: "the whole site in a folder</a> ({size}), to unpack and open without a server",
        PDF: "the book as a PDF</a> ({size}), to print or to write on",
    }
    parts = [
        f'<a href="../{name}">' + told[name].format(size=size(site / name))
        for name in names
        if (site / name).is_file()
    ]
    words = f"<p><strong>Taking it along:</strong> {'; '.join(parts)}.</p>" if parts else ""
    return OFFER.sub(lambda found: f"{found[1]}{words}{found[2]}", page)


def size(file: Path) -> str:
    return f"{file.stat().st_size / 1e6:.1f} MB"


def pack(site: Path) -> None:
    """Write the archive; the same files make the same archive, whenever and wherever."""
    files = sorted(file for file in site.rglob("*") if file.is_file())
    front = site / FRONT_PAGE
    with ZipFile(site / ARCHIVE, "w", ZIP_DEFLATED) as archive:
        for file in files:
            name = file.relative_to(site).as_posix()
            if name in (ARCHIVE, ".buildinfo"):
                continue
            content = file.read_bytes()
            if file == front:  # an archive does not hold itself
                content = offer(content.decode(), site, [PDF]).encode()
            entry = ZipInfo(f"unrolled/{name}")  # dated 1980
            entry.compress_type = ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)


def finish(site: Path) -> None:
    """Pack the site, and let its front page offer what there is; again when there is more."""
    pack(site)
    front = site / FRONT_PAGE
    page = front.read_text(encoding="utf-8")
    front.write_text(offer(page, site, [ARCHIVE, PDF]), encoding="utf-8")


def finish_build(app: Sphinx, exception: Exception | None) -> None:
    if not exception and app.builder.format == "html":
        finish(Path(app.outdir))


def setup(app: Sphinx) -> dict:
    app.connect("build-finished", write_notebooks, priority=800)
    app.connect("build-finished", finish_build, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
