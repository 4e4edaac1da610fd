"""Fixtures: a place that every user can enter, other users, and file systems that are smaller or worse than most."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
pytest.register_assert_rewrite("steps")
import harness  # noqa: E402
import steps  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def executables():
    for at in (harness.INJECTOR, harness.BUNDLER):
        if not os.access(at, os.X_OK):
            pytest.exit(f"{at} is not there: run scripts/build first", 2)


@pytest.fixture
def place():
    """An empty directory of this test. pytest's own tmp_path is closed to other users."""
    at = pathlib.Path(tempfile.mkdtemp(prefix="injector-test-"))
    at.chmod(0o755)
    yield at
    if os.geteuid() != 0:
        subprocess.run(["chmod", "-R", "u+rwX", at], check=False)
    shutil.rmtree(at)


@pytest.fixture
def target(place):
    at = place / "target"
    at.mkdir()
    at.chmod(0o755)
    return at


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


class Mounts:
    def __init__(self, place):
        self.place, self.mounted = place, []

    def _mount(self, *argv):
        at = self.place / f"mounted-{len(self.mounted)}"
        at.mkdir()
        done = subprocess.run(["mount", *argv, at], stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"cannot mount here: {done.stderr.strip()}")
        self.mounted.append(at)
        return at

    def tmpfs(self, options):
        return self._mount("-t", "tmpfs", "-o", options, "injector-test")

    def ext4(self, size, *mkfs):
        image = self.place / f"image-{len(self.mounted)}"
        with open(image, "wb") as file:
            file.truncate(size)
        subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", *mkfs, image], stderr=subprocess.PIPE, check=True)
        at = self._mount("-o", "loop", image)
        (at / "lost+found").rmdir()
        return at

    def read_only(self, at, yes=True):
        subprocess.run(["mount", "-o", f"remount,{'ro' if yes else 'rw'}", at], check=True)

    def close(self):
        for at in reversed(self.mounted):
            subprocess.run(["umount", at], check=True)


@pytest.fixture
def mount(place):
    if os.geteuid() != 0:
        pytest.skip("needs root: mounts a file system")
    mounts = Mounts(place)
    yield mounts
    mounts.close()
