"""What the tests of pages share: a browser's settings, a server, and ears for complaints."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

# a sandbox for each page needs rights that containers lack; and the browser shall not phone home
ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

PATIENCE = 300_000
"""Milliseconds after which a page hangs; nothing takes so long on the busiest machine."""


def hurry(times: int) -> str:
    """A script after which Play, which waits seconds between frames, is ``times`` as fast."""
    return f"""
const wait = window.setTimeout;
const sooner = (delay) => delay >= 1000 ? delay / {times} : delay;
window.setTimeout = (f, delay, ...rest) => wait(f, sooner(delay), ...rest);
"""


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and tells nobody."""

    def log_message(self, *args) -> None:
        pass


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """The address of a server for the files in ``folder``."""
    serving = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    thread = Thread(target=serving.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{serving.server_port}"
    serving.shutdown()
    thread.join()


def listen(page, complaints: list[str], home: str, may_fail: frozenset[str] = frozenset()) -> None:
    """Note whatever a page complains of, and what it asks of any address but those under ``home``.

    Requests for resources of the types in ``may_fail`` may fail.
    """
    own = (home, "data:", "blob:")
    page.on("pageerror", lambda error: complaints.append(f"page error: {error}"))
    page.on(
        "console",
        lambda line: (
            line.type == "error" and complaints.append(f"{line.text} {line.location['url']}")
        ),
    )
    page.on(
        "requestfailed",
        lambda request: (
            request.resource_type in may_fail or complaints.append(f"failed: {request.url}")
        ),
    )
    page.on(
        "request",
        lambda request: (
            request.url.startswith(own) or complaints.append(f"off the site: {request.url}")
        ),
    )


VIEWS = "script[type='application/vnd.jupyter.widget-view+json']"


def all_figures(page) -> int:
    """Waits until every figure of a page answers; returns how many there are."""
    page.wait_for_function(
        "views => document.querySelectorAll('.rnn-voice').length"
        " === document.querySelectorAll(views).length",
        arg=VIEWS,
    )
    return page.locator(".rnn-stepper").count()
