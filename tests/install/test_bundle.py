"""A damaged bundle is never installed: the message names the entry, the target stays as it is."""

import os
import shutil
import socket

import pytest

import harness
from steps import FILES, NEXT, assert_installed, flip, needs_root, replace, rewrite, unchanged


@pytest.fixture(params=["into an empty target", "over an old version"])
def used(request, place, target):
    """A target, with the bundle to damage and nothing, or its predecessor, installed."""
    bundle = harness.pack(place, NEXT, version="2.0.0")
    if request.param == "over an old version":
        harness.install(harness.pack(place, FILES), target)
    return bundle, target


def files_of(bundle):
    return sorted(p for p in (bundle / "payload").rglob("*") if p.is_file() and not p.is_symlink())


def names_of(bundle, path):
    """All names of one file: the message may say any of its hard links."""
    return [str(p.relative_to(bundle)) for p in files_of(bundle) if p.stat().st_ino == path.stat().st_ino]


@pytest.mark.parametrize("over", [False, True])
def test_one_flipped_byte_in_every_file_in_turn(place, target, over):
    bundle = harness.pack(place, NEXT, version="2.0.0")
    if over:  # with nothing in common, so that each file is needed
        harness.install(harness.pack(place, {p: f"old {p}" for p in FILES if p not in ("agent/current",)}), target)
    checked = 0
    for path in files_of(bundle):
        if path.stat().st_size == 0:
            continue
        for at in (0, path.stat().st_size - 1):
            flip(path, at)
            with unchanged(target):
                line = harness.expect(harness.install(bundle, target), 65, "digest-mismatch")
            assert any(name in line for name in names_of(bundle, path)), line
            flip(path, at)
            checked += 1
    assert checked >= 12
    harness.expect(harness.install(bundle, target), 0, "installed")
    assert_installed(target, bundle)


def test_every_byte_of_the_manifest(place, target):
    bundle = harness.pack(place, {"a": "1"})
    path = bundle / "manifest.json"
    good = path.read_bytes()
    for at in range(len(good)):
        path.write_bytes(good[:at] + bytes([good[at] ^ 0x80]) + good[at + 1:])
        harness.expect(harness.install(bundle, target), 65, "manifest-invalid", "manifest.json")
    assert set(harness.tree(target)) <= {".injector", ".injector/lock"}


def test_every_length_of_the_manifest(place, target):
    bundle = harness.pack(place, {"a": "1"})
    path = bundle / "manifest.json"
    good = path.read_bytes().rstrip()
    for length in range(len(good)):
        path.write_bytes(good[:length])
        harness.expect(harness.install(bundle, target), 65, "manifest-invalid", "manifest.json")
    assert set(harness.tree(target)) <= {".injector", ".injector/lock"}


def as_fifo(path):
    path.unlink()
    os.mkfifo(path)


def as_socket(path):
    path.unlink()
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(path))


def as_directory(path):
    path.unlink()
    path.mkdir()


def as_link_to_the_same(path):
    # The content would be right: a link could point anywhere a moment later.
    bundle = next(p for p in path.parents if p.name == "payload").parent
    shutil.move(path, bundle / "twin")
    path.symlink_to(bundle / "twin")


DAMAGE = {
    "truncated": ("agent/core/a.so", lambda p: os.truncate(p, 100), "size-mismatch"),
    "emptied": ("boot.py", lambda p: os.truncate(p, 0), "size-mismatch"),
    "longer": ("boot.py", lambda p: p.write_bytes(p.read_bytes() + b"x"), "size-mismatch"),
    "no longer empty": ("agent/hollow", lambda p: p.write_text("much more than before\n"), "size-mismatch"),
    "missing": ("agent/core/tool", os.unlink, "missing-entry"),
    "missing at the top": ("boot.py", os.unlink, "missing-entry"),
    "missing link": ("agent/current", os.unlink, "missing-entry"),
    "missing empty directory": ("agent/empty", os.rmdir, "missing-entry"),
    "missing directory": ("agent", shutil.rmtree, "missing-entry"),
    "another link": ("agent/current", lambda p: (p.unlink(), p.symlink_to("..")), "link-mismatch"),
    "directory for file": ("agent/core/tool", as_directory, "type-mismatch"),
    "file for directory": ("agent/empty", lambda p: replace(p, b""), "type-mismatch"),
    "file for link": ("agent/current", lambda p: replace(p, b"core"), "type-mismatch"),
    "link for file": ("agent/core/tool", as_link_to_the_same, "type-mismatch"),
    "link for directory": ("agent/core/more", as_link_to_the_same, "type-mismatch"),
    "link for directory at the top": ("agent", as_link_to_the_same, "type-mismatch"),
    "FIFO for file": ("agent/core/tool", as_fifo, "type-mismatch"),
    "FIFO at the top": ("boot.py", as_fifo, "type-mismatch"),
    "socket for file": ("agent/core/tool", as_socket, "type-mismatch"),
    "surplus file": ("agent/core/surplus", lambda p: p.write_text("x"), "surplus-entry"),
    "surplus at the top": ("surplus", lambda p: p.write_text("x"), "surplus-entry"),
    "surplus directory": ("agent/surplus", lambda p: p.mkdir(), "surplus-entry"),
    "surplus link": ("agent/surplus", lambda p: p.symlink_to("/etc"), "surplus-entry"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_payload(used, name):
    bundle, target = used
    path, damage, reason = DAMAGE[name]
    whole = harness.tree(bundle / "payload")
    damage(bundle / "payload" / path)
    harness.expect(harness.injector("verify", "--bundle", bundle), 65, reason, f"payload/{path}")
    if path == "agent/current":
        # A link is made of what the manifest says: the bundle's own is not needed.
        harness.expect(harness.install(bundle, target), 0, "installed")
        assert harness.payload_of(target) == whole
        return
    with unchanged(target):
        harness.expect(harness.install(bundle, target), 65, reason, f"payload/{path}")


@needs_root
def test_device_in_the_bundle(used):
    bundle, target = used
    path = bundle / "payload/agent/core/tool"
    path.unlink()
    os.mknod(path, 0o20644, os.makedev(1, 5))  # /dev/zero: has no end
    with unchanged(target):
        harness.expect(harness.install(bundle, target), 65, "type-mismatch", "payload/agent/core/tool")


def test_a_late_file_damaged_among_many(place, target):
    bundle = harness.pack(place, {f"a/{i:04}": f"{i:04}" * 100 for i in range(800)})
    flip(bundle / "payload/a/0799")
    with unchanged(target):
        harness.expect(harness.install(bundle, target), 65, "digest-mismatch", "payload/a/0799")


def test_damage_that_the_target_makes_up_for(place, target):
    # What is there is right and was hashed: the bundle's damaged copy of it is not read.
    bundle, new = harness.pack(place, FILES), harness.pack(place, NEXT, version="2.0.0")
    harness.install(bundle, target)
    flip(bundle / "payload/boot.py")
    with unchanged(target):
        harness.expect(harness.install(bundle, target), 0, "already-installed")
    whole = harness.tree(new / "payload")
    flip(new / "payload/agent/core/b.so")
    harness.expect(harness.install(new, target), 0, "installed")
    assert harness.payload_of(target) == whole


@pytest.mark.parametrize("remove", ["", "manifest.json"])
def test_no_bundle(place, target, remove):
    bundle = harness.pack(place, FILES)
    at = bundle / remove
    shutil.rmtree(at) if at.is_dir() else at.unlink()
    with unchanged(target):
        harness.expect(harness.install(bundle, target), 66, "bundle-not-found", at)


def test_bundle_without_its_payload(used):
    bundle, target = used
    shutil.rmtree(bundle / "payload")
    with unchanged(target):
        done = harness.install(bundle, target)
        assert done.returncode in (65, 66), done.stderr
        reason = "missing-entry" if done.returncode == 65 else "bundle-not-found"
        harness.expect(done, done.returncode, reason, "payload")


@pytest.mark.parametrize("change", [as_fifo, as_directory, as_socket])
def test_manifest_that_is_no_file(place, target, change):
    bundle = harness.pack(place, FILES)
    change(bundle / "manifest.json")
    with unchanged(target):
        done = harness.install(bundle, target)
        assert done.returncode in (65, 66), done.stderr
        assert "manifest.json" in harness.last_line(done)


def test_payload_that_is_a_link(place, target):
    bundle = harness.pack(place, FILES)
    shutil.move(bundle / "payload", bundle / "elsewhere")
    (bundle / "payload").symlink_to("elsewhere")
    with unchanged(target):
        assert harness.install(bundle, target).returncode == 65


def test_bundle_that_another_user_cannot_read(place, target, user):
    target.chmod(0o777)
    bundle = harness.pack(place, FILES)
    (bundle / "payload/agent/core/tool").chmod(0o700)
    with unchanged(target):
        done = user(12345, "install", "--bundle", bundle, "--target", target)
        assert done.returncode in (65, 74), done.stderr
        assert "payload/agent/core/tool" in harness.last_line(done)
    assert harness.leftovers(target) == []


def test_sizes_beyond_the_limit(place, target):
    bundle = harness.pack(place, FILES)

    def enlarge(document):
        for entry in document["entries"]:
            if entry["path"] == "boot.py":
                entry["size"] = 2 ** 53
    rewrite(bundle, enlarge)
    with unchanged(target):
        done = harness.install(bundle, target)
        assert done.returncode in (65, 75), done.stderr
