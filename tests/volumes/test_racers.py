"""Somebody who changes the target or the bundle while the injector is at work (racer.cpp), run after run."""

import contextlib
import shutil
import subprocess

import pytest

import harness
from life import check_names, only_line
from steps import BINARY, FILES, NEXT

RACER = harness.ROOT / "build/bin/racer"
ROUNDS = 3000 if harness.LONG else 100
MANY = {f"agent/core/{i % 7}/{i:03}.py": f"{i}\n" * (i % 50) for i in range(120)}
MANY_NEXT = {path: content + "# 2\n" if i % 2 else content for i, (path, content) in enumerate(MANY.items())}


@pytest.fixture
def bundles(place):
    return harness.pack(place, FILES | MANY), harness.pack(place, NEXT | MANY_NEXT, version="2.0.0")


@contextlib.contextmanager
def racing(*pairs, options=()):
    """The racer at work; what it changed is as it was, or as somebody else has made it, when this ends.

    Gives a list, which then holds how often it changed something.
    """
    words = [str(word) for pair in pairs for word in pair]
    with subprocess.Popen([RACER, *options, *words], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "racing\n"
            yield (changes := [])
        finally:
            process.terminate()
            changes.append(int(process.stdout.read()))
    assert process.returncode == 0


class Outside:
    """A place that no install may write to. It holds what the target holds, with other content, and the same again."""

    def __init__(self, place, bundle):
        self.root = place / "outside"
        shutil.copytree(bundle / "payload", self.root / "agent-right", symlinks=True)
        harness.write_tree(self.root, {"lock": "", "demo/manifest.json": "{}", "core/a.so": "evil", "core/tool": "evil",
                                       "__init__.py": "evil", "manifest.json": "{}", "agent/core/a.so": "evil"})
        self.before = harness.tree(self.root), harness.identities(self.root)
        self.inodes = {at.lstat().st_ino for at in self.root.rglob("*")}

    def links(self, place, count):
        """Symbolic links to it, one for each directory that is to be swapped."""
        folder = place / "links"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for i in range(count):
            (folder / str(i)).symlink_to(self.root)
        return [folder / str(i) for i in range(count)]

    def check(self, target):
        for now, before in zip((harness.tree(self.root), harness.identities(self.root)), self.before):
            changed = {path: (before.get(path), now.get(path)) for path in before.keys() | now.keys()
                       if before.get(path) != now.get(path)}
            assert not changed, "the place outside was written to"
        shared = [at for at in target.rglob("*") if at.lstat().st_ino in self.inodes]
        assert not shared, "the target and the place outside share a file"


SWAPPED = {
    "what is published": ("agent", "agent/core", "agent/core/3"),
    "what is kept": (".injector", ".injector/demo"),
    "what is staged": [f".injector/demo/stage-*{below}" for below in (
        "", "/new", "/new/agent", "/new/agent/core", *(f"/new/agent/core/{i}" for i in range(7)))],
}


@pytest.fixture(params=SWAPPED)
def swapped(request):
    return request.param


def test_directories_that_become_links(place, bundles, swapped):
    """Wherever the link is, nothing is written behind it, and the next run ends as if there had been none."""
    old, new = bundles
    outside = Outside(place, new)
    start, target = place / "start", place / "target"
    start.mkdir()
    harness.expect(harness.install(old, start), 0, "installed")
    was, will = harness.payload_of(start), harness.tree(new / "payload")
    changes = 0
    for _ in range(ROUNDS):
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(start, target, symlinks=True)
        paths = [target / path for path in SWAPPED[swapped]]
        with racing(*zip(paths, outside.links(place, len(paths)))) as changed:
            done = harness.install(new, target, "--timeout", "2")
        only_line(done, 0, 73, 74, 75)
        changes += changed[0]
        outside.check(target)
        # Who can take a directory out of the stage can publish what he likes; the rest is never half.
        if swapped != "what is staged":
            check_names(target, was, will, done.returncode == 0)
        only_line(harness.install(new, target), 0)
        assert harness.payload_of(target) == will and harness.leftovers(target) == []
        outside.check(target)
    assert changes, "the racer was never there"


def change(bundle, place):
    """What the bundle's files are exchanged with while it is read: a shorter one, a longer one, an empty directory."""
    spare = place / "spare"
    shutil.copytree(bundle / "payload", spare / "payload", symlinks=True)
    (spare / "payload/agent/core/a.so").write_bytes(BINARY[:0:-1])
    (spare / "payload/agent/core/tool").write_bytes(b"evil")
    (spare / "payload/boot.py").write_bytes(BINARY)
    shutil.rmtree(spare / "payload/agent/core/5")
    (spare / "payload/agent/core/5").mkdir()
    paths = ["agent/core/a.so", "agent/core/tool", "boot.py", "agent/core/5"]
    return [(bundle / "payload" / path, spare / "payload" / path) for path in paths]


@pytest.mark.parametrize("way", ["other files", "other bytes", "another manifest"])
@pytest.mark.parametrize("start", ["empty", "old"])
def test_a_bundle_that_changes_while_it_is_read(place, bundles, way, start):
    """What is published is what one manifest says, or it is a line and nothing at all."""
    old, new = bundles
    pairs = change(new, place)
    if way == "other bytes":
        pairs = pairs[:1]
    if way == "another manifest":
        other = harness.pack(place, NEXT | MANY_NEXT | {"boot.py": "import agent  # 3\n"}, version="3.0.0")
        pairs = [(new / "manifest.json", other / "manifest.json")]
    harness.write_tree(place / "start", {"foreign.txt": "not ours\n"})
    if start == "old":
        harness.expect(harness.install(old, place / "start"), 0, "installed")
    wanted = harness.tree(new / "payload"), (new / "manifest.json").read_bytes()
    target, changes = place / "target", 0
    for _ in range(ROUNDS // 2):
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(place / "start", target, symlinks=True)
        before = harness.tree(target)
        with racing(*pairs, options=["--in-place"] if way == "other bytes" else []) as changed:
            done = harness.install(new, target)
        # A name that is exchanged is, for one look in very many, not there.
        only_line(done, 0, 65, *[66] * (way == "another manifest"))
        changes += changed[0]
        check_bundle(done, target, before, wanted)
    assert changes, "the racer was never there"


def check_bundle(done, target, before, wanted):
    found = harness.tree(target)
    if done.returncode in (65, 66) or ": already-installed: " in done.stderr:
        known = (".injector", ".injector/lock")
        assert {p: e for p, e in found.items() if p not in known} == {p: e for p, e in before.items() if p not in known}
        return
    payload = {path: entry for path, entry in harness.payload_of(target).items() if path != "foreign.txt"}
    assert (payload, (target / ".injector/demo/manifest.json").read_bytes()) == wanted
    assert harness.leftovers(target) == []
