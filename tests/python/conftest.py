"""Fixtures of the Python tests: real interpreters, both libraries in a target."""

import functools
import os
import pathlib
import re
import shutil

import pytest

from harness import ROOT, bundle_library, install, pip_packages, run

LIBRARIES = ["ddtrace", "opentelemetry-python"]
APP = ROOT / "tests/apps/python"
# Debian suites whose Python is not the machine's own; forky is Debian 14 to be
SUITES = {"3.9": "bullseye", "3.11": "bookworm", "3.13": "trixie", "3.14": "forky"}
ENTER = """
mount -t tmpfs none "$1/tmp"
mount --rbind /dev "$1/dev"
mount -t proc proc "$1/proc"
mkdir -p "$1$2" "$1$3"
mount --bind -o ro "$2" "$1$2"
mount --bind "$3" "$1$3"
root=$1
shift 3
exec chroot "$root" "$@"
"""


class Interpreter:
    """A CPython: of the machine, with Flask from PyPI; or of a Debian suite, with Debian's, in a chroot of its own
    where the target is mounted read-only."""

    def __init__(self, executable, root=None):
        self.executable, self.root = str(executable), root
        self.path = "" if root else str(pip_packages("python"))

    def command(self, target, *argv):
        if not self.root:
            return [self.executable, *argv]
        return ["unshare", "--mount", "--propagation", "private", "sh", "-euc", ENTER, "sh", self.root, target, APP,
                self.executable, *argv]


def on_this_machine(version):
    """The first CPython of that version on the PATH, or among pyenv's."""
    pyenv = sorted(pathlib.Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
    for candidate in (f"/usr/bin/python{version}", shutil.which(f"python{version}"), *pyenv):
        if candidate and os.access(candidate, os.X_OK):
            done = run(candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2], sys.implementation.name)")
            if done.stdout.split() == [version, "cpython"]:
                return candidate
    return None


@functools.cache
def find(version):
    found = on_this_machine(version)
    if found and (version not in SUITES or os.geteuid() != 0 or str(found).startswith("/usr/bin/")):
        return Interpreter(found)
    if version not in SUITES:
        pytest.skip(f"no CPython {version} on this machine, and no Debian suite has it")
    if os.geteuid() != 0:
        pytest.skip(f"CPython {version} of Debian {SUITES[version]} needs root")
    done = run(ROOT / "tests/python/chroot", SUITES[version], timeout=600)
    if done.returncode:
        pytest.skip(f"no CPython {version}: {done.stderr.strip().splitlines()[-1:]}")
    return Interpreter("/usr/bin/python3", ROOT / "build/chroots" / SUITES[version])


@pytest.fixture(scope="session")
def interpreter():
    """A function: the interpreter of a version."""
    return find


@pytest.fixture(scope="session")
def python():
    """The machine's own interpreter, which has a tree."""
    if not re.fullmatch(r"3\.(9|1[0-4])", run("/usr/bin/python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])").stdout.strip()):
        pytest.skip("no tree for this machine's python3")
    return "/usr/bin/python3"


@pytest.fixture(scope="session")
def bundles(tmp_path_factory):
    where = tmp_path_factory.mktemp("bundles")
    return {name: bundle_library(f"libraries/python/{name}", where) for name in LIBRARIES}


@pytest.fixture(scope="session")
def target(bundles, tmp_path_factory):
    """Both libraries in one target; the tests only read it."""
    where = tmp_path_factory.mktemp("target")
    for bundle in bundles.values():
        done = install(bundle, where)
        assert done.returncode == 0, done.stderr
    return where
