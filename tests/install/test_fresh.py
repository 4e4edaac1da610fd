"""An install into a new target, and the same again."""

import os
import stat
import subprocess
import time

import pytest

import harness
from steps import BINARY, FILES, assert_installed, needs_root, untouched

DEEP = "/".join(["d"] * 63)
PAYLOADS = {
    "usual": FILES,
    "one file": {"agent.jar": BINARY},
    "one directory": {"agent/x": "x"},
    "empty file": {"empty": ""},
    "empty directory": {"hollow": None},
    "link alone": {"a/x": "x", "link": ("link", "a/x")},
    "dangling link": {"link": ("link", "nowhere")},
    "links of directories": {"a/b/c": "x", "a/up": ("link", "b"), "z": ("link", "a/b/c")},
    "duplicates everywhere": {f"d{i}/{j}": BINARY for i in range(4) for j in range(4)},
    "same content, two modes": {"a/plain": "#!/bin/sh\n", "a/run": ("exec", "#!/bin/sh\n")},
    "odd names": {" leading space": "1", "-rf": "2", "~": "3", "$(id)": "4", "quote'\"": "5", "back\\slash": "6",
                  "é/ü–日本": "7", "..": None, "...": "8", "x" * 255: "9"},
    "64 components": {f"{DEEP}/file": "deep"},
    "many": {f"m/{i % 7}/{i}": str(i) for i in range(500)},
    "several buffers": {"large": os.urandom(1 << 20) * 3 + b"tail"},
}
del PAYLOADS["odd names"][".."]


@pytest.mark.parametrize("name", PAYLOADS)
def test_fresh(place, target, name):
    bundle = harness.pack(place, PAYLOADS[name])
    done = harness.install(bundle, target)
    harness.expect(done, 0, "installed", "demo", "1.0.0")
    assert done.stdout == ""
    assert_installed(target, bundle)

    with untouched(target):
        harness.expect(harness.install(bundle, target), 0, "already-installed", "demo", "1.0.0")


def test_same_again_with_a_bundle_of_other_inodes(place, target):
    bundle = harness.pack(place, FILES)
    harness.install(bundle, target)
    copy = place / "copy"
    subprocess.run(["cp", "-r", bundle, copy], check=True)
    with untouched(target):
        harness.expect(harness.install(copy, target), 0, "already-installed")


@pytest.mark.parametrize("options", [["--threads", "1"], ["--threads", "2"], ["--threads", "16"], ["--fsync"]])
def test_threads_and_fsync_make_no_difference(place, target, options):
    bundle = harness.pack(place, FILES | PAYLOADS["many"])
    harness.expect(harness.install(bundle, target, *options), 0, "installed")
    assert_installed(target, bundle)
    for at in (target / "m").glob("*/*"):
        at.write_text("damaged")
    harness.expect(harness.install(bundle, target, *options), 0, "installed")
    assert_installed(target, bundle)


def test_duplicates_are_one_inode(place, target):
    bundle = harness.pack(place, FILES | PAYLOADS["same content, two modes"])
    harness.install(bundle, target)
    for root in (bundle / "payload", target):
        core = root / "agent/core"
        assert (core / "a.so").stat().st_ino == (core / "b.so").stat().st_ino
        assert (core / "a.so").stat().st_nlink == 2
        assert (root / "a/plain").stat().st_ino != (root / "a/run").stat().st_ino


def test_no_inode_is_shared_with_the_bundle(place, target):
    bundle = harness.pack(place, FILES)
    harness.install(bundle, target)
    theirs = {e[0] for e in harness.identities(bundle).values()}
    assert not theirs & {e[0] for e in harness.identities(target).values()}


def test_times_are_those_of_the_installation(place, target):
    bundle = harness.pack(place, FILES)
    before = time.time() - 1
    harness.install(bundle, target)
    for at in target.rglob("*"):
        assert before <= at.lstat().st_mtime <= time.time() + 1, at


@pytest.mark.parametrize("umask", [0o000, 0o027, 0o077, 0o777])
def test_umask(place, target, umask):
    bundle = harness.pack(place, FILES)
    harness.expect(harness.install(bundle, target, umask=umask), 0, "installed")
    assert_installed(target, bundle)


@pytest.mark.parametrize("mode", [0o755, 0o700, 0o775, 0o777, 0o1777, 0o2775])
def test_mode_of_the_target(place, target, mode):
    target.chmod(mode)
    bundle = harness.pack(place, FILES)
    harness.expect(harness.install(bundle, target), 0, "installed")
    assert stat.S_IMODE(target.stat().st_mode) == mode
    assert_installed(target, bundle)


def test_default_acl(place, target):
    acl = subprocess.run(["setfacl", "-d", "-m", "u::rwx,g::---,o::---", target], stderr=subprocess.PIPE, check=False)
    if acl.returncode != 0:
        pytest.skip(f"no ACL here: {acl.stderr}")
    bundle = harness.pack(place, FILES)
    harness.expect(harness.install(bundle, target), 0, "installed")
    assert_installed(target, bundle)


def test_default_acl_for_somebody_else(place, target):
    # With a named user in it the group bits of a file are the mask: 0644 must come out all the same.
    acl = subprocess.run(["setfacl", "-d", "-m", "u:12345:rwx,m::rwx", target], stderr=subprocess.PIPE, check=False)
    if acl.returncode != 0:
        pytest.skip(f"no ACL here: {acl.stderr}")
    bundle = harness.pack(place, FILES)
    harness.expect(harness.install(bundle, target, umask=0o077), 0, "installed")
    assert_installed(target, bundle)


@pytest.mark.parametrize("uid, gid, mode, owner", [
    (12345, 0, 0o775, (0, 0)), (12345, 12345, 0o777, (0, 0)), (12345, 12345, 0o755, (12345, 0)),
    (4294967294 // 2, 7, 0o1777, (0, 0)), (65532, 65532, 0o2775, (0, 65532))])
def test_arbitrary_user(place, target, user, uid, gid, mode, owner):
    os.chown(target, *owner)
    target.chmod(mode)
    bundle = harness.pack(place, FILES)
    harness.expect(user(uid, "install", "--bundle", bundle, "--target", target, gid=gid), 0, "installed")
    assert_installed(target, bundle)
    assert {at.lstat().st_uid for at in target.rglob("*")} == {uid}
    with untouched(target):
        done = user(uid + 1, "install", "--bundle", bundle, "--target", target)
        harness.expect(done, 0, "already-installed")


def test_foreign_files_are_untouched(place, target):
    foreign = {"app/data": "ours", "app/agent/core/a.so": "ours", "app.log": "log", "link": ("link", "app/data"),
               ".hidden": "x", "boot.py.bak": "y", "dangling": ("link", "nowhere")}
    harness.write_tree(target, foreign)
    (target / "app").chmod(0o700)
    (target / "app.log").chmod(0o600)
    names = {p.split("/")[0] for p in foreign}
    identities = harness.identities(target)
    bundle = harness.pack(place, FILES)
    harness.expect(harness.install(bundle, target), 0, "installed")
    assert_installed(target, bundle, foreign=names)
    now = harness.identities(target)
    assert {p: now[p] for p in identities} == identities


@needs_root
def test_empty_root_and_defaults(place):
    # As in the image: no library, no /proc, no argument.
    bundle = harness.pack(place, FILES)
    root = harness.write_tree(place / "root", {"target": None, "dev/termination-log": ""})
    subprocess.run(["cp", "-a", bundle, root / "bundle"], check=True)
    subprocess.run(["cp", harness.INJECTOR, root / "injector"], check=True)
    done = harness.run("chroot", root, "/injector", "--log-format", "text")
    line = harness.expect(done, 0, "installed", "/target")
    assert (root / "dev/termination-log").read_text().strip() == line
    assert_installed(root / "target", bundle)
    assert set(os.listdir(root)) == {"bundle", "dev", "injector", "target"}


def test_target_through_a_relative_path(place, target):
    bundle = harness.pack(place, FILES)
    harness.expect(harness.install(bundle.name, "target/../target/", cwd=place), 0, "installed")
    assert_installed(target, bundle)
