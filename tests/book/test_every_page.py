"""Every page of the book, walked through once: what it complains of, its width, what axe finds.

A page is opened on a server and walked through at two widths, in light and in dark; then it is
opened from a folder. Nearly all of axe's time would go into the contrast of each single word: it
looks at one of those that have the same colour, size and weight, and the same behind them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from browsing import PATIENCE, all_figures, hurry, listen

ROOT = Path(__file__).parents[2]
CONTENTS = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
CHAPTERS = [f"{page['file']}.html" for part in CONTENTS["parts"] for page in part["chapters"]]
FRONT = f"{CONTENTS['root']}.html"
PAGES = ["index.html", FRONT, *CHAPTERS, "search.html", "genindex.html"]
COLOURED = "book/elman.html"
"""The page whose first figure is looked at in a frame that has all of its colours."""
WIDTHS = (1280, 360)
SCHEMES = ("light", "dark")


# after a change of the width the theme's script looks anew which blocks of code scroll
TAB_STOPS = """[...document.querySelectorAll("pre")].every(
    (block) => block.scrollWidth <= block.clientWidth || block.tabIndex === 0
)"""
STILL = "*, *::before, *::after { transition: none !important; animation: none !important }"
AXE = """async () => {
    const rules = {"color-contrast": {enabled: false}};
    return (await axe.run({preload: false, rules})).violations;
}"""
CONTRAST = """async () => {
    const behind = new Map(); // the colours behind an element, from itself up to the page
    const ground = (element) => {
        if (!element) return "";
        if (!behind.has(element)) {
            const {backgroundColor, backgroundImage, opacity} = getComputedStyle(element);
            const own = [backgroundColor, backgroundImage, opacity].join();
            const before = ground(element.parentElement);
            const seen = own !== "rgba(0, 0, 0, 0),none,1";
            behind.set(element, seen ? `${before}; ${own}` : before);
        }
        return behind.get(element);
    };
    const kinds = new Map();
    for (const element of document.body.querySelectorAll("*")) {
        const texts = [...element.childNodes].filter((node) => node.nodeType === 3);
        const words = texts.some((text) => text.data.trim());
        if (!(words || element.matches("input, button")) || !element.checkVisibility()) continue;
        const {color, fontSize, fontWeight} = getComputedStyle(element);
        const kind = [color, fontSize, fontWeight, ground(element)].join();
        if (!kinds.has(kind)) kinds.set(kind, element);
    }
    const include = [...kinds.values()];
    return (await axe.run({include}, {preload: false, runOnly: ["color-contrast"]})).violations;
}"""


@dataclass
class Walk:
    """What was found on one page.

    Attributes
    ----------
    wide : dict
        How wide the page is, by the window's width.
    violations : dict
        What axe found, by scheme and width.
    stuck : list
        The figures that do not go to their last frame.
    """

    title: str = ""
    complaints: list[str] = field(default_factory=list)
    wide: dict[int, int] = field(default_factory=dict)
    violations: dict[tuple[str, int], list[Any]] = field(default_factory=dict)
    stuck: list[Any] = field(default_factory=list)


def opened(browser, address: str, found: Walk, home: str):
    context = browser.new_context(viewport={"width": WIDTHS[0], "height": 780})
    context.set_default_timeout(PATIENCE)
    context.add_init_script(hurry(20))
    page = context.new_page()
    listen(page, found.complaints, home)
    page.goto(address, wait_until="load")
    all_figures(page)
    page.evaluate("window.MathJax?.startup?.promise")
    page.add_style_tag(content=STILL)
    return page


@pytest.fixture(scope="module")
def walk(browser, site, served, axe) -> Callable[[str], Walk]:
    """Walks through a page, the first time that it is asked for."""
    walks: dict[str, Walk] = {}
    script = axe.read_text(encoding="utf-8")

    def once(name: str) -> Walk:
        if name not in walks:
            walks[name] = found = Walk()
            page = opened(browser, f"{served}/{name}", found, served)
            found.title = page.title()
            if name == COLOURED:
                page.get_by_role("slider", name="Moment").first.fill("3")
            page.evaluate(script)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 780})
                page.evaluate("document.fonts.ready")
                page.wait_for_function(TAB_STOPS)
                found.wide[width] = page.evaluate("document.documentElement.scrollWidth")
                for scheme in SCHEMES:
                    found.violations[scheme, width] = violations(page, scheme)
            found.stuck = stuck(page)
            page.context.close()
            opened(browser, f"{site.as_uri()}/{name}", found, "file://").context.close()
        return walks[name]

    return once


def violations(page, scheme: str) -> list[Any]:
    """What axe finds on a page in one colour scheme."""
    page.emulate_media(color_scheme=scheme)
    if page.evaluate("document.documentElement.dataset.mode"):
        page.wait_for_function("s => document.documentElement.dataset.theme === s", arg=scheme)
    found = page.evaluate(AXE) + page.evaluate(CONTRAST)
    return [
        (each["id"], each["impact"], node["target"], node["failureSummary"])
        for each in found
        for node in each["nodes"]
    ]


def stuck(page) -> list[Any]:
    """The figures that do not go to their end at the key End."""
    found = []
    for i in range(page.locator(".rnn-stepper").count()):
        figure = page.locator(".rnn-stepper").nth(i)
        steps = figure.locator(".rnn-controls:has(.widget-play)").get_by_role("slider")
        steps.focus()
        page.keyboard.press("Home")
        first = figure.locator(".rnn-frame").get_attribute("data-text")
        page.keyboard.press("End")
        page.wait_for_function(
            "([i, old]) => ![undefined, old].includes(document.querySelectorAll('.rnn-stepper')[i]"
            ".querySelector('.rnn-frame')?.dataset.text)",
            arg=[i, first],
        )
        if steps.get_attribute("aria-valuenow") != steps.get_attribute("aria-valuemax"):
            found.append(i)
    for slider in page.locator(".un-slider").all():
        slider.focus()
        page.keyboard.press("End")
        if slider.input_value() != slider.get_attribute("max"):
            found.append(slider.get_attribute("aria-valuetext"))
    return found


each_page = pytest.mark.parametrize("name", PAGES)


@each_page
def test_it_opens_without_errors_and_asks_no_other_site(name, walk):
    assert "Unrolled" in walk(name).title
    assert walk(name).complaints == []


@each_page
def test_it_is_not_wider_than_the_window(name, walk):
    assert all(wide <= width for width, wide in walk(name).wide.items()), walk(name).wide


@each_page
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_nothing(name, scheme, width, walk):
    told = walk(name).violations[scheme, width]
    assert told == [], json.dumps(told, indent=1)


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_figure_steps_by_key(name, walk):
    assert walk(name).stuck == []


def test_every_page_names_an_icon_that_is_there(site):
    """Else a browser asks for a favicon.ico, and complains that there is none."""
    named = re.compile(r'<link rel="(?:shortcut )?icon" href="([^"]+)"')
    for page in PAGES:
        [icon] = named.findall((site / page).read_text())
        assert icon == "data:," or ((site / page).parent / icon).is_file(), page


def test_the_pages_text_names_no_other_site_to_load_from(site):
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        loaded = re.findall(r"<(?:script|img|iframe)[^>]*\bsrc=\"(https?:[^\"]*)", text)
        loaded += re.findall(r"<link[^>]*\bhref=\"(https?:[^\"]*)", text)
        assert loaded == [], page.name
