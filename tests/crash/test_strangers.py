"""Somebody else acts at every file-system call of an install: nothing of his is lost, and nothing of his is published.

`interposer --at N --act COMMAND` lets him act between two calls, so that there is no race to be won or missed.
"""

import os
import pathlib
import shutil
import subprocess

import pytest

import harness
from test_crash import BINARY, INTERPOSER, NEW, OLD, bundles, interpose, scratch  # noqa: F401 (fixtures)

PRECIOUS = "a stranger's only copy\n"
EVIL = b"evil"
STRANGER = 12345
# What changes between two looks at the target. Reading the bundle and its like is left out: he gains nothing by it.
CALLS = "openat,mkdirat,linkat,symlinkat,renameat,renameat2,unlinkat,flock,getdents64,close"

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: a stranger is another user")


@pytest.fixture(scope="module", autouse=True)
def supervised():
    probe = harness.run(INTERPOSER, "--count", "--", harness.INJECTOR, "--version")
    if probe.returncode == 125:
        pytest.skip("the kernel lets nobody supervise calls here: " + probe.stderr.strip())


class Stage:
    """A target that is the same for each point, and the install that a stranger disturbs."""

    def __init__(self, place, prepare, bundle, *argv):
        self.target, self.prepare, self.bundle, self.argv = place / "target", prepare, bundle, argv
        self.act = place / "act"

    def command(self):
        return [harness.INJECTOR, "install", "--bundle", self.bundle, "--target", self.target, "--threads", "1",
                "--timeout", "1", "--log-format", "text", "--termination-message", "/nonexistent", *self.argv]

    def fresh(self):
        shutil.rmtree(self.target, ignore_errors=True)
        self.target.mkdir()
        self.target.chmod(0o755)
        self.prepare(self.target)

    def at_every_call(self, script, check):
        """Lets the script (its directory is the target) act at each call in turn; check(index, done) looks at the end."""
        self.act.write_text(f"cd '{self.target}' && {{\n{script}\n}} > /dev/null 2>&1\ntrue\n")
        index = 0
        while True:
            index += 1
            self.fresh()
            done, calls = interpose(["--at", index, "--act", f"sh '{self.act}'", f"--calls={CALLS}"], self.command())
            if not calls:
                return index - 1
            assert done.returncode in (0, 73, 74, 75), (index, calls, done.stderr)
            check(index, done)


def precious(target):
    return [at for at in target.rglob("precious") if not at.is_dir() and at.read_text() == PRECIOUS]


def nothing(_target):
    pass


def installed(bundle):
    def prepare(target):
        done = harness.install(bundle, target)
        assert done.returncode == 0, done.stderr
    return prepare


@pytest.fixture
def place(scratch):  # noqa: F811
    at = scratch / "strangers"
    shutil.rmtree(at, ignore_errors=True)
    at.mkdir()
    at.chmod(0o755)
    return at


MAKES = f"mkdir agent && printf '{PRECIOUS.strip()}\\n' > agent/precious"
REPLACES = f"mv agent agent.mine && {MAKES}"
REMOVES_AND_REPLACES = f"rm -rf agent && {MAKES}"


@pytest.mark.parametrize("start, script", [("empty", MAKES), ("old", REPLACES), ("old", REMOVES_AND_REPLACES)],
                         ids=["appears", "is exchanged", "takes the place of ours"])
@pytest.mark.parametrize("exchange", [True, False], ids=["", "without exchange"])
def test_a_directory_that_is_made_meanwhile(place, bundles, start, script, exchange, monkeypatch):  # noqa: F811
    """Whenever it comes, it is kept: in its place, with an error, or by the run that did not see it."""
    stage = Stage(place, installed(bundles["1"]) if start == "old" else nothing, bundles["2"])
    codes = set()

    def check(index, done):
        codes.add(done.returncode)
        if start == "old" and (stage.target / "agent.mine").exists() or start == "empty" or done.returncode:
            assert precious(stage.target), (index, done.stderr)
        if not any(at.parent == stage.target / "agent" for at in precious(stage.target)):
            return
        # It lies inside a directory of ours, where it was put when all was done; or the name is the stranger's, and stays.
        if done.returncode:
            assert ": name-taken: " in harness.last_line(done), (index, done.stderr)
            if start == "empty":
                again = harness.run(*stage.command())
                harness.expect(again, 73, "name-taken", stage.target / "agent")
                assert precious(stage.target), index

    if not exchange:
        monkeypatch.setattr(Stage, "command", lambda self, plain=Stage.command: [
            INTERPOSER, "--deny", "renameat2=EINVAL", "--calls=renameat2", "--output", "/dev/null", "--", *plain(self)])
    assert stage.at_every_call(script, check) > 50
    assert codes >= {0, 73}
