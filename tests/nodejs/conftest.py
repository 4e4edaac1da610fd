"""The Node.js runtimes of the tests, and both libraries in a target."""

import pytest

from harness import ROOT, bundle_libraries, install_all, run


@pytest.fixture(scope="session")
def node():
    """The folder with Node.js of a version and the application, from the npm registry the first time."""

    def folder(version):
        done = run(ROOT / "tests/apps/nodejs/build", version, timeout=600)
        if done.returncode:
            pytest.skip(f"no Node.js {version}: {done.stderr.strip().splitlines()[-1:]}")
        return ROOT / "build/apps/nodejs" / version

    return folder


@pytest.fixture(scope="session")
def bundles(tmp_path_factory):
    return bundle_libraries("nodejs", tmp_path_factory.mktemp("bundles"))


@pytest.fixture(scope="session")
def target(bundles, tmp_path_factory):
    """Both libraries in one target; the tests only read it."""
    return install_all(bundles, tmp_path_factory.mktemp("target"))
