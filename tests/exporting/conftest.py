"""Tables that the tests of exports share."""

import pytest
from export_builders import marovia


@pytest.fixture(scope="session")
def tables() -> tuple:
    """The tags and the documents of two small documents."""
    return marovia()
