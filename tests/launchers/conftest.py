"""How the rows of the matrix run, side by side, and what they share: a target with the libraries, a virtual environment
with everything that launches."""

import concurrent.futures
import pathlib
import shutil
import sys

import pytest
from _pytest.runner import runtestprotocol

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import ROOT, bundle_libraries, install_all, run  # noqa: E402

AT_ONCE = 4  # rows; most of a row's time is waiting
POOL, RUNNING = pytest.StashKey(), pytest.StashKey()


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


def pytest_sessionstart(session):
    session.stash[POOL], session.stash[RUNNING] = concurrent.futures.ThreadPoolExecutor(AT_ONCE), {}


def pytest_sessionfinish(session):
    session.stash[POOL].shutdown(cancel_futures=True)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """All rows of a file begin with its first one, and each says what came of it when it is its turn."""
    pool, running = pyfuncitem.session.stash[POOL], pyfuncitem.session.stash[RUNNING]
    if pyfuncitem.module not in running:
        running[pyfuncitem.module] = True
        for item in pyfuncitem.session.items:
            if item.module is pyfuncitem.module:
                given = dict(item.callspec.params) if hasattr(item, "callspec") else {}
                given |= {name: pyfuncitem._request.getfixturevalue(name)  # of the session, all of them
                          for name in item._fixtureinfo.argnames if name not in given}
                running[item.nodeid] = pool.submit(item.function, **given)
    row = running.pop(pyfuncitem.nodeid, None)
    return row and (row.result() or True)


def pytest_runtest_protocol(item, nextitem):
    """A row that fails beside the others is run again, alone: what servers log while a machine is busy is not always the
    same. It is said, and the second run counts."""
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = runtestprotocol(item, nextitem=item.parent, log=False)  # what is shared stays
    if any(report.failed for report in reports):
        print(f"\nrun again: {item.nodeid}: {next(report for report in reports if report.failed).longreprtext[-500:]}",
              file=sys.__stderr__)
        concurrent.futures.wait(row for row in item.session.stash[RUNNING].values() if row is not True)
        reports = runtestprotocol(item, nextitem=item.parent, log=False)
    item.session._setupstate.teardown_exact(nextitem)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True
