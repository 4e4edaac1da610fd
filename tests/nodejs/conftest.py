"""The Node.js runtimes of the tests."""

import pytest

from harness import ROOT, run


@pytest.fixture(scope="session")
def node():
    """The folder with Node.js of a version and the application, from the npm registry the first time."""

    def folder(version):
        done = run(ROOT / "tests/apps/nodejs/build", version, timeout=600)
        if done.returncode:
            pytest.skip(f"no Node.js {version}: {done.stderr.strip().splitlines()[-1:]}")
        return ROOT / "build/apps/nodejs" / version

    return folder
