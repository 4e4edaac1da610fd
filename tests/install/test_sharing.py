"""Several libraries, and several users, in one target."""

import os

import pytest

import harness
from steps import FILES, NEXT, assert_installed, names_unchanged, replace, unchanged, untouched

OTHER = {"other/__init__.py": "other\n", "other/data": os.urandom(3000), "other.jar": "jar"}


@pytest.fixture
def libraries(place):
    return harness.pack(place, FILES), harness.pack(place, OTHER, name="other")


def test_two_libraries(place, target, libraries):
    one, two = libraries
    harness.expect(harness.install(one, target), 0, "installed", "demo")
    first = {p: i for p, i in harness.identities(target).items() if not p.startswith(".injector")}
    harness.expect(harness.install(two, target), 0, "installed", "other")
    assert_installed(target, one, two)
    now = harness.identities(target)
    assert {p: now[p] for p in first} == first
    with untouched(target):
        for bundle in libraries:
            harness.expect(harness.install(bundle, target), 0, "already-installed")

    new = harness.pack(place, NEXT, version="2.0.0")
    harness.expect(harness.install(new, target), 0, "installed")
    assert_installed(target, new, two)
    replace(target / "other.jar", b"damaged")
    harness.expect(harness.install(two, target), 0, "installed")
    assert_installed(target, new, two)


@pytest.mark.parametrize("files", [{"boot.py": "theirs"}, {"agent/x": "theirs"}, {"a/b": "x", "boot.py": "theirs"},
                                   {"boot.py/x": "theirs"}, {"agent": "a file"}])
@pytest.mark.parametrize("options", [[], ["--replace"]])
def test_two_that_want_the_same_name(place, target, files, options):
    one, two = harness.pack(place, FILES), harness.pack(place, files, name="other")
    harness.install(one, target)
    name = "boot.py" if any(p.startswith("boot.py") for p in files) else "agent"
    with unchanged(target):
        harness.expect(harness.install(two, target, *options), 73, "name-taken", name, "demo")
    assert_installed(target, one)


def test_two_that_hold_the_same_file(place, target):
    # Even the same bytes: if both owned the name, an upgrade of one would break the other.
    one, two = harness.pack(place, FILES), harness.pack(place, {"boot.py": FILES["boot.py"]}, name="other")
    harness.install(one, target)
    with unchanged(target):
        harness.expect(harness.install(two, target), 73, "name-taken", "boot.py", "demo")


def test_a_name_that_was_given_up_is_free(place, target):
    old, new = harness.pack(place, {"a": "1", "b": "1"}), harness.pack(place, {"a": "2"}, version="2")
    other = harness.pack(place, {"b": "other"}, name="other")
    harness.install(old, target)
    harness.expect(harness.install(other, target), 73, "name-taken", "b", "demo")
    harness.install(new, target)
    harness.expect(harness.install(other, target), 0, "installed")
    assert_installed(target, new, other)
    with unchanged(target):
        harness.expect(harness.install(old, target), 73, "name-taken", "b", "other")


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o2777])
@pytest.mark.parametrize("kind", ["directory", "tmpfs"])
def test_another_library_by_another_user(target, libraries, user, mount, mode, kind):
    target = mount.tmpfs(f"size=8m,mode={mode:o}") if kind == "tmpfs" else target
    target.chmod(mode)
    one, two = libraries
    for uid, bundle in ((12345, one), (23456, two)):
        harness.expect(user(uid, "install", "--bundle", bundle, "--target", target), 0, "installed")
    assert_installed(target, one, two)
    with untouched(target):
        for bundle in libraries:
            harness.expect(user(34567, "install", "--bundle", bundle, "--target", target), 0, "already-installed")


def test_another_library_by_a_user_of_the_same_group(target, libraries, user):
    # runAsGroup or fsGroup: 0775 is all that the two users share.
    os.chown(target, 0, 4711)
    target.chmod(0o2775)
    for uid, bundle in ((12345, libraries[0]), (23456, libraries[1])):
        done = user(uid, "install", "--bundle", bundle, "--target", target, groups=[4711])
        harness.expect(done, 0, "installed")
    assert_installed(target, *libraries)


def test_sticky_tmpfs_is_read_by_another_user(place, mount, user):
    bundle = harness.pack(place, FILES)
    target = mount.tmpfs("size=8m,mode=1777")
    harness.expect(harness.install(bundle, target), 0, "installed")
    assert_installed(target, bundle)
    script = "find . -type f -exec cat {} + && ls -R . && agent/core/tool && cat agent/current/a.so"
    done = harness.run("sh", "-ec", f"({script}) >/dev/null", cwd=target, user=12345, group=12345, extra_groups=[])
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    with untouched(target):
        harness.expect(user(12345, "install", "--bundle", bundle, "--target", target), 0, "already-installed")


@pytest.mark.parametrize("name, reason", [("boot.py", "target-not-writable"), ("agent/core/tool", "name-taken")])
def test_sticky_target_of_another_user_that_needs_repair(place, mount, user, name, reason):
    # Root made it; nobody else can replace an entry of a sticky directory, nor tell whose a damaged directory is.
    bundle = harness.pack(place, FILES)
    target = mount.tmpfs("size=8m,mode=1777")
    harness.install(bundle, target)
    replace(target / name, b"damaged")
    with names_unchanged(target):
        done = user(12345, "install", "--bundle", bundle, "--target", target)
        harness.expect(done, 73, reason, target / name.split("/")[0])
    harness.expect(user(0, "install", "--bundle", bundle, "--target", target), 0, "installed")
    assert_installed(target, bundle)


def test_upgrade_by_another_user_where_the_directory_allows_it(place, target, user):
    target.chmod(0o777)
    old, new = harness.pack(place, {"agent.jar": "1"}), harness.pack(place, {"agent.jar": "2"}, version="2.0.0")
    for uid, bundle in ((12345, old), (23456, new), (0, old), (23456, new)):
        harness.expect(user(uid, "install", "--bundle", bundle, "--target", target), 0, "installed")
        assert_installed(target, bundle)


def test_upgrade_by_another_user_who_may_not_move_a_directory(place, target, user):
    # The kernel lets only those move a directory elsewhere who can write to it: root can.
    target.chmod(0o777)
    old, new = harness.pack(place, FILES), harness.pack(place, NEXT, version="2.0.0")
    user(12345, "install", "--bundle", old, "--target", target)
    with names_unchanged(target):
        done = user(23456, "install", "--bundle", new, "--target", target)
        harness.expect(done, 73, "target-not-writable", target / "agent")
    harness.expect(user(0, "install", "--bundle", new, "--target", target), 0, "installed")
    assert_installed(target, new)


@pytest.mark.parametrize("command", ["verify", "inspect", "env"])
def test_commands_where_several_are_installed(target, libraries, command):
    for bundle in libraries:
        harness.install(bundle, target)
    for name in ("demo", "other"):
        done = harness.injector(command, "--target", target, "--library", name)
        assert done.returncode == 0, done.stderr
    done = harness.injector(command, "--target", target, "--library", "third")
    harness.expect(done, 66, "not-installed", "third")
