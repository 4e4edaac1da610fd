"""A link, a file or a FIFO planted under every name that is written: nothing outside the target is touched."""

import os
import pathlib

import pytest

import harness
from steps import FILES, NEXT, assert_installed, needs_root, unchanged, untouched

OURS = [".injector", ".injector/lock", ".injector/demo", ".injector/demo/manifest.json", ".injector/demo/stage-0",
        ".injector/demo/previous-0.json", ".injector/replaced"]
THEIRS = ["agent", "boot.py", "agent/core", "agent/core/a.so", "agent/core/tool", "agent/current", "agent/empty",
          "agent/hollow", "agent/__init__.py", "only-in-1.py"]


@pytest.fixture
def outside(place):
    return harness.write_tree(place / "outside", {
        "file": "precious", "directory/a.so": "precious", "directory/core/tool": "precious", "directory/lock": "",
        "directory/manifest.json": "{}", "directory/demo/manifest.json": "{}"})


def plant(at, what, outside):
    at.parent.mkdir(parents=True, exist_ok=True)
    if at.is_dir() and not at.is_symlink():
        at.rename(outside.parent / "moved")
    else:
        at.unlink(missing_ok=True)
    if what == "hard link":
        at.hardlink_to(outside / "file")
    elif what == "FIFO":
        os.mkfifo(at)
    elif what == "file":
        at.write_text("planted")
    else:
        at.symlink_to(outside / {"link to a file": "file", "link to a directory": "directory",
                                 "dangling link": "new"}[what])


def contents(root):
    """Bytes, modes, owners and times, but not the count of links: planting changed it and a removal does again."""
    return {str(p): (s.st_mode, s.st_uid, s.st_size, s.st_mtime_ns, s.st_ino) for p in sorted(root.rglob("*"))
            for s in [p.lstat()]}, harness.tree(root)


@pytest.mark.parametrize("what", ["link to a file", "link to a directory", "dangling link", "hard link", "FIFO",
                                  "file"])
@pytest.mark.parametrize("name", OURS + THEIRS)
@pytest.mark.parametrize("start", ["empty", "installed"])
def test_planted(place, target, outside, name, what, start):
    old, new = harness.pack(place, FILES), harness.pack(place, NEXT, version="2.0.0")
    if start == "installed":
        harness.install(old, target)
    elif name in THEIRS[2:]:
        return  # a foreign directory then, or a foreign name: see test_names.py
    plant(target / name, what, outside)
    if start == "empty" and name.startswith(".injector/demo/"):
        harness.write_tree(target, {"agent/theirs": "x"})  # so that --replace has something to move
    before, mode = contents(outside), target.stat().st_mode
    planted = harness.tree(target)
    done = harness.install(new, target, "--replace")

    assert contents(outside) == before
    assert set(os.listdir(place)) - {"moved"} == {"demo-1.0.0.bundle", "demo-1.0.0.in", "demo-2.0.0.bundle",
                                                  "demo-2.0.0.in", "outside", "target"}
    assert target.stat().st_mode == mode
    if done.returncode == 0:
        harness.expect(done, 0, "installed", "2.0.0")
        payload = harness.payload_of(target)
        if name.endswith("manifest.json"):
            payload.pop("only-in-1.py", None)  # nothing says any more that it was ours
        assert payload == harness.tree(new / "payload")
        assert harness.injector("verify", "--target", target).returncode == 0
        assert not any(p.is_symlink() for p in (target / ".injector").rglob("*") if "replaced" not in p.parts)
        return
    assert name.startswith(".injector"), done.stderr
    harness.expect(done, 73, "target-unsafe", target / name)
    left = harness.tree(target)
    for made in (".injector", ".injector/lock"):
        if made not in planted:
            left.pop(made, None)
    assert left == planted


@pytest.mark.parametrize("command", ["verify", "inspect", "env"])
@pytest.mark.parametrize("name", [".injector", ".injector/demo", ".injector/demo/manifest.json"])
def test_reading_commands_follow_no_link(place, target, name, command):
    real, bundle = place / "real", harness.pack(place, FILES)
    real.mkdir()
    harness.install(bundle, real)
    harness.install(bundle, target)
    at = target / name
    at.rename(place / "moved")
    at.symlink_to(real / name)
    done = harness.injector(command, "--target", target)
    assert done.returncode in (66, 73), done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("name", ["agent", "agent/core", "agent/core/tool"])
def test_verify_follows_no_link(place, target, name):
    # The bytes behind the link are right: it is the link that is not.
    bundle = harness.pack(place, FILES)
    harness.install(bundle, target)
    at = target / name
    at.rename(place / "moved")
    at.symlink_to(place / "moved")
    with untouched(target):
        harness.expect(harness.injector("verify", "--target", target), 65, "type-mismatch", name)


def test_bundle_below_a_link_may_not_leave_it(place, target):
    bundle = harness.pack(place, FILES)
    core = bundle / "payload/agent/core"
    core.rename(place / "core")
    core.symlink_to(place / "core")
    with unchanged(target):
        harness.expect(harness.install(bundle, target), 65, "type-mismatch", "payload/agent/core")


def test_target_that_is_a_link_to_a_directory(place, target):
    # The path that the user gave may be one: only what is inside is not believed.
    bundle = harness.pack(place, FILES)
    (place / "link").symlink_to(target)
    harness.expect(harness.install(bundle, place / "link"), 0, "installed")
    assert_installed(target, bundle)


@needs_root
def test_a_mount_point_inside_is_not_removed(place, target, mount):
    bundle = harness.pack(place, FILES)
    harness.install(bundle, target)
    inside = mount.tmpfs("size=1m")
    harness.write_tree(inside, {"precious": "x"})
    at = target / "agent/hollow"
    assert harness.run("mount", "--bind", inside, at).returncode == 0
    try:
        done = harness.install(bundle, target)
        assert (inside / "precious").read_text() == "x", done.stderr
    finally:
        for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
            if line.split()[1].startswith(str(target)):
                harness.run("umount", line.split()[1])
