"""Fixtures of the matrix: one target with the libraries, one virtual environment with everything that launches."""

import pathlib
import shutil
import sys

import pytest
from _pytest.runner import runtestprotocol

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import ROOT, bundle_libraries, install_all, run  # noqa: E402


@pytest.fixture(scope="session")
def python_target(tmp_path_factory):
    return install_all(bundle_libraries("python", tmp_path_factory.mktemp("bundles")), tmp_path_factory.mktemp("target"))


@pytest.fixture(scope="session")
def venv():
    """The packages of requirements.txt, hashes checked; made once."""
    lock, at = ROOT / "tests/launchers/requirements.txt", ROOT / "build/venv/launchers"
    made = at / "requirements.txt"
    if not made.exists() or made.read_text() != lock.read_text():
        shutil.rmtree(at, ignore_errors=True)
        for argv in (["/usr/bin/python3", "-m", "venv", at],
                     [at / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:",
                      "--require-hashes", "--requirement", lock]):
            done = run(*argv, timeout=600)
            if done.returncode:
                pytest.skip(f"{argv[0]}: {done.stderr.strip().split(chr(10))[-1]}")
        shutil.copy(lock, made)
    return at


def pytest_runtest_protocol(item, nextitem):
    """A row that fails beside the others is run again: what servers log while a machine is busy is not always the same.
    It is said, and the second run counts."""
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = runtestprotocol(item, nextitem=item.parent, log=False)  # what is shared stays
    if any(report.failed for report in reports):
        print(f"\nrun again: {item.nodeid}: {next(report for report in reports if report.failed).longreprtext[-500:]}",
              file=sys.__stderr__)
        reports = runtestprotocol(item, nextitem=item.parent, log=False)
    item.session._setupstate.teardown_exact(nextitem)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True
