"""What students may import is in the sandbox, with all that it needs, and nothing else is."""

from __future__ import annotations

import pytest

from unrolled.sandbox import containers, packages
from unrolled.sandbox.containers import Contents, Limits
from unrolled.sandbox.packages import PackageMissing

LIMITS = Limits(seconds=60, cpu_seconds=40)


def run(source, *names, contents):
    with containers.container(LIMITS, contents=contents) as place, place.question() as session:
        errors = session.run([{"name": "cell", "source": source}])
        return errors, session.ask({"read": list(names)})["values"]


@pytest.mark.parametrize(
    ("name", "use"),
    [
        (
            "matplotlib",
            "import matplotlib.pyplot as plt\nplt.plot([1])\nplt.savefig('a.png')\nx = 7",
        ),
        ("tqdm", "from tqdm.auto import tqdm\nx = sum(tqdm([3, 4]))"),
        ("networkx", "import networkx\nx = len(networkx.path_graph(7))"),
        ("sympy", "import sympy\nx = int(sympy.Integer(7))"),
        ("yaml", "import yaml\nx = yaml.safe_load('7')"),
        ("PIL", "from PIL import Image\nx = Image.new('L', (7, 1)).width"),
    ],
)
@pytest.mark.usefixtures("bubblewrap")
def test_what_is_listed_can_be_used(name, use):
    errors, values = run(use, "x", contents=Contents((name,)))
    assert errors == [[]]
    assert values == {"x": 7}


@pytest.mark.usefixtures("bubblewrap")
def test_what_is_not_listed_is_not_there():
    source = "import os\nx = sorted(os.listdir('/packages'))\nimport networkx\n"
    errors, values = run(source, "x", contents=Contents(("tqdm",)))
    assert errors[0][0]["type"] == "ModuleNotFoundError"
    held = [entry["text"] for entry in values["x"]["list"]]
    assert set(held) <= {"numpy", "numpy.libs", "tqdm"}


@pytest.mark.usefixtures("bubblewrap")
def test_nothing_of_them_can_be_written():
    source = """
import os
import tqdm
x = [n for n in ("/packages", os.path.dirname(tqdm.__file__), "/data") if os.access(n, os.W_OK)]
try:
    open("/data/a.txt", "w")
except OSError:
    x.append("refused")
"""
    _, values = run(source, "x", contents=Contents(("tqdm",), (("a.txt", b"1"),)))
    assert values["x"] == {"list": [{"text": "refused"}]}


def test_what_is_not_installed_is_told_with_what_to_do():
    with pytest.raises(PackageMissing, match=r"'no_such_package' is not installed .*pip install"):
        packages.folders(["tqdm", "no_such_package"])


def test_a_package_brings_what_it_needs_and_no_numpy():
    names = {path.name for path in packages.folders(["matplotlib"])}
    assert {"matplotlib", "mpl_toolkits", "PIL", "dateutil", "cycler"} <= names
    assert not names & {"numpy", "pytest", "nbgrader", "unrolled"}
