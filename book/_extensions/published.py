"""A Sphinx extension: what depends on where the book is published, and what others show of it.

One setting, ``OWNER/NAME`` of the repository on GitHub, given by the environment variable
``UNROLLED_REPOSITORY`` or by ``unrolled_repository`` in ``_config.yml``. From it follow the buttons
(repository, edit, issue, Binder, Colab), the address of every page and of its picture for social
media. Without it none of these is there, and so no link is broken.
"""

from __future__ import annotations

import os
import re
from html import escape
from pathlib import Path

import card
import yaml
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError

BRANCH = "main"
# Colab opens notebooks that are in a repository. On this branch lie the downloads, executed and
# with a first cell that installs what they import; the publishing workflow puts them there.
NOTEBOOKS = "notebooks"
BUTTONS = ("use_repository_button", "use_edit_page_button", "use_issues_button")
LAUNCH = {"binderhub_url": "https://mybinder.org", "colab_url": "https://colab.research.google.com"}
CARD = "_static/card.png"
LOGO = {
    "text": "Unrolled",
    "image_light": "book/page/logo-light.svg",
    "image_dark": "book/page/logo-dark.svg",
}


def repository(config: Config) -> str:
    """OWNER/NAME, or nothing if the book has no public place.

    Raises
    ------
    ConfigError
        If it has another form.
    """
    name = os.environ.get("UNROLLED_REPOSITORY") or config.unrolled_repository or ""
    if name and not re.fullmatch(r"[\w.-]+/[\w.-]+", name):
        raise ConfigError(f"the repository is {name!r}; expected the form OWNER/NAME")
    return name


def pages_address(name: str) -> str:
    """Where GitHub Pages shows the site of the repository ``name``."""
    owner, project = name.lower().split("/")
    home = f"https://{owner}.github.io/"
    return home if project == f"{owner}.github.io" else f"{home}{name.split('/')[1]}/"


def configure(app: Sphinx, config: Config) -> None:
    """Set the theme's options and the site's address."""
    name = repository(config)
    options = config.html_theme_options
    options.update(dict.fromkeys(BUTTONS, bool(name)), logo=LOGO)
    if not name:
        return
    options["repository_url"] = f"https://github.com/{name}"
    options["repository_branch"] = BRANCH
    options["launch_buttons"] = options.get("launch_buttons", {}) | LAUNCH
    config.html_baseurl = pages_address(name)


def mend_launch_buttons(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Colab opens the notebook that installs what it imports; pages in Markdown open nowhere."""
    groups = context.get("header_buttons", [])
    launch = [group for group in groups if group.get("label") == "launch-buttons"]
    for group in launch:
        if not str(context.get("sourcename", "")).endswith(".ipynb"):
            groups.remove(group)
            continue
        for button in group["buttons"]:
            if button["text"] == "Colab":
                button["url"] = button["url"].replace(f"/blob/{BRANCH}/", f"/blob/{NOTEBOOKS}/")


def meta(**attributes: str) -> str:
    told = " ".join(f'{name}="{escape(value)}"' for name, value in attributes.items())
    return f"<meta {told} />"


def describe(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """What a search engine or a messenger shows of a page."""
    about = app.config.unrolled_descriptions.get(page)
    title = re.sub(r"<[^>]*>", "", context.get("title", "")) or app.config.html_title
    tags = []
    if about:
        tags += [
            meta(name="description", content=about),
            meta(property="og:description", content=about),
        ]
    tags += [
        meta(property="og:title", content=title),
        meta(property="og:type", content="article" if doctree else "website"),
        meta(property="og:site_name", content=app.config.html_title),
        meta(name="twitter:card", content="summary_large_image"),
    ]
    # these two must be whole addresses
    if base := app.config.html_baseurl:
        tags += [
            meta(property="og:url", content=base + app.builder.get_target_uri(page)),
            meta(property="og:image", content=base + CARD),
            meta(property="og:image:width", content=str(card.WIDTH)),
            meta(property="og:image:height", content=str(card.HEIGHT)),
            meta(property="og:image:alt", content=card.ALT),
        ]
    context["metatags"] = context.get("metatags", "") + "\n".join(tags)


def read_descriptions(app: Sphinx, config: Config) -> None:
    file = Path(app.confdir) / "book" / "descriptions.yml"
    config.unrolled_descriptions = yaml.safe_load(file.read_text(encoding="utf-8"))


def draw_card(app: Sphinx, exception: Exception | None) -> None:
    if not exception and app.builder.format == "html":
        card.draw(Path(app.outdir) / CARD)


def setup(app: Sphinx) -> dict:
    app.add_config_value("unrolled_repository", "", "html", [str])
    app.add_config_value("unrolled_descriptions", {}, "html", [dict])
    app.connect("config-inited", configure)
    app.connect("config-inited", read_descriptions)
    # the theme adds the buttons at 501
    app.connect("html-page-context", mend_launch_buttons, priority=502)
    app.connect("html-page-context", describe)
    app.connect("build-finished", draw_card)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
