"""What works under Restart & Run All works when it is graded, whatever people do to a notebook.

Each hand-in is the solved notebook of an assignment, changed as people change notebooks; each must
earn all that its answers are worth. Those of the issue come first in each list, then others of
their kind; they go round the assignments.
"""

from __future__ import annotations

import copy
import re
from textwrap import indent

import pytest
from hand_ins import NAMES, HandIn, graded, lost

from unrolled.judging.judge import names_asked
from unrolled.judging.rubric import ByHand
from unrolled.judging.submission import Unreadable, parse
from unrolled.sandbox.containers import Limits

pytestmark = pytest.mark.usefixtures("bubblewrap")


def rounds(cases):
    """Each case with an assignment, the next one each time."""
    return pytest.mark.parametrize(
        ("case", "name"),
        [
            pytest.param(case, NAMES[n % len(NAMES)], id=f"{NAMES[n % len(NAMES)]}: {case}"[:70])
            for n, case in enumerate(cases)
        ],
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_solved_notebook_earns_all_that_a_machine_can_give(name):
    result = graded(HandIn(name))
    assert lost(result) == {}
    assert result.notes == []
    assert all(v.status in ("correct", "not graded") for v in result.verdicts)


# --- a student's own cells --------------------------------------------------------------------

OWN = {
    "def helper(): return 7": "helper() == 7",
    "from itertools import islice\nimport math": "list(islice([1, 2], 1)) and math.pi",
    "LIMIT = 7": "LIMIT == 7",
    "class Helper:\n    size = 7": "Helper().size == 7",
    "helper = lambda: 7": "helper() == 7",
    "from functools import *": "reduce(max, [1, 7]) == 7",
    "a, b = 3, 4": "a + b == 7",
    "def broken(): return missing\nvalue = 7\nbroken()\nafter = 1": "value == 7 and after == 1",
    "%matplotlib inline\nvalue = 7": "value == 7",
    "import random\nrandom.seed(7)\ndrawn = [random.random()]": "len(drawn) == 1",
    "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: 'int' = 7": "A().x == 7",
    "from __future__ import annotations\ndef helper(x: NotThere): return 7": "helper(1) == 7",
}


@rounds(OWN)
def test_what_a_cell_of_ones_own_defines_is_there(case, name):
    hand_in = HandIn(name)
    hand_in.needs(OWN[case])
    hand_in.above(case)
    assert lost(graded(hand_in)) == {}


PLACES = {
    "at the very top": lambda hand_in, text: hand_in.own(text, 0),
    "between the answer and its check": lambda hand_in, text: hand_in.below(text),
    "below the last cell": lambda hand_in, text: hand_in.own(text, len(hand_in.cells)),
    "at the end of the setup cell": lambda hand_in, text: add(hand_in, "setup", text),
    "at the end of the first cell of code": lambda hand_in, text: add(
        hand_in, "installation", text
    ),
    "in the check above": lambda hand_in, text: add(hand_in, checks_before(hand_in)[-1], text),
    "in an answer above": lambda hand_in, text: add(hand_in, answer_above(hand_in), text),
    "in its own check": lambda hand_in, text: add(hand_in, f"{hand_in.code}-check", text),
}


def add(hand_in, id_, text):
    hand_in.text(id_, f"{hand_in.text(id_)}\n{text}")


def ids(hand_in):
    return [cell["metadata"].get("nbgrader", {}).get("grade_id", "") for cell in hand_in.cells]


def checks_before(hand_in):
    above = ids(hand_in)[: hand_in.place(hand_in.code)]
    return [id_ for id_ in above if id_.endswith("-check")] or ["setup"]


def answer_above(hand_in):
    return checks_before(hand_in)[-1].removesuffix("-check")


@rounds(PLACES)
def test_a_helper_may_stand_anywhere(case, name):
    hand_in = HandIn(name)
    hand_in.needs("helper() == 7")
    PLACES[case](hand_in, "def helper():\n    return 7")
    assert lost(graded(hand_in)) == {}


def test_a_cell_of_ones_own_changes_nothing_of_ours():
    hand_in = HandIn("elman")
    hand_in.text("setup", "np = None\nimport numpy as np")
    hand_in.text("elman-step-check", "print('all right')")
    hand_in.text("elman-step", "def elman_step(*anything):\n    return 0")
    hand_in.own("def check_call(*anything, **named): pass", 0)
    result = graded(hand_in)
    assert "elman-step" in lost(result)
    assert result.notes == [
        "These cells, which are no answers, were changed or taken out; ours ran instead: "
        "“setup”, “elman-step-check”."
    ]


def test_the_error_of_a_cell_of_ones_own_is_told_where_it_matters():
    hand_in = HandIn("elman")
    hand_in.needs("value == 7")
    hand_in.above("value = seven")
    result = graded(hand_in)
    [told] = [v.reasons for v in result.verdicts if v.question.cell == "elman-step"]
    assert told[-1] == (
        "Your own cell “value = seven” stops with NameError in line 1: name 'seven' is not defined."
    )
    assert "value = seven" not in str([v.reasons for v in result.verdicts if v.status == "correct"])


QUICK = Limits(seconds=5, cpu_seconds=20)

SLOW = {
    "an endless loop": "helper = 7\nwhile True:\n    pass\nafter = 1",
    "a long sleep": "helper = 7\nimport time\ntime.sleep(600)\nafter = 1",
    "a bar that takes its time": "helper = 7\nfrom tqdm.auto import tqdm\nimport time\n"
    "for _ in tqdm(range(600)):\n    time.sleep(1)\nafter = 1",
    "a loop that catches errors": "helper = 7\nwhile True:\n    try:\n        1 / 0\n"
    "    except Exception:\n        pass\nafter = 1",
    "a regular expression": "helper = 7\nimport re\nre.match('(a+)+$', 'a' * 60 + 'b')\nafter = 1",
    "a training of one's own": "helper = 7\nw = np.ones((50, 50))\n"
    "for _ in range(10**9):\n    w = np.tanh(w @ w)\nafter = 1",
}


@rounds(SLOW)
def test_a_slow_cell_of_ones_own_costs_no_point_and_is_told_of(case, name):
    hand_in = HandIn(name)
    hand_in.needs("helper == 7 and after == 1")
    hand_in.above(SLOW[case])
    result = graded(hand_in, only=hand_in.code, limits=QUICK)
    assert lost(result) == {}
    assert "Of your own cell “helper = 7” a part was left out" in result.notes[-1]


DEADLY = (
    "import os\nos._exit(1)",
    "import os, threading, time\nthreading.Timer(0, os._exit, [3]).start()\ntime.sleep(1)",
    "import ctypes\nctypes.string_at(0)",
    "import os\nos.abort()",
    "import sys\nsys.setrecursionlimit(10**9)\ndef f(n): return f(n + 1)\nf(0)",
)


@rounds(DEADLY)
def test_a_cell_of_ones_own_that_ends_the_process_is_left_out(case, name):
    hand_in = HandIn(name)
    hand_in.above(case)
    result = graded(hand_in, only=hand_in.code, limits=QUICK)
    assert lost(result) == {}
    assert "was left out: it gave" in result.notes[-1]


def test_many_deadly_cells_are_not_tried_one_by_one():
    hand_in = HandIn("elman")
    for n in range(50):
        hand_in.above(f"import os\nos._exit({n})")
    result = graded(hand_in, only="elman-step")
    assert lost(result) == {}
    assert len(result.notes) == 50


def test_many_plots_of_ones_own_are_drawn_to_nowhere():
    hand_in = HandIn("gradient-flow")
    for n in range(5):
        hand_in.above(
            "import matplotlib.pyplot as plt\nfigure, axes = plt.subplots()\n"
            f"axes.plot(range({n + 2}))\nplt.title('$h(t)$')\nplt.show()\nfigure.savefig('{n}.png')"
        )
    assert lost(graded(hand_in, only=hand_in.code)) == {}


# --- what is defined is judged ----------------------------------------------------------------

AFTER = (
    "print({f}(undefined))",
    "display({f})",
    "n = input('How many? ')",
    "exit()",
    "assert {f} is None, 'my own test'",
    "quit()",
    "import sys\nsys.exit('done')",
    "raise NotImplementedError",
    "1 / 0",
    "{f}()",
    "result = ",
    "print({f}(",
    "if True:",
    "def unfinished(x):",
    "for i in range(3)\n    print(i)",
    "return {f}",
    "    stray = 1",
    "these are my notes on {f}",
    "assert False",
    "help({f})",
    "breakpoint",
    "x = [1, 2\ny = 3",
    "''' a text that does not end",
    "open('not there.csv')",
    "raise KeyboardInterrupt",
    "raise SystemExit",
    "import pandas as pd\ndf = pd.DataFrame({{'a': [1]}})",
)


@rounds(AFTER)
def test_a_line_that_stops_after_the_function_costs_no_point(case, name):
    hand_in = HandIn(name)
    add(hand_in, hand_in.code, case.format(f=hand_in.function))
    assert lost(graded(hand_in, only=hand_in.code)) == {}


@rounds([case for case in AFTER if "text that" not in case and "    stray" not in case])
def test_a_line_that_stops_before_the_function_costs_no_point(case, name):
    hand_in = HandIn(name)
    first = case.format(f="print")
    hand_in.text(hand_in.code, f"{first}\n{hand_in.text(hand_in.code)}")
    if first.endswith(":"):  # whatever comes next is read as its body, here and in a notebook
        pytest.skip("the function is no statement of its own")
    assert lost(graded(hand_in, only=hand_in.code)) == {}


def test_the_error_is_told_beside_the_points():
    hand_in = HandIn("elman")
    add(hand_in, "elman-step", "assert False, 'my own test'")
    [verdict] = graded(hand_in, only="elman-step").verdicts
    line = hand_in.text("elman-step").count("\n") + 1
    assert verdict.status == "correct"
    assert verdict.reasons[-1] == (
        f"Your cell stops with AssertionError in line {line}: my own test. What it defines was "
        "judged all the same."
    )


def test_where_nothing_is_defined_the_error_is_the_reason():
    hand_in = HandIn("elman")
    hand_in.text("elman-step", "import pandas\nelman_step = pandas.step")
    [verdict] = graded(hand_in, only="elman-step").verdicts
    assert (verdict.status, verdict.points) == ("error", 0)
    assert verdict.reasons[0] == (
        "Your cell stops with ModuleNotFoundError in line 1: No module named 'pandas'"
    )


def test_a_function_of_another_name_is_told():
    hand_in = HandIn("elman")
    hand_in.text("elman-step", hand_in.text("elman-step").replace("elman_step", "step"))
    [verdict] = graded(hand_in, only="elman-step").verdicts
    assert verdict.reasons == ["Your cell does not define elman_step."]


@pytest.mark.parametrize("name", ["elman", "jordan", "neuron", "lstm", "bptt"])
def test_typed_numbers_before_a_line_that_stops_count(name):
    hand_in = HandIn(name)
    for id_ in (*hand_in.by_hand, *hand_in.typed):
        add(hand_in, id_, "print(undefined)")
        hand_in.text(id_, f"import pandas\n{hand_in.text(id_)}")
    assert lost(graded(hand_in)) == {}


# --- a notebook's habits ----------------------------------------------------------------------

HABITS = (
    "import matplotlib.pyplot as plt",
    "%%time",
    "!pip install tqdm",
    "{f}?",
    "import asyncio\nawait asyncio.sleep(0)",
    "import tqdm",
    "%%timeit -n 1",
    "%%capture output",
    "%%prun",
    "\n\n%%time\n",
    "%%capture\n%%time",
    "%matplotlib inline",
    "%load_ext autoreload\n%autoreload 2",
    "%config InlineBackend.figure_format = 'retina'",
    "files = !ls -l",
    "?print",
    "print??",
    "get_ipython().run_line_magic('matplotlib', 'inline')",
    "from IPython import get_ipython\nget_ipython().magic('reload_ext x')",
    "from IPython.display import display, HTML, Markdown\ndisplay(HTML('<b>now</b>'))",
    "from IPython.core.interactiveshell import InteractiveShell\n"
    "InteractiveShell.ast_node_interactivity = 'all'",
    "import ipywidgets as widgets\n@widgets.interact(x=(0, 3))\ndef show(x): pass",
    "from tqdm.notebook import tqdm, trange\nfor _ in tqdm(range(3)): pass",
    "from tqdm import trange\nfor _ in trange(3): pass",
    "%time numbers = list(range(3))\nnumbers.append(3)",
    "for i in range(2):\n    %timeit i + 1",
    "if True:\n    !ls",
    ">>> x = 1",
    "In [3]: x = 1",
    "x = _ ; In ; Out",
    "import __main__\n__main__.__dict__",
    "with open('notes.txt', 'w') as file:\n    file.write('mine')\nopen('notes.txt').read()",
    "import matplotlib\nmatplotlib.use('TkAgg')\nfrom matplotlib import pyplot as plt\n"
    "plt.plot([1, 2])\nplt.show()",
    "import numpy as np; np.set_printoptions(precision=3)",
    "async def later():\n    return 1\nx = await later()",
    "import warnings\nwarnings.filterwarnings('error')",
    "from IPython.display import display\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])",
    "import IPython\nimport matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2])",
    "from IPython.core.display import HTML\nfrom matplotlib import pyplot\npyplot.figure()",
)


@rounds(HABITS)
def test_what_notebooks_have_costs_no_point(case, name):
    hand_in = HandIn(name)
    begin = case.format(f=hand_in.function) if "{f}" in case else case
    hand_in.text(hand_in.code, f"{begin}\n{hand_in.text(hand_in.code)}")
    result = graded(hand_in, only=hand_in.code)
    assert lost(result) == {}


@rounds([habit for habit in HABITS if "\n" not in habit.strip() and not habit.startswith("%%")])
def test_and_in_a_cell_of_ones_own_neither(case, name):
    hand_in = HandIn(name)
    hand_in.above(f"{case.format(f='print')}\nhelper = 7")
    hand_in.needs("helper == 7")
    assert lost(graded(hand_in, only=hand_in.code)) == {}


SEEN_BY_IPYTHON_ALONE = (
    "    helper = 7",
    "\n\n  helper = 3\n  helper += 4",
    "In [1]: helper = 7",
    "In [1]: numbers = [3]\n\nIn [2]: helper = numbers[0] + 4",
    "    %matplotlib inline\n    helper = 7",
    "3 + 4\nhelper = _",
    "helper = 0\n%time helper = 7",
    "helper = %time 3 + 4",
    "def seven():\n    found = []\n    %time found.append(7)\n    return found[0]\n"
    "helper = seven()",
)


@rounds(SEEN_BY_IPYTHON_ALONE)
def test_what_ipython_alone_can_read_is_read_as_it_does(case, name):
    hand_in = HandIn(name)
    hand_in.above(case)
    hand_in.needs("helper == 7")
    assert lost(graded(hand_in, only=hand_in.code)) == {}


def test_an_answer_may_be_indented_as_a_whole():
    hand_in = HandIn("lstm")
    hand_in.text(hand_in.code, indent(hand_in.text(hand_in.code), "    "))
    assert lost(graded(hand_in, only=hand_in.code)) == {}


def test_a_file_that_was_written_can_be_run():
    hand_in = HandIn("lstm")
    hand_in.above("%%writefile mine.py\nhelper = 7")
    hand_in.above("%run mine.py")
    hand_in.needs("helper == 7")
    assert lost(graded(hand_in, only=hand_in.code)) == {}


ENDLESS = (
    "while True: pass",
    "for _ in range(10**9):\n    np.tanh(0.5)",
    "import time\ntime.sleep(600)",
)


@rounds(ENDLESS)
def test_a_test_of_ones_own_below_the_function_that_never_ends(case, name):
    hand_in = HandIn(name)
    add(hand_in, hand_in.code, case)
    result = graded(hand_in, only=hand_in.code, limits=QUICK)
    assert lost(result) == {}
    [verdict] = result.verdicts
    assert "it took too long, and was left" in " ".join(verdict.reasons)


def test_a_magic_that_is_no_python_runs_nowhere():
    hand_in = HandIn("elman")
    hand_in.text("elman-step", f"%%bash\n{hand_in.text('elman-step')}")
    [verdict] = graded(hand_in, only="elman-step").verdicts
    assert verdict.reasons == ["Your cell does not define elman_step."]


def test_a_module_of_ones_own_can_be_written_and_imported():
    hand_in = HandIn("lstm")
    hand_in.above("%%writefile mine.py\ndef helper():\n    return 7\n")
    hand_in.needs("mine.helper() == 7")
    hand_in.text(hand_in.code, f"import mine\n{hand_in.text(hand_in.code)}")
    assert lost(graded(hand_in, only=hand_in.code)) == {}


def test_what_an_assignment_gives_out_is_there_and_stays_as_it_is():
    hand_in = HandIn("training")
    hand_in.needs("open('data.csv').read() == '1,2' and course.seven() == 7")
    hand_in.above(
        "import course\nimport numpy as np\nnp.loadtxt('data.csv', delimiter=',')\n"
        "open('more/notes.txt').read()\ntry:\n    open('data.csv', 'w')\nexcept OSError:\n    pass"
    )
    hand_in.text(hand_in.code, f"import course\n{hand_in.text(hand_in.code)}")
    data = (
        ("course.py", b"def seven():\n    return 7\n"),
        ("data.csv", b"1,2"),
        ("more/notes.txt", b"notes"),
    )
    assert lost(graded(hand_in, data=data)) == {}


# --- split, merged, copied, moved -------------------------------------------------------------


def split(hand_in, *parts):
    """The cell of the first function in parts, all of which carry its id, as JupyterLab splits."""
    place = hand_in.place(hand_in.code)
    cells = [copy.deepcopy(hand_in.cells[place]) | {"source": part} for part in parts]
    hand_in.cells[place : place + 1] = cells


def split_after_an_import(hand_in):
    hand_in.needs("math.pi")
    split(hand_in, "import math", hand_in.text(hand_in.code))


def old_attempt_first(hand_in):
    text = hand_in.text(hand_in.code)
    split(hand_in, re.sub(r"\breturn\b.*", "return None", text), text)


def merged_with_the_next(hand_in):
    answers = [id_ for id_ in ids(hand_in) if f"{id_}-check" in ids(hand_in)]
    following = answers[answers.index(hand_in.code) + 1 :] or [answers[0]]
    other = following[0]
    text = hand_in.text(other, hand_in.released_text(other)) and HandIn(hand_in.name).text(other)
    add(hand_in, hand_in.code, text)


def merged_and_the_other_cell_gone(hand_in):
    merged_with_the_next(hand_in)
    answers = [id_ for id_ in ids(hand_in) if f"{id_}-check" in ids(hand_in)]
    for id_ in answers:
        if hand_in.text(id_) == hand_in.released_text(id_):
            del hand_in.cells[hand_in.place(id_)]


def split_inside_the_function(hand_in):
    lines = hand_in.text(hand_in.code).splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("def ")) + 1
    while '"""' in "\n".join(lines[:at]) and "\n".join(lines[:at]).count('"""') % 2:
        at += 1
    head = [*lines[:at], "    pass"]
    split(hand_in, "\n".join(head), "\n".join(lines[at:]))


def split_in_three(hand_in):
    hand_in.needs("a + b == 7")
    split(hand_in, "a = 3", "b = 4", hand_in.text(hand_in.code))


def split_with_a_cell_between(hand_in):
    hand_in.needs("a + b == 7")
    split(hand_in, "a = 3", hand_in.text(hand_in.code))
    hand_in.own("b = a + 1", hand_in.place(hand_in.code) + 1)


def debug_line_split_off(hand_in):
    split(hand_in, hand_in.text(hand_in.code), f"print({hand_in.function})\nundefined")


def untouched_copy_after(hand_in):
    split(hand_in, hand_in.text(hand_in.code), hand_in.released_text(hand_in.code))


def untouched_copy_before(hand_in):
    split(hand_in, hand_in.released_text(hand_in.code), hand_in.text(hand_in.code))


def answer_in_a_cell_of_its_own_below(hand_in):
    text = hand_in.text(hand_in.code)
    hand_in.text(hand_in.code, hand_in.released_text(hand_in.code))
    hand_in.below(text)


def answer_in_a_cell_of_its_own_above(hand_in):
    text = hand_in.text(hand_in.code)
    hand_in.text(hand_in.code, hand_in.released_text(hand_in.code))
    hand_in.above(text)


def answer_at_the_end(hand_in):
    text = hand_in.text(hand_in.code)
    hand_in.text(hand_in.code, hand_in.released_text(hand_in.code))
    hand_in.own(text, len(hand_in.cells))


def answer_cell_gone_and_written_anew(hand_in):
    text, place = hand_in.text(hand_in.code), hand_in.place(hand_in.code)
    del hand_in.cells[place]
    hand_in.own(text, place)


def answer_cell_emptied_and_written_below(hand_in):
    text = hand_in.text(hand_in.code, None)
    hand_in.text(hand_in.code, "# see below")
    hand_in.below(text)


def answer_moved_to_the_end(hand_in):
    hand_in.cells.append(hand_in.cells.pop(hand_in.place(hand_in.code)))


def answer_moved_to_the_top(hand_in):
    hand_in.cells.insert(0, hand_in.cells.pop(hand_in.place(hand_in.code)))


def setup_gone(hand_in):
    del hand_in.cells[hand_in.place("setup")]


def all_marks_lost(hand_in):
    for cell in hand_in.cells:
        cell["metadata"] = {}


def marks_of_answers_lost(hand_in):
    for cell in hand_in.cells:
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["metadata"] = {"tags": []}


def only_the_answers_left(hand_in):
    hand_in.notebook["cells"] = [
        {**cell, "metadata": {}}
        for cell in hand_in.cells
        if cell["metadata"].get("nbgrader", {}).get("solution")
    ]


def everything_in_one_cell(hand_in):
    code = [
        cell["source"]
        for cell in hand_in.cells
        if cell["cell_type"] == "code" and cell["metadata"].get("nbgrader", {}).get("solution")
    ]
    hand_in.notebook["cells"] = []
    hand_in.own("import numpy as np\n" + "\n\n".join(code), 0)


def other_ends_of_lines(hand_in):
    for cell in hand_in.cells:
        cell["source"] = "".join(cell["source"]).replace("\n", "\r\n")


def old_ends_of_lines(hand_in):
    for cell in hand_in.cells:
        cell["source"] = "".join(cell["source"]).replace("\n", "\r")


def spaces_at_the_ends_of_lines(hand_in):
    for cell in hand_in.cells:
        cell["source"] = "".join(cell["source"]).replace("\n", "  \n") + "\n\n"


def format_3(hand_in):
    cells = []
    for cell in hand_in.cells:
        key = "input" if cell["cell_type"] == "code" else "source"
        cells.append({**cell, key: cell["source"]})
        if key == "input":
            del cells[-1]["source"]
    hand_in.notebook = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {},
        "worksheets": [{"cells": cells[:5]}, {"cells": cells[5:]}],
    }


def two_copies_of_everything(hand_in):
    hand_in.notebook["cells"] = hand_in.cells + copy.deepcopy(hand_in.cells)


CHANGED = (
    split_after_an_import,
    old_attempt_first,
    merged_with_the_next,
    all_marks_lost,
    other_ends_of_lines,
    format_3,
    merged_and_the_other_cell_gone,
    split_in_three,
    split_with_a_cell_between,
    debug_line_split_off,
    untouched_copy_after,
    untouched_copy_before,
    answer_in_a_cell_of_its_own_below,
    answer_in_a_cell_of_its_own_above,
    answer_at_the_end,
    answer_cell_gone_and_written_anew,
    answer_cell_emptied_and_written_below,
    answer_moved_to_the_end,
    answer_moved_to_the_top,
    setup_gone,
    marks_of_answers_lost,
    only_the_answers_left,
    everything_in_one_cell,
    old_ends_of_lines,
    spaces_at_the_ends_of_lines,
    two_copies_of_everything,
)


@pytest.mark.parametrize("name", ["elman", "lstm", "jordan"])
@pytest.mark.parametrize("change", CHANGED, ids=lambda change: change.__name__)
def test_what_happens_to_cells_costs_no_point(change, name):
    hand_in = HandIn(name)
    change(hand_in)
    assert lost(graded(hand_in)) == {}


def test_a_notebook_of_another_assignment_is_left_to_a_human():
    with pytest.raises(Unreadable, match="Nothing of this assignment is in the notebook"):
        graded(HandIn("lstm"), "elman")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
def test_an_untouched_notebook_is_not_attempted(name, ends):
    hand_in = HandIn(name)
    hand_in.notebook = hand_in.untouched
    for cell in hand_in.cells:
        cell["source"] = "".join(cell["source"]).replace("\n", ends)
    result = graded(hand_in)
    assert {v.status for v in result.verdicts} == {"not attempted"}
    assert result.notes == []


# --- written answers --------------------------------------------------------------------------

WRITTEN = [name for name in NAMES if HandIn(name).written]
TEXT = "The columns share the same weights, so there are as many for any length."


def in_a_cell_below(hand_in, id_):
    hand_in.text(id_, hand_in.released_text(id_))
    hand_in.own(TEXT, hand_in.place(id_) + 1, "markdown")


def half_in_the_cell_below(hand_in, id_):
    hand_in.text(id_, "First half.")
    hand_in.own(TEXT, hand_in.place(id_) + 1, "markdown")


def in_a_cell_above(hand_in, id_):
    hand_in.text(id_, hand_in.released_text(id_))
    hand_in.own(TEXT, hand_in.place(id_), "markdown")


def in_three_cells_below(hand_in, id_):
    for part in (TEXT, "Two.", "One."):
        hand_in.own(part, hand_in.place(id_) + 1, "markdown")


def in_a_cell_of_code(hand_in, id_):
    hand_in.text(id_, hand_in.released_text(id_))
    hand_in.own(TEXT, hand_in.place(id_) + 1)


def in_a_comment(hand_in, id_):
    hand_in.text(id_, hand_in.released_text(id_))
    hand_in.own(f"# {TEXT}", hand_in.place(id_) + 1)


def as_a_text_in_code(hand_in, id_):
    hand_in.text(id_, hand_in.released_text(id_))
    hand_in.own(f'"{TEXT}"', hand_in.place(id_) + 1)


def printed(hand_in, id_):
    hand_in.text(id_, hand_in.released_text(id_))
    hand_in.own(f'print("""{TEXT}""")', hand_in.place(id_) + 1)


def given_a_name_in_the_place_of_its_cell(hand_in, id_):
    place = hand_in.place(id_)
    del hand_in.cells[place]
    hand_in.own(f'answer = """{TEXT}"""', place)


def in_a_raw_cell(hand_in, id_):
    hand_in.text(id_, hand_in.released_text(id_))
    hand_in.own(TEXT, hand_in.place(id_) + 1, "raw")


def its_cell_gone(hand_in, id_):
    place = hand_in.place(id_)
    del hand_in.cells[place]
    hand_in.own(TEXT, place, "markdown")


def its_cell_a_cell_of_code(hand_in, id_):
    hand_in.text(id_, TEXT)
    hand_in.cell(id_)["cell_type"] = "code"


def its_cell_emptied(hand_in, id_):
    hand_in.text(id_, "")
    hand_in.own(TEXT, hand_in.place(id_) + 1, "markdown")


def in_the_task(hand_in, id_):
    hand_in.text(id_, hand_in.released_text(id_))
    before = ids(hand_in)[hand_in.place(id_) - 1]
    hand_in.text(before, f"{hand_in.text(before)}\n\n{TEXT}")


def at_the_top(hand_in, id_):
    hand_in.text(id_, hand_in.released_text(id_))
    hand_in.own(TEXT, 0, "markdown")


def split_in_two(hand_in, id_):
    place = hand_in.place(id_)
    second = copy.deepcopy(hand_in.cells[place]) | {"source": TEXT}
    hand_in.cells.insert(place + 1, second)


def marks_lost(hand_in, id_):
    hand_in.text(id_, TEXT)
    all_marks_lost(hand_in)


@pytest.mark.parametrize("name", WRITTEN[:3])
@pytest.mark.parametrize(
    "change",
    [
        in_a_cell_below,
        half_in_the_cell_below,
        in_a_cell_above,
        in_three_cells_below,
        in_a_cell_of_code,
        in_a_comment,
        as_a_text_in_code,
        printed,
        given_a_name_in_the_place_of_its_cell,
        in_a_raw_cell,
        its_cell_gone,
        its_cell_a_cell_of_code,
        its_cell_emptied,
        in_the_task,
        at_the_top,
        split_in_two,
        marks_lost,
    ],
    ids=lambda change: change.__name__,
)
def test_a_written_answer_reaches_the_human_whole_wherever_it_stands(change, name):
    hand_in = HandIn(name)
    id_ = hand_in.written[0]
    before = hand_in.text(id_)
    change(hand_in, id_)
    read = reading(hand_in)
    assert id_ in read.attempted
    assert TEXT in read.answers[id_]
    if change is half_in_the_cell_below:
        assert read.answers[id_].startswith("First half.\n\n")
    if change is split_in_two:
        assert before in read.answers[id_]
    [verdict] = graded(hand_in, only=id_).verdicts
    assert (verdict.status, verdict.points) == ("not graded", None)


def reading(hand_in):
    asked = {q.cell: names_asked(q) for q in hand_in.assignment.questions}
    return parse(hand_in.bytes(), "it.ipynb", hand_in.assignment.released, asked)


@pytest.mark.parametrize("name", WRITTEN)
def test_where_nothing_is_written_no_human_has_to_look(name):
    hand_in = HandIn(name)
    for id_ in hand_in.written:
        hand_in.text(id_, hand_in.released_text(id_))
    hand_in.above("## My code", "markdown")
    hand_in.own("print(7)", len(hand_in.cells))
    read = reading(hand_in)
    assert not read.attempted & set(hand_in.written)


# --- by hand ----------------------------------------------------------------------------------

BY_HAND = [name for name in NAMES if HandIn(name).by_hand]


def cut(rows):
    """For each way to leave steps out, the source of the rows, and which of them are right."""
    T = len(rows)
    full = [True] * T
    yield f"{rows[: T // 2]}", [t < T // 2 for t in range(T)]
    yield f"{rows[:1]}", [t < 1 for t in range(T)]
    yield f"{rows[:-1]} + [...]", [*full[:-1], False]
    yield f"{rows[:-1]} + [[]]", [*full[:-1], False]
    yield f"{rows[:-1]} + [None]", [*full[:-1], False]
    yield f"[...] + {rows[1:]}", [False, *full[1:]]
    yield f"{rows[:-1]} + [['?'] * {len(rows[0])}]", [*full[:-1], False]
    yield f"[float('nan')] + {rows[1:]}", [False, *full[1:]]
    yield f"tuple(map(tuple, {rows[:2]}))", [t < 2 for t in range(T)]
    yield f"np.array({rows[:2]})", [t < 2 for t in range(T)]
    yield f"{rows} + [{rows[0]}]", full


@pytest.mark.parametrize("name", BY_HAND)
def test_each_right_step_by_hand_earns_its_part(name):
    hand_in = HandIn(name)
    for question in hand_in.assignment.questions:
        if not isinstance(question, ByHand):
            continue
        h, y = question.true.h.tolist(), question.true.y.tolist()
        for (typed_h, right), (typed_y, _) in zip(cut(h), cut(y), strict=True):
            text = f"{question.names['h']} = {typed_h}\n{question.names['y']} = {typed_y}"
            hand_in.text(question.cell, text)
            [verdict] = graded(hand_in, only=question.cell).verdicts
            assert verdict.points == pytest.approx(
                verdict.max_points * sum(right) / len(right), abs=0.01
            ), text


@pytest.mark.parametrize("name", BY_HAND)
def test_a_step_of_which_half_is_missing_does_not_count(name):
    hand_in = HandIn(name)
    [question, *_] = [q for q in hand_in.assignment.questions if isinstance(q, ByHand)]
    h, y = question.true.h.tolist(), question.true.y.tolist()
    names = question.names
    hand_in.text(question.cell, f"{names['h']} = {h}\n{names['y']} = {y[:1]}")
    [verdict] = graded(hand_in, only=question.cell).verdicts
    assert verdict.points == pytest.approx(verdict.max_points / len(y), abs=0.01)
    hand_in.text(question.cell, f"{names['h']} = {h}")
    [verdict] = graded(hand_in, only=question.cell).verdicts
    assert verdict.points == 0
