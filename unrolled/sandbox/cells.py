"""What a notebook lets people write and plain Python does not; used inside the sandbox.

A cell runs statement by statement. One that raises, or is no Python, is passed over, and what comes
after it runs: what a cell defines is there. IPython's own transformer turns magics, ``!`` and ``?``
into calls, which do nothing where they cannot work; what asks IPython or a widget library for
something to show gets something that shows nothing.
"""

from __future__ import annotations

import ast
import base64
import builtins
import codeop
import importlib.abc
import importlib.machinery
import inspect
import io
import linecache
import re
import signal
import sys
import types
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

MOST_ERRORS = 5
MOST_FIGURES, MOST_DRAWN = 4, 1_200_000
"""The most figures of Matplotlib that are kept, and the most letters of them all in base64."""
STAND_INS = ("IPython", "ipykernel", "ipywidgets")
CELL_MAGIC = re.compile(r"\s*%%(\w+)([^\n]*)")
NOT_PYTHON = {
    *("bash", "sh", "script", "cmd", "perl", "ruby", "python", "python2", "python3", "pypy"),
    *("html", "HTML", "javascript", "js", "latex", "markdown", "svg", "SVG", "writefile", "file"),
}
"""Cell magics whose body runs elsewhere, or nowhere; that of all others is a cell of Python."""
IPYTHONS = re.compile(r"\A(?:[ \t]*\n)*[ \t]+\S|[%!?]|^\s*(?:>>>|In \[)", re.MULTILINE)
"""What is in every text that IPython reads in another way than Python."""
PROMPT = re.compile(r"^\s*In \[\d+\]: ", re.MULTILINE)
"""A prompt that was copied with its line; to Python it is an annotation."""
BEGINS = re.compile(r"(?!(?:elif|else|except|finally)\b)[^\s#)\]}]")
"""How the first line of a statement begins."""
REAL_TIME = 2.5
"""How much longer a cell may take by the clock than by the processor: it may sleep, or wait."""


class Nothing:
    """Whatever is asked of it, it does nothing: in the place of what could only show something."""

    def __getattr__(self, name: str) -> Nothing:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *_: Any, **__: Any) -> Nothing:
        return self

    def __getitem__(self, _: Any) -> Nothing:
        return self

    def __setitem__(self, *_: Any) -> None:
        pass

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __contains__(self, _: Any) -> bool:
        return False

    def __bool__(self) -> bool:
        return False

    def __enter__(self) -> Nothing:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __mro_entries__(self, _: Any) -> tuple[type, ...]:
        return ()


class Shell(Nothing):
    """What ``get_ipython()`` gives: of all magics ``%time`` and ``%run`` do something."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.user_ns = namespace

    def run_line_magic(self, name: str, line: str, *_: Any) -> Any:
        line = line.strip()
        if name == "run" and line.endswith(".py"):
            with open(line.split()[-1], encoding="utf-8") as file:
                exec(compile(file.read(), line, "exec"), self.user_ns)
        elif name == "time" and line:
            caller = sys._getframe(1)  # it may stand in a function, and speak of what is there
            try:
                return eval(line, caller.f_globals, caller.f_locals)
            except SyntaxError:
                exec(line, caller.f_globals, caller.f_locals)

    def getoutput(self, *_: Any, **__: Any) -> list[str]:
        return []


class StandIn(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds modules of what is not installed here and only shows: they hold Nothing."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell

    def find_spec(self, name: str, *_: Any) -> importlib.machinery.ModuleSpec | None:
        if name.partition(".")[0] in STAND_INS:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        def missing(name: str) -> Nothing:
            if name.startswith("__"):
                raise AttributeError(name)
            return Nothing()

        # Matplotlib compares the version
        version = {"version_info": (9, 0, 0, ""), "__version__": "9.0.0"}
        vars(module).update(version, __getattr__=missing, get_ipython=lambda: self.shell)


def notebook() -> dict[str, Any]:
    """A namespace such as a notebook's cells find it."""
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    namespace = vars(main)
    shell = Shell(namespace)
    sys.meta_path.append(StandIn(shell))
    namespace.update(display=Nothing(), get_ipython=lambda: shell, In=[], Out={}, _="")
    vars(builtins).update(input=_input, exit=_exit, quit=_exit, help=lambda *_: None)
    return namespace


def hide(modules: Sequence[str], namespace: dict[str, Any]) -> None:
    """Let no import in the cells find these, though they may be here for the checks."""
    original = builtins.__import__

    def import_(name: str, globals: Any = None, *rest: Any, **named: Any) -> Any:
        from_a_cell = globals is namespace or sys._getframe(1).f_globals is namespace
        if from_a_cell and name.partition(".")[0] in modules:
            raise ModuleNotFoundError(f"No module named {name!r}")
        return original(name, globals, *rest, **named)

    builtins.__import__ = import_


def _input(prompt: object = "") -> str:
    raise EOFError("input() asks a question, and nobody is there to answer when this is graded")


def _exit(*_: object) -> None:
    raise SystemExit("exit() has nothing to end when this is graded")


class TimeUp(BaseException):
    """A statement that took the time which a student's own cells have together."""

    statement = -1


class Runner:
    """Runs the cells of one notebook, one after the other.

    Attributes
    ----------
    left : float
        Seconds of processor time that the student's own cells may still take.
    drawn : list of str
        The figures of the cells that were to be drawn: PNG in base64.
    """

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.namespace = namespace
        self.left: float | None = None
        self.drawn: list[str] = []
        self._compile = codeop.Compile()
        self._compile.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        self._loop: Any = None

    def run(self, cell: dict[str, Any]) -> list[BaseException]:
        """Run a cell; returns what its statements raised, the first ones of it.

        ``own_seconds`` is in a student's own cell, and says what all of them may take together;
        ``at_most`` is in an answer's, and says what one statement of it may take. ``without`` holds
        the numbers of statements that are not run. ``ours`` is in a cell of ours that was changed:
        what is in it, is not run. Where ``draws`` is true, its figures are kept.
        """
        name, source = cell["name"], cell["source"]
        linecache.cache[name] = (len(source), None, source.splitlines(True), name)
        raised: list[BaseException] = []
        left_out = set(cell.get("without", ()))
        ours = {ast.dump(one) for one in _parsed(cell.get("ours", "")) or ()}
        for number, statement in enumerate(statements(source)):
            try:
                if isinstance(statement, SyntaxError):
                    raise statement
                if number not in left_out and not (ours and ast.dump(statement) in ours):
                    with self._within(cell.get("own_seconds"), cell.get("at_most")):
                        self._execute(statement, name)
            except BaseException as error:
                if isinstance(error, TimeUp):
                    error.statement = number
                raised.append(error)
        self._close_figures(keep=bool(cell.get("draws")))
        return raised[:MOST_ERRORS]

    def _close_figures(self, keep: bool) -> None:
        """Close the figures of Matplotlib, as a notebook does after each cell."""
        pyplot = sys.modules.get("matplotlib.pyplot")
        if pyplot is None:
            return
        try:
            for number in pyplot.get_fignums()[:MOST_FIGURES] if keep else ():
                file = io.BytesIO()
                pyplot.figure(number).savefig(file, format="png", dpi=100, bbox_inches="tight")
                picture = base64.b64encode(file.getvalue()).decode()
                if sum(map(len, self.drawn)) + len(picture) <= MOST_DRAWN:
                    self.drawn = [*self.drawn, picture][:MOST_FIGURES]
        except BaseException:  # a figure that cannot be drawn is none
            pass
        with suppress(BaseException):
            pyplot.close("all")

    def _execute(self, statement: ast.stmt, name: str) -> None:
        tree: Any = ast.Module([statement], [])
        if shown := isinstance(statement, ast.Expr):
            tree = ast.Expression(statement.value)
        code: Any = self._compile(tree, name, "eval" if shown else "exec")
        value = eval(code, self.namespace)
        if code.co_flags & inspect.CO_COROUTINE:  # of an await at the top
            import asyncio

            self._loop = self._loop or asyncio.new_event_loop()
            value = self._loop.run_until_complete(value)
        if shown and value is not None:
            self.namespace["_"] = value

    @contextmanager
    def _within(self, own: float | None, at_most: float | None) -> Iterator[None]:
        """End in time a statement whose time is counted, so that those after it still run."""
        if self.left is None:
            self.left = own
        left = at_most if own is None else self.left
        if left is None:
            yield
            return
        timers = ((signal.SIGVTALRM, signal.ITIMER_VIRTUAL, 1), (signal.SIGALRM, 0, REAL_TIME))
        before = {}
        for number, timer, times in timers:
            before[number] = signal.signal(number, _time_is_up)
            # a little is always left: for an import, or a definition
            signal.setitimer(timer, times * max(left, 0.05))
        try:
            yield
        finally:
            unused = signal.setitimer(signal.ITIMER_VIRTUAL, 0)[0]
            signal.setitimer(signal.ITIMER_REAL, 0)
            for number, handler in before.items():
                signal.signal(number, handler)
            if own is not None:
                self.left = unused


def _time_is_up(*_: object) -> None:
    raise TimeUp("it took too long, and was left")


def statements(source: str) -> Iterator[ast.stmt | SyntaxError]:
    """The statements of a cell, its magics transformed; in the place of one that is none the error.

    Line numbers are those of ``source``.
    """
    parsed = None if PROMPT.search(source) else _parsed(source)
    if parsed is not None:
        yield from parsed
    else:
        yield from _one_by_one(_transformed(source))


def _parsed(source: str) -> list[ast.stmt] | None:
    try:
        return ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _transformed(source: str) -> str:
    """The cell with IPython's syntax turned into Python, line by line."""
    begin = ""
    while magic := CELL_MAGIC.match(source):
        line, source = magic[0], source[magic.end() :]
        begin += "\n" * line.count("\n")
        if magic[1] in ("writefile", "file") and magic[2].split():
            return f"{begin}open({magic[2].split()[-1]!r}, 'w').write({source[1:]!r})"
        if magic[1] in NOT_PYTHON:
            return ""
        if not source:
            return ""
    if not IPYTHONS.search(source):
        return begin + source
    empty = re.match(r"(?:[ \t]*\n)*", source)
    begin += "\n" * empty[0].count("\n") if empty else ""  # which the transformer takes away
    try:
        return begin + str(_transformer().transform_cell(source))
    except Exception:  # it is not there, or cannot read this
        return begin + source


def _transformer() -> Any:
    try:
        from inputtransformer2 import TransformerManager
    except ImportError:  # without a sandbox
        from IPython.core.inputtransformer2 import TransformerManager
    return TransformerManager()


def _one_by_one(source: str) -> Iterator[ast.stmt | SyntaxError]:
    """The statements of what as a whole is no Python; a block of lines that is none is left out."""
    lines = source.splitlines(keepends=True)
    starts = [n for n, line in enumerate(lines) if n == 0 or BEGINS.match(line)]

    def block(first: int, last: int) -> str:
        """Blocks of lines, at the place in which they stand in the cell."""
        end = starts[last] if last < len(starts) else len(lines)
        return "\n" * starts[first] + "".join(lines[starts[first] : end])

    first = 0
    while first < len(starts):
        error = _syntax_error(block(first, len(starts)))
        if error is None:
            yield from _parsed(block(first, len(starts))) or []
            return
        line = (error.lineno or 1) - 1
        bad = max([n for n, start in enumerate(starts) if start <= line], default=first)
        bad = max(bad, first)
        before = _parsed(block(first, bad))
        if before is None:  # a block that lacks its end is noticed in the one after it
            bad = max(bad - 1, first)
            before = _parsed(block(first, bad))
        yield from before or []
        yield error
        first = bad + 1


def _syntax_error(source: str) -> SyntaxError | None:
    try:
        ast.parse(source)
    except SyntaxError as error:
        return error
    except (ValueError, RecursionError, MemoryError) as error:
        return SyntaxError(str(error) or type(error).__name__)
    return None


def warm(modules: list[str]) -> None:
    """Load what students' cells may import, before there is a student's process."""
    for name in modules:
        try:
            __import__(name)
        except Exception:  # it is told where a cell imports it
            continue
    if "tqdm.std" in sys.modules:  # the bar of a notebook needs a notebook
        sys.modules["tqdm.notebook"] = sys.modules["tqdm.std"]
    load_transformer()


def load_transformer() -> None:
    """Load IPython's transformer, where its two files lie beside this one, without IPython."""
    try:
        import tokenutil
    except ImportError:
        return
    kept = dict(sys.modules)
    for name in ("IPython", "IPython.utils"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules["IPython.utils"].tokenutil = tokenutil  # type: ignore[attr-defined]
    try:
        import inputtransformer2  # noqa: F401
    finally:
        for name in ("IPython", "IPython.utils"):
            del sys.modules[name]
        sys.modules |= {name: kept[name] for name in ("IPython", "IPython.utils") if name in kept}
