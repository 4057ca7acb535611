"""What tests of several rooms share."""

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the documents and gold labels that lie beside the project, not in it."""
    if not SHARED.is_dir():
        reason = f"{SHARED} is not there: it holds the documents and gold labels"
        if os.environ.get("CI", "").casefold() == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return SHARED
