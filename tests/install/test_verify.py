"""verify and inspect, of a bundle and of a target."""

import json
import os
import shutil

import pytest

import harness
from steps import BINARY, FILES, flip, manifest, needs_root, replace, untouched


@pytest.fixture(params=["bundle", "target"])
def place_of(request, place, target):
    """(option, directory of the payload, prefix of paths in messages, arguments) for a bundle and a target."""
    bundle = harness.pack(place, FILES)
    if request.param == "bundle":
        return bundle / "payload", ["--bundle", bundle], "payload/"
    harness.install(bundle, target)
    return target, ["--target", target], ""


DIFFERENCES = {
    "flipped": ("agent/core/a.so", flip, "digest-mismatch"),
    "truncated": ("boot.py", lambda p: os.truncate(p, 1), "size-mismatch"),
    "missing": ("agent/core/tool", os.unlink, "missing-entry"),
    "missing directory": ("agent/hollow", os.rmdir, "missing-entry"),
    "link": ("agent/current", lambda p: (p.unlink(), p.symlink_to("hollow")), "link-mismatch"),
    "type": ("agent/empty", lambda p: (p.unlink(), p.mkdir()), "type-mismatch"),
    "FIFO": ("agent/empty", lambda p: (p.unlink(), os.mkfifo(p)), "type-mismatch"),
    "unreadable": ("agent/core/tool", lambda p: p.chmod(0o700), "mode-mismatch"),
    "not executable": ("agent/core/tool", lambda p: p.chmod(0o644), "mode-mismatch"),
    "closed directory": ("agent/core", lambda p: p.chmod(0o700), "mode-mismatch"),
    "surplus": ("agent/core/x.pyc", lambda p: p.write_text("x"), "surplus-entry"),
    "surplus directory": ("agent/x", lambda p: p.mkdir(), "surplus-entry"),
}


def test_verified(place_of):
    root, arguments, _ = place_of
    with untouched(root):
        done = harness.injector("verify", *arguments)
        harness.expect(done, 0, "verified", "demo", "1.0.0")
    assert done.stdout == ""


@pytest.mark.parametrize("name", DIFFERENCES)
def test_difference(place_of, name):
    root, arguments, prefix = place_of
    path, damage, reason = DIFFERENCES[name]
    damage(root / path)
    with untouched(root):
        line = harness.expect(harness.injector("verify", *arguments), 65, reason)
    # A digest is named with the file that was read, which may be its hard link.
    assert f"{prefix}{path}" in line or reason == "digest-mismatch" and f"{prefix}agent/core/b.so" in line


def test_the_first_difference_of_many(place_of):
    root, arguments, prefix = place_of
    (root / "agent/core/tool").unlink()
    (root / "boot.py").unlink()
    os.truncate(root / "only-in-1.py", 1)
    for _ in range(5):
        harness.expect(harness.injector("verify", *arguments), 65, "missing-entry", f"{prefix}agent/core/tool")


def test_wrong_digests_say_both(place, target):
    bundle = harness.pack(place, {"a": "1"})
    replace(bundle / "payload/a", b"2")
    line = harness.expect(harness.injector("verify", "--bundle", bundle), 65, "digest-mismatch", "payload/a")
    assert "6b86b2" in line and "d4735e" in line, "what the manifest says, and what is there"


def test_foreign_files_in_a_target_are_no_difference(place, target):
    harness.install(harness.pack(place, FILES), target)
    harness.write_tree(target, {"theirs/x": "x", "theirs.txt": "x"})
    harness.expect(harness.injector("verify", "--target", target), 0, "verified")


def test_surplus_at_the_top_of_a_bundle(place):
    bundle = harness.pack(place, FILES)
    (bundle / "payload/zzz").write_text("x")
    harness.expect(harness.injector("verify", "--bundle", bundle), 65, "surplus-entry", "payload/zzz")


@pytest.mark.parametrize("command", ["verify", "inspect", "env"])
def test_nothing_there(place, target, command):
    harness.expect(harness.injector(command, "--target", target), 66, "not-installed", target)
    harness.expect(harness.injector(command, "--target", target, "--library", "demo"), 66, "not-installed")
    harness.expect(harness.injector(command, "--bundle", target), 66, "bundle-not-found", target)
    harness.expect(harness.injector(command, "--bundle", place / "no"), 66, "bundle-not-found", place / "no")
    done = harness.injector(command, "--target", place / "no")
    assert done.returncode in (66, 73), done.stderr


@pytest.mark.parametrize("command", ["verify", "inspect", "env"])
@pytest.mark.parametrize("name", ["../outside", ".", "..", "", "/etc", "demo/", "lock"])
def test_library_names_that_lead_out(place, target, command, name):
    harness.install(harness.pack(place, FILES), target)
    harness.write_tree(place, {"outside/manifest.json": (target / ".injector/demo/manifest.json").read_text()})
    done = harness.injector(command, "--target", target, "--library", name)
    assert done.returncode in (64, 66), done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("command", ["verify", "inspect", "env"])
def test_a_target_with_the_record_gone(place, target, command):
    harness.install(harness.pack(place, FILES), target)
    shutil.rmtree(target / ".injector/demo")
    harness.expect(harness.injector(command, "--target", target), 66, "not-installed")


@pytest.mark.parametrize("command", ["verify", "inspect", "env"])
def test_a_damaged_record(place, target, command):
    harness.install(harness.pack(place, FILES), target)
    replace(target / ".injector/demo/manifest.json", b'{"schemaVersion": 1')
    done = harness.injector(command, "--target", target, "--library", "demo")
    harness.expect(done, 65, "manifest-invalid", ".injector/demo/manifest.json")
    assert done.stdout == ""


@pytest.mark.parametrize("command", ["verify", "inspect", "env"])
def test_a_record_under_another_name(place, target, command):
    bundle = harness.pack(place, FILES)
    harness.install(bundle, target)
    (target / ".injector/demo").rename(target / ".injector/other")
    done = harness.injector(command, "--target", target, "--library", "other")
    assert done.returncode == 65, done.stderr


def test_verify_without_a_name_covers_all(place, target):
    one, two = harness.pack(place, FILES), harness.pack(place, {"other.jar": BINARY}, name="other")
    for bundle in (one, two):
        harness.install(bundle, target)
    done = harness.injector("verify", "--target", target)
    assert done.returncode in (0, 64), done.stderr
    if done.returncode == 0:
        for damaged in ("boot.py", "other.jar"):
            flip(target / damaged)
            harness.expect(harness.injector("verify", "--target", target), 65, "digest-mismatch", damaged)
            flip(target / damaged)
    flip(target / "other.jar")
    harness.expect(harness.injector("verify", "--target", target, "--library", "demo"), 0, "verified", "demo")
    harness.expect(harness.injector("verify", "--target", target, "--library", "other"), 65, "digest-mismatch")


def test_inspect_json_is_the_manifest(place_of):
    root, arguments, _ = place_of
    record = root.parent if root.name == "payload" else root / ".injector/demo"
    with untouched(root):
        done = harness.injector("inspect", *arguments, "--output", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == manifest(record)


def test_inspect_text_is_for_people(place_of):
    _, arguments, _ = place_of
    done = harness.injector("inspect", *arguments)
    assert done.returncode == 0, done.stderr
    for part in ("demo", "1.0.0", "agent/core/tool", "boot.py"):
        assert part in done.stdout, part
    assert done.stdout == harness.injector("inspect", *arguments, "--output", "text").stdout


@needs_root
def test_verify_by_another_user(place, target, user):
    bundle = harness.pack(place, FILES)
    harness.install(bundle, target)
    for arguments in (["--bundle", bundle], ["--target", target]):
        harness.expect(user(12345, "verify", *arguments), 0, "verified")
