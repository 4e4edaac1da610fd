"""Fixtures of the Python tests: real interpreters, both libraries in a target."""

import functools
import os
import pathlib
import re
import shutil

import pytest

from harness import ROOT, bundle_libraries, install_all, pip_packages, run, unshare

LIBRARIES = ["ddtrace", "opentelemetry-python"]
APP = ROOT / "tests/apps/python"
# Debian suites whose Python is not the machine's own; forky is Debian 14 to be
SUITES = {"3.9": "bullseye", "3.11": "bookworm", "3.13": "trixie", "3.14": "forky"}
ENTER = """
mount -t tmpfs none "$1/tmp"
mount --rbind /dev "$1/dev"
mount -t proc proc "$1/proc"
root=$1
shift
while [ "$1" != -- ]; do
  mkdir -p "$root$1"
  mount --bind -o ro "$1" "$root$1"
  shift
done
shift
exec chroot "$root" "$@"
"""


class Interpreter:
    """A CPython: of the machine, with Flask from PyPI; of a Debian suite, with Debian's; or on musl, with PyPI's. The
    latter two are in a chroot of their own, where the target is mounted read-only."""

    def __init__(self, executable, root=None, flask=None):
        self.executable, self.root, self.path = str(executable), root, str(flask or "")

    def command(self, target, *argv):
        if not self.root:
            return [self.executable, *argv]
        mounts = [target, APP, *filter(None, [self.path])]
        return [*unshare("--mount", "--propagation", "private"), "sh", "-euc", ENTER, "sh", self.root, *mounts, "--",
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
def make_musl():
    return run(ROOT / "tests/python/musl", timeout=3600)


def on_musl(version):
    """A CPython 3.11 on that musl, where there is no other libc."""
    if os.geteuid() != 0:
        pytest.skip("CPython on musl needs root, for a chroot")
    done = make_musl()
    if done.returncode:
        pytest.skip(f"no CPython on musl: {done.stderr.strip().splitlines()[-1:]}")
    return Interpreter("/usr/bin/python3", ROOT / "build/musl" / version, pip_packages("python"))


@functools.cache
def find(version):
    if version.startswith("musl "):
        return on_musl(version.removeprefix("musl "))
    found = on_this_machine(version)
    if found and (version not in SUITES or os.geteuid() != 0 or str(found).startswith("/usr/bin/")):
        return Interpreter(found, flask=pip_packages("python"))
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
    """A function: the interpreter of a version, such as 3.12, or musl 1.2.5."""
    return find


@pytest.fixture(scope="session")
def python():
    """The machine's own interpreter, which has a tree."""
    version = run("/usr/bin/python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])").stdout.strip()
    if not re.fullmatch(r"3\.(9|1[0-4])", version):
        pytest.skip(f"no tree for this machine's python3, which is {version}")
    return "/usr/bin/python3"


@pytest.fixture(scope="session")
def bundles(tmp_path_factory):
    return bundle_libraries("python", tmp_path_factory.mktemp("bundles"))


@pytest.fixture(scope="session")
def target(bundles, tmp_path_factory):
    """Both libraries in one target; the tests only read it."""
    return install_all(bundles, tmp_path_factory.mktemp("target"))
