"""A grader that trusts: answers and checks run in one process, one IPython, as in a notebook.

It shows that an attack is real: here it does pass the checks that it was not to pass. It is run
in a sandbox by ``tests/running/test_attacks.py``, which sends it notebooks, a line each, and reads
back which checks each of them passed.
"""

import contextlib
import io
import json
import os
import sys

from IPython.core.interactiveshell import InteractiveShell


def passed(notebook: dict) -> list[str]:
    """The ids of the checks that raised nothing, as far as this process can tell."""
    shell = InteractiveShell.instance()
    good = []
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        result = shell.run_cell("".join(cell["source"]))
        name = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        if name.endswith("-check") and result.success:
            good.append(name)
    return good


for line in sys.stdin:
    read, write = os.pipe()
    if os.fork() == 0:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            found = passed(json.loads(line))
        os.write(write, json.dumps(found).encode())
        os._exit(0)
    os.close(write)
    os.wait()
    print(os.read(read, 10_000).decode() or "[]", flush=True)
    os.close(read)
