"""Sets of fonts for a browser, so that it does not matter which ones a machine happens to have."""

from __future__ import annotations

from pathlib import Path

FILES = {"DejaVu": "DejaVuSans.ttf", "Liberation": "LiberationSans-Regular.ttf"}
"""A file of each family that the tests know, by the first word of the family's name."""
SETS = [("DejaVu",), ("Liberation",), ("DejaVu", "Liberation")]

# what a machine's own rules prefer is kept, what fonts it has is not
CONFIGURATION = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
<include ignore_missing="yes">/etc/fonts/conf.d</include>
<reset-dirs/>
{folders}
<cachedir>{cache}</cachedir>
</fontconfig>
"""


def configuration(families: tuple[str, ...], folder: Path) -> Path:
    """Writes into ``folder`` what FONTCONFIG_FILE has to name for a browser with these fonts alone.

    Raises
    ------
    FileNotFoundError
        If the machine lacks one of them.
    """
    folders = "\n".join(f"<dir>{_folder_of(FILES[family])}</dir>" for family in families)
    file = folder / "fonts.conf"
    file.write_text(CONFIGURATION.format(folders=folders, cache=folder / "cache"), encoding="utf-8")
    return file


def _folder_of(file: str) -> Path:
    for found in Path("/usr/share/fonts").rglob(file):
        return found.parent
    raise FileNotFoundError(file)


def used_by(page, selector: str) -> set[str]:
    """The first words of the families that the browser writes these elements with."""
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    query = {"nodeId": root, "selector": selector}
    used = [
        font["familyName"].split()[0]
        for node in session.send("DOM.querySelectorAll", query)["nodeIds"]
        for font in session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
    ]
    session.detach()
    return {*used}
