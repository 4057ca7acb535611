"""Work is spread over cores in order, a few pieces ahead, and leaves torch as it was."""

import threading
import time
from collections.abc import Iterator

import pytest
import torch

from gcmtag.encoding.cores import spread


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def threads_within(_: int) -> int:
    return torch.get_num_threads()


def test_results_come_in_the_order_of_the_tasks() -> None:
    """Though the first is done last."""
    second_done = threading.Event()

    def work(task: int) -> int:
        if task == 0:
            assert second_done.wait(10), "the tasks are not worked on at the same time"
        if task == 1:
            second_done.set()
        return 10 * task

    assert list(spread(work, range(20))) == [10 * task for task in range(20)]


def test_of_several_tasks_each_has_one_thread_and_a_single_one_has_all() -> None:
    assert set(spread(threads_within, range(6))) == {1}
    assert list(spread(threads_within, range(1))) == [2]
    assert list(spread(threads_within, range(0))) == []


def test_where_one_thread_may_be_used_no_other_is_started() -> None:
    torch.set_num_threads(1)
    main = threading.get_ident()
    assert set(spread(lambda _: threading.get_ident(), range(4))) == {main}


def test_torch_has_its_threads_afterwards_here_and_in_new_threads() -> None:
    list(spread(threads_within, range(6)))
    found: list[int] = []
    later = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
    later.start()
    later.join()
    assert (torch.get_num_threads(), found) == (2, [2])


def test_only_a_few_tasks_are_taken_before_their_time() -> None:
    taken: list[int] = []

    def tasks() -> Iterator[int]:
        for task in range(100):
            taken.append(task)
            yield task

    results = spread(lambda task: task, tasks())
    next(results)
    assert len(taken) < 10


def test_a_task_that_fails_says_so_and_those_that_wait_are_not_begun() -> None:
    begun: list[int] = []

    def work(task: int) -> int:
        begun.append(task)
        if task == 0:
            raise ValueError("task 0")
        time.sleep(0.3)
        return task

    with pytest.raises(ValueError, match="task 0"):
        list(spread(work, range(100)))
    # One more is begun on each core before the failure is seen.
    assert len(begun) <= 3
