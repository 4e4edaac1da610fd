"""Names in the target that are taken: by cp -r of another time, by an application, by a link."""

import shutil
import subprocess

import pytest

import harness
from steps import BINARY, FILES, assert_installed, replace, unchanged, untouched


def copied(bundle, target):
    """What an init container with cp -r left: the payload, no record."""
    subprocess.run(["cp", "-r", f"{bundle}/payload/.", target], check=True)


def test_jar_that_cp_left_is_replaced(place, target):
    bundle = harness.pack(place, {"dd-java-agent.jar": BINARY})
    replace(target / "dd-java-agent.jar", b"an old jar")
    harness.expect(harness.install(bundle, target), 0, "installed")
    assert_installed(target, bundle)


def test_identical_tree_is_adopted(place, target):
    bundle = harness.pack(place, FILES)
    copied(bundle, target)
    before = harness.identities(target)
    done = harness.install(bundle, target)
    assert done.returncode == 0, done.stderr
    assert_installed(target, bundle)
    files = [p for p in before if (target / p).is_file() and not (target / p).is_symlink() and "/" in p]
    kept = [p for p in files if harness.identities(target)[p][0] == before[p][0]]
    assert set(files) - set(kept) <= {"agent/core/a.so", "agent/core/b.so"}, "adopted means not written again"
    with untouched(target):
        harness.expect(harness.install(bundle, target), 0, "already-installed")


CHANGES = {
    "another file": lambda t: replace(t / "agent/core/tool", b"theirs"),
    "a missing file": lambda t: (t / "agent/core/tool").unlink(),
    "a surplus file": lambda t: replace(t / "agent/theirs.txt", b"theirs"),
    "all theirs": lambda t: (shutil.rmtree(t / "agent"), (t / "agent").mkdir(), replace(t / "agent/x", b"theirs")),
    "empty": lambda t: (shutil.rmtree(t / "agent"), (t / "agent").mkdir()),
}


@pytest.mark.parametrize("name", CHANGES)
def test_differing_directory(place, target, name):
    bundle = harness.pack(place, FILES)
    copied(bundle, target)
    CHANGES[name](target)
    theirs = harness.tree(target / "agent")
    with unchanged(target):
        harness.expect(harness.install(bundle, target), 73, "name-taken", "agent", "--replace")

    harness.expect(harness.install(bundle, target, "--replace"), 0, "installed")
    moved = list((target / ".injector/replaced").iterdir())
    assert len(moved) == 1 and moved[0].name.startswith("agent")
    assert harness.tree(moved[0]) == theirs
    shutil.rmtree(target / ".injector/replaced")
    assert_installed(target, bundle)


def test_replace_twice_loses_nothing(place, target):
    bundle = harness.pack(place, {"agent/x": "ours"})
    for content in ("first", "second"):
        shutil.rmtree(target / ".injector/demo", ignore_errors=True)
        shutil.rmtree(target / "agent", ignore_errors=True)
        harness.write_tree(target, {f"agent/{content}": content})
        harness.expect(harness.install(bundle, target, "--replace"), 0, "installed")
    kept = {p.rsplit("/", 1)[-1] for p in harness.tree(target / ".injector/replaced")}
    assert {"first", "second"} <= kept
    assert harness.payload_of(target) == harness.tree(bundle / "payload")


def test_foreign_directory_where_a_file_goes(place, target):
    bundle = harness.pack(place, {"agent.jar": BINARY})
    harness.write_tree(target, {"agent.jar/inside": "theirs"})
    with unchanged(target):
        harness.expect(harness.install(bundle, target), 73, "name-taken", "agent.jar", "--replace")
    harness.expect(harness.install(bundle, target, "--replace"), 0, "installed")
    assert "theirs" in {p.read_text() for p in (target / ".injector/replaced").rglob("inside")}


@pytest.mark.parametrize("payload", [{"agent": "file"}, {"agent/x": "directory"}], ids=["by a file", "by a directory"])
@pytest.mark.parametrize("there", ["file", "link to a file", "link to a directory", "dangling link", "loop"])
def test_files_and_links_are_replaced_as_cp_would(place, target, payload, there):
    outside = harness.write_tree(place / "outside", {"x": "theirs", "d/y": "theirs"})
    at = target / "agent"
    if there == "file":
        at.write_text("old")
    else:
        at.symlink_to({"link to a file": outside / "x", "link to a directory": outside / "d",
                       "dangling link": outside / "new", "loop": "agent"}[there])
    bundle = harness.pack(place, payload)
    with untouched(outside):
        harness.expect(harness.install(bundle, target), 0, "installed")
    assert_installed(target, bundle)


def test_refused_before_anything_is_published(place, target):
    # The taken name is the last of the order: the names before it must not appear.
    bundle = harness.pack(place, {"a/x": "1", "b/x": "1", "z/x": "1"})
    harness.write_tree(target, {"z/theirs": "x"})
    with unchanged(target):
        harness.expect(harness.install(bundle, target), 73, "name-taken", "z")


def test_own_name_that_became_foreign_stays_ours(place, target):
    # The record says that agent/ is ours, so a wholly different directory there is damage, not a stranger.
    bundle = harness.pack(place, FILES)
    harness.install(bundle, target)
    CHANGES["all theirs"](target)
    harness.expect(harness.install(bundle, target), 0, "installed")
    assert_installed(target, bundle)


def test_new_version_wants_a_name_that_is_foreign(place, target):
    old, new = harness.pack(place, {"a/x": "1"}), harness.pack(place, {"a/x": "2", "b/x": "2"}, version="2")
    harness.install(old, target)
    harness.write_tree(target, {"b/theirs": "x"})
    with unchanged(target):
        harness.expect(harness.install(new, target), 73, "name-taken", "b")
