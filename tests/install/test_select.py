"""injector install --select: only the entries that are for what was asked, and a record that says so."""

import json
import os

import pytest

import harness

TREES = {"py311-glibc": {"python": "3.11", "libc": "glibc"}, "py312-glibc": {"python": "3.12", "libc": "glibc"},
         "py312-musl": {"python": "3.12", "libc": "musl"}}


def make(place, trees, name="demo", version="1"):
    """The bundle of a library with a tree for each of trees, and a file for everybody."""
    folder = harness.write_tree(place / f"{name}-{version}.library", {"start.py": version})
    artifacts = harness.write_tree(place / f"{name}-{version}.artifacts",
                                   {f"{tree}/lib.py": f"{tree} {version}" for tree in trees})
    (folder / "library.json").write_text(json.dumps({
        "name": name, "version": version, "environment": [],
        "artifacts": [{"from": tree, "path": f"{name}/{tree}"} for tree in trees],
        "files": [{"from": "start.py", "path": f"{name}/start.py"}],
        "selectors": [{"path": f"{name}/{tree}"} | selectors for tree, selectors in trees.items() if selectors]}))
    bundle = place / f"{name}-{version}.bundle"
    done = harness.run(harness.BUNDLER, "pack", "--library", folder, "--artifacts", artifacts, "--output", bundle)
    assert done.returncode == 0, done.stderr
    return bundle


@pytest.fixture
def bundle(place):
    return make(place, TREES)


def trees(target):
    return {at.name for at in (target / "demo").iterdir() if at.is_dir()}


def selection(target):
    at = target / ".injector/demo/selection"
    return at.read_text() if at.exists() else None


@pytest.mark.parametrize("choice, wanted, kept", [
    (None, set(TREES), None),
    ("python=3.12", {"py312-glibc", "py312-musl"}, "python=3.12"),
    ("python=3.12,libc=musl", {"py312-musl"}, "libc=musl,python=3.12"),
    ("python=3.11,python=3.12,libc=glibc", {"py311-glibc", "py312-glibc"}, "libc=glibc,python=3.11,python=3.12"),
    ("python=3.12,python=3.99", {"py312-glibc", "py312-musl"}, "python=3.12,python=3.99"),
    ("arch=s390x", set(TREES), None)])  # nothing here says an architecture
@pytest.mark.parametrize("variable", [False, True])
def test_only_what_was_asked(bundle, target, choice, wanted, kept, variable):
    options = [] if choice is None or variable else ["--select", choice]
    env = {"INJECTOR_SELECT": choice} if choice and variable else None
    line = harness.expect(harness.install(bundle, target, *options, env=env), 0, "installed")
    assert trees(target) == wanted and (target / "demo/start.py").read_text() == "1"
    assert selection(target) == (kept and kept + "\n")
    assert kept is None or kept in line
    assert (target / ".injector/demo/manifest.json").read_bytes() == (bundle / "manifest.json").read_bytes()
    assert harness.injector("verify", "--target", target).returncode == 0


def test_the_same_again_changes_nothing(bundle, target):
    choice = ("--select", "python=3.12,libc=musl")
    harness.install(bundle, target, *choice)
    before = harness.identities(target)
    harness.expect(harness.install(bundle, target, *choice), 0, "already-installed", "libc=musl,python=3.12")
    assert harness.identities(target) == before


def test_another_choice_replaces_the_first(bundle, target):
    for choice, wanted in (("python=3.11", {"py311-glibc"}), ("libc=musl", {"py312-musl"}), (None, set(TREES)),
                           ("python=3.12", {"py312-glibc", "py312-musl"})):
        options = ["--select", choice] if choice else []
        harness.expect(harness.install(bundle, target, *options), 0, "installed")
        assert trees(target) == wanted
        assert selection(target) == (choice and choice + "\n")
        assert harness.injector("verify", "--target", target).returncode == 0
        assert harness.leftovers(target) == []


def test_what_is_kept_is_linked(bundle, target):
    harness.install(bundle, target)
    inode = (target / "demo/py312-musl/lib.py").stat().st_ino
    harness.expect(harness.install(bundle, target, "--select", "libc=musl"), 0, "installed")
    assert (target / "demo/py312-musl/lib.py").stat().st_ino == inode


def test_an_upgrade_keeps_to_the_choice(place, bundle, target):
    harness.install(bundle, target, "--select", "libc=musl")
    harness.expect(harness.install(make(place, TREES, version="2"), target, "--select", "libc=musl"), 0, "installed")
    assert trees(target) == {"py312-musl"}
    assert (target / "demo/py312-musl/lib.py").read_text() == "py312-musl 2"


def test_verify_finds_damage_in_what_was_chosen(bundle, target):
    harness.install(bundle, target, "--select", "python=3.11")
    (target / "demo/py311-glibc/lib.py").write_text("py311-glibc X")
    harness.expect(harness.injector("verify", "--target", target), 65, "digest-mismatch", "py311-glibc/lib.py")


def test_a_tree_that_was_not_chosen_is_surplus(bundle, target):
    harness.install(bundle, target, "--select", "python=3.11")
    harness.write_tree(target / "demo/py312-musl", {"lib.py": "py312-musl 1"})
    harness.expect(harness.injector("verify", "--target", target), 65, "surplus-entry", "demo/py312-musl")
    harness.expect(harness.install(bundle, target, "--select", "python=3.11"), 0, "installed")
    assert trees(target) == {"py311-glibc"}


@pytest.mark.parametrize("text", ["nonsense", "x" * 5000, ""])
def test_a_selection_that_cannot_be_read_is_repaired(bundle, target, text):
    harness.install(bundle, target, "--select", "python=3.11")
    (target / ".injector/demo/selection").write_text(text)
    harness.expect(harness.install(bundle, target, "--select", "python=3.11"), 0, "installed")
    assert selection(target) == "python=3.11\n"


def test_a_link_in_the_selections_place(place, bundle, target):
    harness.install(bundle, target, "--select", "python=3.11")
    (place / "foreign").write_text("mine")
    (target / ".injector/demo/selection").unlink()
    (target / ".injector/demo/selection").symlink_to(place / "foreign")
    harness.expect(harness.install(bundle, target, "--select", "python=3.11"), 0, "installed")
    assert selection(target) == "python=3.11\n" and (place / "foreign").read_text() == "mine"
    assert not (target / ".injector/demo/selection").is_symlink()


@pytest.mark.parametrize("choice, parts", [("python=2.7", ["python 2.7", "3.11, 3.12"]), ("libc=uclibc", ["glibc, musl"]),
                                           ("python=3.11,libc=musl", ["all of libc=musl,python=3.11"])])
def test_nothing_for_what_was_asked(bundle, target, choice, parts):
    done = harness.install(bundle, target, "--select", choice)
    harness.expect(done, 78, "does-not-fit", "demo has nothing for", *parts)
    assert list(target.iterdir()) == []


@pytest.mark.parametrize("choice", ["python", "python=", "=3.12", "os=linux", "python=3.12,", ",", "python=3.12;libc=musl",
                                    "python=3 12", "PYTHON=3.12"])
def test_what_is_no_choice(bundle, target, choice):
    harness.expect(harness.install(bundle, target, "--select", choice), 64, "usage", "--select")
    assert list(target.iterdir()) == []


def test_dry_run(bundle, target):
    harness.expect(harness.install(bundle, target, "--dry-run", "--select", "libc=musl"), 0, "would-install", "libc=musl")
    assert list(target.iterdir()) == []


def test_inspect_shows_it(bundle, target):
    harness.install(bundle, target, "--select", "libc=musl")
    shown = harness.injector("inspect", "--target", target).stdout
    assert "selected: libc=musl\n" in shown and "py312-musl/lib.py" in shown and "py311" not in shown
    assert "py311" in harness.injector("inspect", "--bundle", bundle).stdout


# The architecture is checked without being asked

def test_another_architecture_is_left_out(place, target):
    bundle = make(place, {"here": {"arch": os.uname().machine}, "there": {"arch": "s390x"}})
    harness.expect(harness.install(bundle, target), 0, "installed", f"arch={os.uname().machine}")
    assert trees(target) == {"here"}
    harness.expect(harness.install(bundle, target, "--select", "arch=s390x"), 0, "installed")
    assert trees(target) == {"there"}


def test_a_bundle_for_another_architecture(place, target):
    bundle = make(place, {"there": {"arch": "s390x"}})
    line = harness.expect(harness.install(bundle, target), 78, "does-not-fit", os.uname().machine, "only for s390x")
    assert "image" in line
    assert list(target.iterdir()) == []


def test_a_selected_library_beside_another(place, bundle, target):
    other = make(place, {"tree": {}}, name="other")
    harness.expect(harness.install(other, target, "--select", "python=2.7"), 0, "installed")
    harness.expect(harness.install(bundle, target, "--select", "libc=musl"), 0, "installed")
    assert harness.injector("verify", "--target", target).returncode == 0
    assert trees(target) == {"py312-musl"}


def test_top_level_entries_that_are_not_chosen_go(place, target):
    folder = harness.write_tree(place / "library", {"library.json": json.dumps({
        "name": "demo", "version": "1", "environment": [],
        "artifacts": [{"from": "a", "path": "a"}, {"from": "b", "path": "b"}],
        "selectors": [{"path": "a", "libc": "glibc"}, {"path": "b", "libc": "musl"}]})})
    artifacts = harness.write_tree(place / "artifacts", {"a/x": "a", "b/x": "b"})
    bundle = place / "bundle"
    assert harness.run(harness.BUNDLER, "pack", "--library", folder, "--artifacts", artifacts, "--output", bundle).returncode == 0
    harness.expect(harness.install(bundle, target), 0, "installed")
    harness.expect(harness.install(bundle, target, "--select", "libc=musl"), 0, "installed")
    assert sorted(at.name for at in target.iterdir()) == [".injector", "b"]
