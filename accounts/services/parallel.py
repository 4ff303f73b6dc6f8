"""Asks many parts of an upstream at once. Threads only ask; whatever touches the database stays with the caller."""

import heapq
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import TypeVar

from finops.core.upstream.errors import UpstreamError

AT_ONCE = 6
_BEAT_SECONDS = 5.0

Key = TypeVar("Key")
Value = TypeVar("Value")

_END = object()


def ask_all(
    jobs: Mapping[Key, Iterator[Value]],
    *,
    take: Callable[[Key, Value], None],
    ended: Callable[[Key, UpstreamError | None], None],
    pause: Callable[[Key], float] = lambda _: 0.0,
    beat: Callable[[], None] = lambda: None,
    at_once: int = AT_ONCE,
) -> None:
    """Run every job to its end, `at_once` of them at a time, each `next()` of one in a thread.

    `take` gets each value, `ended` is told how each job ended; `pause` says before each step how many seconds
    it has to wait, and `beat` is called every few seconds, so that a lease does not run out. These four are
    called in the caller's own thread and may use the database. An error that is none of the upstream's
    ends the whole.
    """
    ready = deque(jobs)
    waiting: list[tuple[float, int, Key]] = []  # when it may start, a tie breaker, which
    asking: dict[Future[Value | object], Key] = {}
    order, last_beat = 0, time.monotonic()
    pool = ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="upstream")
    try:
        while ready or waiting or asking:
            while ready and len(waiting) + len(asking) < at_once:
                key = ready.popleft()
                order += 1
                heapq.heappush(waiting, (time.monotonic() + pause(key), order, key))
            while waiting and waiting[0][0] <= time.monotonic():
                _, _, key = heapq.heappop(waiting)
                # The log's context goes along, so that a line tells which account it is about.
                asking[pool.submit(copy_context().run, _step, jobs[key])] = key
            for future in _first_to_end(asking, until=waiting[0][0] if waiting else None):
                key = asking.pop(future)
                try:
                    value = future.result()
                except UpstreamError as error:
                    ended(key, error)
                    continue
                if value is _END:
                    ended(key, None)
                else:
                    take(key, value)  # type: ignore[arg-type] # not the end, so a value
                    ready.append(key)
            if time.monotonic() - last_beat >= _BEAT_SECONDS:
                last_beat = time.monotonic()
                beat()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _step(job: Iterator[Value]) -> Value | object:
    return next(job, _END)


def _first_to_end(asking: Mapping[Future[Value | object], Key], *, until: float | None) -> set[Future[Value | object]]:
    """The futures that have ended, waiting for one if need be, but not past `until` nor the next beat."""
    seconds = _BEAT_SECONDS if until is None else min(max(until - time.monotonic(), 0.0), _BEAT_SECONDS)
    if not asking:
        time.sleep(seconds)
        return set()
    return wait(asking, timeout=seconds, return_when=FIRST_COMPLETED).done


def once(ask: Callable[[], Value]) -> Iterator[Value]:
    """A job of one step."""
    yield ask()
