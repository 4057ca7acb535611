"""Work on a matrix at a time, each on a core of its own.

Cores that share the steps of one piece of work wait for each other at every step, and for the slowest, where other
programs run too. With a piece each they never do.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


def spread(work: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
    """Results of ``work`` in the order of the tasks, of which only a few more than there are cores wait at a time.

    As many tasks are worked on at once as torch may use threads here, with one thread each. A single task has all.

    Args:
        work: computes with torch; called in several threads.
        tasks: taken one by one as cores become free.
    """
    import torch  # noqa: PLC0415

    cores = torch.get_num_threads()
    rest = iter(tasks)
    first = list(islice(rest, 2))
    if cores == 1 or len(first) == 1:
        yield from map(work, chain(first, rest))
        return
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(cores, initializer=torch.set_num_threads, initargs=(1,)) as threads:
        try:
            for task in chain(first, rest):
                waiting.append(threads.submit(work, task))
                if len(waiting) > 2 * cores:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
            # The number counts for the thread that sets it, and for threads that have not used torch yet.
            torch.set_num_threads(cores)
