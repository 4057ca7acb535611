"""A service with the small model, shared by the tests of this room."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from serving_builders import StandIn, client_of

if TYPE_CHECKING:
    from gcmtag import Tagger


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    made = StandIn()
    yield made
    made.gate.set()


@pytest.fixture(scope="session")
def client(small_tagger: "Tagger", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with client_of(small_tagger, tmp_path_factory.mktemp("state")) as made:
        yield made


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"
