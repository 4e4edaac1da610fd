"""What is installed is hashed, never believed: damage is repaired, and only damage is written."""

import os
import resource
import shutil
import stat
import subprocess

import pytest

import harness
from steps import BINARY, FILES, NEXT, assert_installed, flip, replace, unchanged, untouched


def removed(path):
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def as_link(path):
    removed(path)
    path.symlink_to("/etc/passwd")


def as_directory(path):
    removed(path)
    path.mkdir()
    (path / "inside").write_text("x")


def with_mode(mode):
    return lambda path: path.chmod(mode)


DAMAGE = {
    "flipped": ("agent/core/tool", flip),
    "flipped with its twin": ("agent/core/a.so", flip),
    "first byte": ("agent/core/a.so", lambda p: flip(p, 0)),
    "last byte": ("boot.py", lambda p: flip(p, p.stat().st_size - 1)),
    "emptied": ("agent/core/tool", lambda p: os.truncate(p, 0)),
    "emptied at the top": ("boot.py", lambda p: os.truncate(p, 0)),
    "truncated": ("agent/core/a.so", lambda p: os.truncate(p, 4096)),
    "zeros, as after a power cut": ("boot.py", lambda p: p.write_bytes(b"\0" * p.stat().st_size)),
    "longer": ("agent/empty", lambda p: p.write_text("x")),
    "removed": ("agent/core/tool", removed),
    "removed at the top": ("boot.py", removed),
    "removed directory": ("agent", removed),
    "removed empty directory": ("agent/hollow", removed),
    "removed link": ("agent/current", removed),
    "link elsewhere": ("agent/current", as_link),
    "link for a file": ("agent/core/tool", as_link),
    "link for a file at the top": ("boot.py", as_link),
    "link for a directory": ("agent/core", as_link),
    "directory for a file": ("agent/empty", as_directory),
    "file for a directory": ("agent/core", lambda p: replace(p, b"x")),
    "file for a link": ("agent/current", lambda p: replace(p, b"core")),
    "surplus in an empty directory": ("agent/hollow", lambda p: (p / "x").write_text("x")),
    "unreadable for others": ("agent/core/tool", with_mode(0o750)),
    "unreadable at the top": ("boot.py", with_mode(0o600)),
    "no longer executable": ("agent/core/tool", with_mode(0o644)),
    "closed directory": ("agent/core", with_mode(0o700)),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_repaired(place, target, name):
    bundle = harness.pack(place, FILES)
    harness.install(bundle, target)
    path, damage = DAMAGE[name]
    before = harness.identities(target)
    damage(target / path)
    harness.expect(harness.install(bundle, target), 0, "installed", "demo")
    assert_installed(target, bundle)

    after = harness.identities(target)
    kept = {p for p in before if before[p][0] == after[p][0] and not (target / p).is_dir()}
    files = {p for p in harness.tree(target) if (target / p).is_file() and not (target / p).is_symlink()}
    twins = {"agent/core/a.so", "agent/core/b.so"}
    assert kept >= files - {path} - {p for p in files if p.startswith(path + "/")} - twins - {
        ".injector/demo/manifest.json"}, "what was right was written again"
    with untouched(target):
        harness.expect(harness.install(bundle, target), 0, "already-installed")


@pytest.mark.parametrize("damage", [removed, flip, lambda p: os.truncate(p, 0), lambda p: replace(p, b"{}"),
                                    lambda p: removed(p.parent)])
def test_record(place, target, damage):
    # The payload is right: what lacks is the knowledge that it is ours.
    bundle = harness.pack(place, FILES)
    harness.install(bundle, target)
    damage(target / ".injector/demo/manifest.json")
    done = harness.install(bundle, target)
    assert done.returncode == 0, done.stderr
    assert_installed(target, bundle)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]", b"{}", b"[" * 100000, b"null", os.urandom(300)])
def test_unreadable_record_counts_as_absent_with_a_warning(place, target, content):
    bundle = harness.pack(place, FILES)
    harness.install(bundle, target)
    replace(target / ".injector/demo/manifest.json", content)
    flip(target / "boot.py")
    done = harness.install(bundle, target)
    harness.expect(done, 0, "installed")
    assert ".injector/demo/manifest.json" in done.stderr
    assert "warn" in done.stderr.lower()
    assert_installed(target, bundle)


def test_record_that_claims_what_is_not_ours(place, target):
    # Anybody who writes to the volume can have written the record: it must not make us remove what is outside.
    outside = harness.write_tree(place / "outside", {"precious": "x"})
    harness.write_tree(target, {"theirs": "y"})
    new, old = harness.pack(place, NEXT, version="2.0.0"), harness.pack(place, FILES)
    harness.install(old, target)
    record = target / ".injector/demo/manifest.json"
    text = record.read_text()
    for claim in ("../outside", "../outside/precious", "/etc/hostname", ".injector"):
        replace(record, text.replace("only-in-1.py", claim).encode())
        with untouched(outside):
            done = harness.install(new, target, "--replace")
            assert done.returncode == 0, done.stderr
        assert (target / "theirs").read_text() == "y"
        done = harness.install(old, target, "--replace")
        assert done.returncode == 0, done.stderr
        assert (target / ".injector/lock").exists()


@pytest.mark.parametrize("surplus", ["agent/core/__pycache__/x.pyc", "agent/sitecustomize.py", "agent/hollow/deep/er/x",
                                     "agent/.hidden"])
def test_surplus_of_an_application_goes(place, target, surplus):
    bundle = harness.pack(place, FILES)
    harness.install(bundle, target)
    harness.write_tree(target, {surplus: "stale", "theirs/x.pyc": "theirs"})
    harness.expect(harness.install(bundle, target), 0, "installed")
    assert_installed(target, bundle, foreign={"theirs"})
    assert (target / "theirs/x.pyc").read_text() == "theirs"


def test_surplus_of_great_depth(place, target):
    # Deeper than a path can be long, and than there are descriptors.
    bundle = harness.pack(place, FILES)
    harness.install(bundle, target)
    here = os.getcwd()
    os.chdir(target / "agent/hollow")
    for _ in range(3000):
        os.mkdir("d")
        os.chdir("d")
    os.chdir(here)
    try:
        few = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
        harness.expect(harness.install(bundle, target, preexec_fn=few), 0, "installed")
        assert_installed(target, bundle)
    finally:
        subprocess.run(["rm", "-rf", target], check=True)  # Python's own rmtree is not up to it


def kubelet(root, group):
    """What the kubelet does to a volume for fsGroup: group, g+rw, setgid on directories."""
    for at in [root, *root.rglob("*")]:
        if at.is_symlink():
            continue
        os.chown(at, -1, group)
        at.chmod(stat.S_IMODE(at.stat().st_mode) | (0o2775 if at.is_dir() else 0o664))


def test_modes_of_fsgroup_count_as_installed(place, target):
    group = 4711 if os.geteuid() == 0 else os.getgid()
    bundle = harness.pack(place, FILES)
    harness.install(bundle, target)
    kubelet(target, group)
    assert stat.S_IMODE((target / "boot.py").stat().st_mode) == 0o664
    assert stat.S_IMODE((target / "agent").stat().st_mode) == 0o2775
    with untouched(target):
        harness.expect(harness.install(bundle, target), 0, "already-installed")
    assert harness.injector("verify", "--target", target).returncode == 0


def test_repair_and_upgrade_where_fsgroup_changed_the_modes(place, target, user):
    target.chmod(0o2777)
    old, new = harness.pack(place, FILES), harness.pack(place, NEXT, version="2.0.0")
    for uid, bundle in ((1001, old), (1002, old), (1002, new), (1001, old)):
        if bundle == old and (target / "boot.py").exists():
            (target / "boot.py").unlink()
        done = user(uid, "install", "--bundle", bundle, "--target", target, gid=4711)
        harness.expect(done, 0, "installed")
        kubelet(target, 4711)
        payload = harness.tree(bundle / "payload")
        assert {p: (t, d) for p, (t, _, d) in harness.payload_of(target).items()} == {
            p: (t, d) for p, (t, _, d) in payload.items()}
        assert harness.leftovers(target) == []


LARGE = {f"agent/{i}": os.urandom(1 << 20) for i in range(8)} | {"boot.py": "1"}


@pytest.mark.parametrize("kind", ["tmpfs", "ext4"])
def test_room_for_one_tree_and_a_half(place, mount, kind):
    old = harness.pack(place, LARGE)
    changed = LARGE | {"agent/0": os.urandom(1 << 20), "agent/1": os.urandom(1 << 20), "boot.py": "2"}
    new = harness.pack(place, changed, version="2.0.0")
    other = harness.pack(place, {p: os.urandom(1 << 20) for p in LARGE}, version="3.0.0")
    target = mount.tmpfs("size=12m") if kind == "tmpfs" else mount.ext4(13 << 20, "-O", "^has_journal")
    harness.expect(harness.install(old, target), 0, "installed")
    for path in ("agent/2", "agent/3", "agent/4"):
        flip(target / path)
    harness.expect(harness.install(old, target), 0, "installed")
    assert_installed(target, old)
    harness.expect(harness.install(new, target), 0, "installed", "2.0.0")
    assert_installed(target, new)
    with unchanged(target):
        harness.expect(harness.install(other, target), 75, "no-space")
    harness.expect(harness.install(old, target), 0, "installed", "1.0.0")
    assert_installed(target, old)


def test_twins_flipped_in_the_target_do_not_reach_a_third(place, target):
    # A hard link is made of what was hashed, not of what merely has the name.
    bundle = harness.pack(place, {f"a/{i}": BINARY for i in range(3)})
    harness.install(bundle, target)
    replace(target / "a/1", BINARY[:-1] + b"X")
    harness.expect(harness.install(bundle, target), 0, "installed")
    assert_installed(target, bundle)
