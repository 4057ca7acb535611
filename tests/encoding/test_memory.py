"""Memory is given back now and then, not at every batch."""

import pytest

from gcmtag.encoding import memory


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    made: list[int] = []
    monkeypatch.setattr(memory, "_trim", lambda: made.append)
    monkeypatch.setattr(memory, "_last", -memory.EVERY)
    return made


def test_memory_is_given_back_once_in_a_while(calls: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([100.0, 100.5, 100.0 + memory.EVERY])
    monkeypatch.setattr(memory.time, "monotonic", lambda: next(seconds))
    for _ in range(3):
        memory.give_back_memory()
    assert len(calls) == 2


def test_other_c_libraries_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_trim", lambda: None)
    memory.give_back_memory()


def test_this_system_is_asked_without_harm() -> None:
    trim = memory._trim()
    assert trim is None or trim(0) in (0, 1)
