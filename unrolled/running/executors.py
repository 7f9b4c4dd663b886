"""Where hand-ins are judged: on this machine's cores, or on a Dask cluster.

Both are a ``concurrent.futures.Executor``. Whichever it is, a hand-in whose worker dies is judged
again, and one that brings its worker down a second time, alone, is left to a human. One that was
late by the clock alone is judged again in the end, when all others are done.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

from unrolled.errors import UnrolledError
from unrolled.running import work

CONNECT_SECONDS = 20


class ClusterError(UnrolledError):
    """The cluster cannot be used; the message says why, and what to do."""


@contextmanager
def local(jobs: int | None = None) -> Iterator[Executor]:
    """Worker processes on this machine: as many as it has cores, or ``jobs``."""
    # spawned, not forked: a fork would carry along what the grader holds in its memory
    context = multiprocessing.get_context("spawn")
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(
        jobs or os.cpu_count(), context, initializer=work.start_worker, initargs=(os.getpid(),)
    )
    try:
        yield pool
    except BaseException:
        # Ctrl-C stops at once: what these processes hold is not needed any more
        for worker in set(multiprocessing.active_children()) - before:
            worker.kill()
        _stop_sending(pool)
        raise
    finally:
        if pool._broken:
            _stop_sending(pool)
        pool.shutdown(wait=True, cancel_futures=True)


def _stop_sending(pool: ProcessPoolExecutor) -> None:
    """Have a pool whose workers are gone give up the work that it was about to send them.

    It does so by itself from Python 3.11.5 on; before, as on Debian 12, it waited for ever
    (python/cpython#94777).
    """
    queue: Any = vars(pool)["_call_queue"]  # there is no public way
    if queue is not None and sys.version_info < (3, 11, 5):
        with suppress(OSError):  # its own thread may close it at the same moment
            queue._reader.close()


@contextmanager
def cluster(where: str) -> Iterator[Executor]:
    """The workers of a Dask cluster.

    Parameters
    ----------
    where
        The scheduler's address, as ``tcp://host:8786``, or a name in Dask's configuration: below
        ``unrolled.clusters.NAME`` it gives the cluster's ``class``, as
        ``dask_jobqueue.SLURMCluster``, its ``options``, and how many ``workers`` to ask for.

    Raises
    ------
    ClusterError
        If ``distributed`` is not installed, there is no such name, or nobody answers there.
    """
    try:
        import dask.config
        from distributed import Client
    except ImportError:
        cure = "pip install 'unrolled[cluster]'"
        raise ClusterError(f"--cluster needs distributed; install it with: {cure}") from None
    made = None
    if ":" not in where:
        made = _configured(where, dask.config.get(f"unrolled.clusters.{where}", None))
    try:
        client = Client(made or where, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"no Dask scheduler answers at {where} ({type(error).__name__}); start one with: "
            "dask scheduler"
        ) from None
    try:
        with client, client.get_executor(pure=False, retries=2) as pool:
            yield pool
    finally:
        if made is not None:
            made.close()


def _configured(name: str, settings: dict[str, Any] | None) -> Any:
    if not settings:
        raise ClusterError(
            f"{name!r} is neither an address (tcp://host:8786) nor a name below unrolled.clusters"
            " in Dask's configuration (~/.config/dask/unrolled.yaml)"
        )
    module, _, kind = settings["class"].rpartition(".")
    made = getattr(importlib.import_module(module), kind)(**settings.get("options", {}))
    made.scale(settings.get("workers", 2))
    return made


Outcome = work.Done | Exception
ExecutorFactory = Callable[[], AbstractContextManager[Executor]]


def outcomes(
    open_executor: ExecutorFactory, context: work.Context, jobs: Iterable[work.Job], at_a_time: int
) -> Iterator[tuple[work.Job, Outcome]]:
    """Each job with what became of it, in the order in which they are done.

    At most ``at_a_time`` jobs are under way, so that a large class takes no more memory than a
    small one.
    """
    left = iter(jobs)
    late: deque[work.Job] = deque()  # by the clock, which others may have filled
    tried: set[str] = set()
    again: deque[work.Job] = deque()  # were under way when a worker died: now one at a time
    while True:
        with open_executor() as pool:
            under_way: dict[Future, work.Job] = {}
            try:
                while True:
                    _fill(pool, context, under_way, again, left, 1 if again else at_a_time)
                    if not under_way:
                        if not late:
                            return
                        again.append(late.popleft())
                        continue
                    for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                        job, outcome = under_way[future], _outcome(future)
                        if _was_late(outcome) and job.student not in tried:
                            tried.add(job.student)
                            late.append(job)
                        else:
                            yield job, outcome
                        del under_way[future]
            except BrokenExecutor as error:
                lost, reason = list(under_way.values()), error
        if len(lost) == 1:
            yield lost[0], reason
        else:
            again.extend(lost)


def _was_late(outcome: Outcome) -> bool:
    return isinstance(outcome, work.Done) and outcome.by_the_clock


def _fill(
    pool: Executor,
    context: work.Context,
    under_way: dict[Future, work.Job],
    again: deque[work.Job],
    left: Iterator[work.Job],
    most: int,
) -> None:
    while len(under_way) < most:
        job = again.popleft() if again else next(left, None)
        if job is None:
            return
        try:
            under_way[pool.submit(work.grade_submission, context, job)] = job
        except BrokenExecutor:
            again.appendleft(job)
            raise


def _outcome(future: Future) -> Outcome:
    """What a worker returned, or the error that it raised; a dead worker is raised here."""
    error = future.exception()
    if isinstance(error, BrokenExecutor):
        raise error
    if error is not None and not isinstance(error, Exception):
        raise error
    return error if error is not None else future.result()
