"""Fixtures: other users."""

import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
pytest.register_assert_rewrite("steps", "state")
import harness  # noqa: E402
import steps  # noqa: E402


@pytest.fixture
def user(place):
    """user(uid, command, …) runs the injector as that user and group, from where that user can reach it."""
    if os.geteuid() != 0:
        pytest.skip("needs root: runs as another user")
    copy = steps.reachable(harness.INJECTOR, place)

    def run(uid, *argv, gid=None, groups=(), executable=copy, **kwargs):
        return harness.run(executable, *argv, "--log-format", "text", user=uid, group=uid if gid is None else gid,
                           extra_groups=list(groups), **kwargs)
    return run
