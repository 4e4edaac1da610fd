"""What the volume tests take from the install tests, and the two versions of the library that they install."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "install"))
pytest.register_assert_rewrite("steps", "life", "state")
import harness  # noqa: E402
from steps import FILES, NEXT  # noqa: E402


@pytest.fixture
def bundles(place):
    return harness.pack(place, FILES), harness.pack(place, NEXT, version="2.0.0")
