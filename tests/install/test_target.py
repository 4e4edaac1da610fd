"""Targets that cannot be written: one clear line, and the target as it was."""

import os
import resource
import subprocess

import pytest

import harness
from steps import (FILES, NEXT, assert_installed, assert_names, assert_state, injected, needs_root, needs_strace, state_of, unchanged,
                   untouched)

SOME = {f"agent/{i}": os.urandom(200_000) for i in range(10)} | {"boot.py": "x"}


@pytest.fixture
def bundle(place):
    return harness.pack(place, FILES)


def test_missing(place, bundle):
    with untouched(place):
        harness.expect(harness.install(bundle, place / "not/there"), 73, "target-missing", place / "not/there")


@pytest.mark.parametrize("make", [lambda p: p.write_text("x"), os.mkfifo, lambda p: p.symlink_to("/dev/null")],
                         ids=["file", "FIFO", "link to a device"])
def test_not_a_directory(place, bundle, make):
    make(place / "at")
    with untouched(place):
        harness.expect(harness.install(bundle, place / "at"), 73, "target-not-directory", place / "at")


def test_dangling_link(place, bundle):
    (place / "at").symlink_to("nowhere")
    with untouched(place):
        harness.expect(harness.install(bundle, place / "at"), 73, "target-missing", place / "at")


def test_below_a_file(place, bundle):
    (place / "at").write_text("x")
    done = harness.install(bundle, place / "at/target")
    assert done.returncode == 73, done.stderr


@pytest.mark.parametrize("kind", ["tmpfs", "ext4"])
def test_read_only(bundle, mount, kind):
    target = mount.tmpfs("size=4m") if kind == "tmpfs" else mount.ext4(8 << 20)
    mount.read_only(target)
    with untouched(target):
        harness.expect(harness.install(bundle, target), 73, "target-read-only", target)
    mount.read_only(target, False)
    harness.install(bundle, target)
    (target / "boot.py").unlink()
    mount.read_only(target)
    with untouched(target):
        harness.expect(harness.install(bundle, target), 73, "target-read-only", target)


def test_read_only_is_no_obstacle_where_all_is_right(bundle, mount):
    target = mount.tmpfs("size=4m")
    harness.install(bundle, target)
    mount.read_only(target)
    with untouched(target):
        harness.expect(harness.install(bundle, target), 0, "already-installed")


def test_owned_by_another_user(bundle, target, user):
    with untouched(target):
        done = user(12345, "install", "--bundle", bundle, "--target", target)
        line = harness.expect(done, 73, "target-not-writable", target)
    assert "12345" in line, "the line says who would have to be able to write"
    os.chown(target, 12345, 12345)
    harness.expect(user(12345, "install", "--bundle", bundle, "--target", target), 0, "installed")
    assert_installed(target, bundle)


@pytest.mark.parametrize("mode", [0o000, 0o444, 0o555, 0o311])
def test_own_directory_that_lacks_permissions(bundle, target, user, mode):
    os.chown(target, 12345, 12345)
    target.chmod(mode)
    done = user(12345, "install", "--bundle", bundle, "--target", target)
    if mode == 0o311 and done.returncode == 0:
        assert_installed(target, bundle)  # writable without being listed: enough, if the kernel lets us
        return
    harness.expect(done, 73, "target-not-writable", target)
    assert harness.tree(target) == {}


def test_installed_by_another_user_and_damaged(bundle, target, user):
    target.chmod(0o755)
    harness.install(bundle, target)
    (target / "boot.py").unlink()
    with unchanged(target):
        done = user(12345, "install", "--bundle", bundle, "--target", target)
        harness.expect(done, 73, "target-not-writable")


@needs_root
def test_read_only_root_directory(place, bundle):
    # A bind mount, as a volume with readOnly: true is.
    target = place / "bound"
    target.mkdir()
    if subprocess.run(["mount", "--bind", target, target], stderr=subprocess.DEVNULL, check=False).returncode:
        pytest.skip("cannot mount here")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", target], check=True)
        with untouched(target):
            harness.expect(harness.install(bundle, target), 73, "target-read-only", target)
    finally:
        subprocess.run(["umount", target], check=True)


@pytest.mark.parametrize("kind", ["tmpfs", "ext4"])
def test_without_space(place, mount, kind):
    bundle = harness.pack(place, SOME)
    target = mount.tmpfs("size=1m") if kind == "tmpfs" else mount.ext4(1 << 20)
    with unchanged(target):
        harness.expect(harness.install(bundle, target), 75, "no-space", target)
    assert harness.leftovers(target) == []


@pytest.mark.parametrize("kind", ["tmpfs", "ext4"])
def test_without_inodes(place, mount, kind):
    bundle = harness.pack(place, {f"agent/{i}": str(i) for i in range(200)})
    target = mount.tmpfs("size=8m,nr_inodes=40") if kind == "tmpfs" else mount.ext4(8 << 20, "-N", "48")
    with unchanged(target):
        harness.expect(harness.install(bundle, target), 75, "no-inodes", target)
    assert harness.leftovers(target) == []


def test_tmpfs_without_an_inode_limit(bundle, mount):
    # statvfs says 0 inodes of 0: that is no limit.
    target = mount.tmpfs("size=8m,nr_inodes=0")
    harness.expect(harness.install(bundle, target), 0, "installed")
    assert_installed(target, bundle)


def test_tmpfs_without_a_size_limit(bundle, mount):
    target = mount.tmpfs("size=0")
    harness.expect(harness.install(bundle, target), 0, "installed")
    assert_installed(target, bundle)


def test_size_limit(place, target):
    bundle = harness.pack(place, SOME)
    with unchanged(target):
        harness.expect(harness.install(bundle, target, "--size-limit", "1000000"), 75, "no-space")
    harness.expect(harness.install(bundle, target, "--size-limit", "8000000"), 0, "installed")
    assert_installed(target, bundle)


FAULTS = [
    ("write,pwrite64,copy_file_range,sendfile", "ENOSPC", 75, "no-space"),
    ("write,pwrite64,copy_file_range,sendfile", "EDQUOT", 75, "no-space"),
    ("write,pwrite64,copy_file_range,sendfile", "EIO", 74, "io-error"),
    ("mkdirat,mkdir", "ENOSPC", 75, "no-space"),
    ("mkdirat,mkdir", "EIO", 74, "io-error"),
    ("renameat2", "EIO", 74, "io-error"),
    ("symlinkat,symlink", "EIO", 74, "io-error"),
]


@needs_strace
@pytest.mark.parametrize("calls, error, code, reason", FAULTS, ids=lambda v: str(v))
@pytest.mark.parametrize("over", [False, True], ids=["empty", "over"])
def test_failing_calls(place, target, calls, error, code, reason, over):
    bundle = harness.pack(place, NEXT, version="2.0.0")
    if over:
        harness.install(harness.pack(place, FILES), target)
    failed = 0
    first = 2 if calls.startswith("write") else 1  # the first one signs the lock of the stage, which is a hint
    for when in range(first, 2 if calls == "renameat2" else 9):  # its next ones are in the middle of publishing: see crash/
        before = state_of(target)
        done = injected(calls, f"error={error}", "install", "--bundle", bundle, "--target", target, when=when)
        if done.returncode == 0:
            break
        failed += 1
        harness.expect(done, code, reason)
        (assert_names if calls == "renameat2" else assert_state)(target, before)
    if done.returncode:
        harness.expect(harness.install(bundle, target), 0, "installed")
    assert_installed(target, bundle)
    assert failed or calls.startswith("symlink"), "nothing was injected"


@needs_strace
@pytest.mark.parametrize("calls", ["read,pread64,copy_file_range,sendfile"])
def test_a_bundle_on_a_bad_disk(place, target, calls):
    bundle = harness.pack(place, FILES)
    with unchanged(target):
        codes = set()
        for when in range(1, 60):  # the first ones are of hints, which may fail
            done = injected(calls, "error=EIO", "install", "--dry-run", "--bundle", bundle, "--target", target,
                            when=when)
            codes.add(done.returncode)
            if done.returncode:
                harness.expect(done, 74, "io-error")
        assert 74 in codes


def limited(what, value):
    return lambda: resource.setrlimit(what, (value, value))


@pytest.mark.parametrize("count", [12, 16, 24])
def test_few_descriptors(place, target, count):
    bundle = harness.pack(place, {f"{name}/in/{i}": str(i) for name in "ab" for i in range(9)})
    done = harness.install(bundle, target, "--threads", "2", preexec_fn=limited(resource.RLIMIT_NOFILE, count))
    if done.returncode == 0:
        assert_installed(target, bundle)
        return
    harness.expect(done, 75, "too-many-files")
    assert harness.leftovers(target) == []
    assert harness.payload_of(target) == {}


def test_file_size_limit(place, target):
    # The signal that comes with it must not kill: EFBIG says more.
    bundle = harness.pack(place, SOME)
    with unchanged(target):
        done = harness.install(bundle, target, preexec_fn=limited(resource.RLIMIT_FSIZE, 100_000))
        assert done.returncode in (74, 75), done.stderr
        harness.expect(done, done.returncode, harness.last_line(done).split(": ")[1])
    assert harness.leftovers(target) == []


def test_little_memory(place, target):
    bundle = harness.pack(place, {f"agent/{i}": str(i) for i in range(300)})
    codes = set()
    executable = os.path.getsize(harness.INJECTOR)  # with less than that the kernel cannot start it
    for megabytes in (2, 4, 6, 10, 18, 26, 58, 506):
        limit = limited(resource.RLIMIT_AS, executable + (megabytes << 20))
        with unchanged(target):
            done = harness.install(bundle, target, "--threads", "1", "--dry-run", preexec_fn=limit)
        codes.add(done.returncode)
        if done.returncode != 0:
            harness.expect(done, 75, "out-of-memory")
    assert codes <= {0, 75}, codes
