"""What can happen to a library on a volume, from the first install to the last: the same steps on every file system."""

import shutil
import typing

import harness
from state import by_name, states
from steps import manifest

FOREIGN = {"foreign/deep/file": "not ours\n", "foreign.txt": "not ours either\n"}
FALLBACK = {"agent/__init__.py": "# nothing\n", "agent/sub/x.py": "# nothing\n", "boot.py": "# nothing\n"}
PRECIOUS = "a stranger's only copy\n"


class Life(typing.NamedTuple):
    """A library in two versions on a volume."""

    target: typing.Any
    old: typing.Any
    new: typing.Any
    modes: bool = True  # False where the file system has one mode for everything

    def whole(self):
        """From nothing of ours to a repaired 2.0.0."""
        harness.write_tree(self.target, FOREIGN)
        self.falls_back()
        self.installs(self.old)
        self.upgrades()
        self.repairs()

    def falls_back(self):
        """There is no library: the fallback fills its names, and gives way afterwards like an older version."""
        fallback = harness.pack(self.old.parent, FALLBACK, version="0")
        tree = self._comparable(harness.tree(fallback / "payload"))
        for _ in range(2):
            done = harness.install(self.old.parent / "none", self.target, "--on-failure=continue", "--fallback", fallback)
            harness.expect(done, 0, "bundle-not-found", "the application has the fallback")
            agreed = states(self.payload(), fallback=tree)
            assert all("fallback" in agreed[name] for name in by_name(tree)), agreed

    def installs(self, bundle, *options):
        harness.expect(harness.install(bundle, self.target, *options), 0, "installed")
        self.rests(bundle)

    def rests(self, bundle):
        """Installed: the next run has nothing to do, and so says verify."""
        self.holds(bundle)
        harness.expect(harness.install(bundle, self.target), 0, "already-installed")
        harness.expect(harness.injector("verify", "--target", self.target), 0, "verified")
        self.holds(bundle)

    def upgrades(self):
        self.installs(self.new)
        self.installs(self.old)
        self.installs(self.new)

    def repairs(self):
        """Of 2.0.0, which is installed."""
        (self.target / "boot.py").write_text("damaged")
        (self.target / "agent/core/a.so").unlink()
        (self.target / "agent/core/stray.pyc").write_text("surplus")
        shutil.rmtree(self.target / "agent/empty")
        self.installs(self.new)

    def replaces(self):
        """A stranger's directory in the way is refused, then moved away, and then it stays where it is kept."""
        harness.write_tree(self.target, FOREIGN | {"agent/data/precious": PRECIOUS, "boot.py": "a stranger's file\n"})
        before = self.payload()
        harness.expect(harness.install(self.new, self.target), 73, "name-taken", self.target / "agent")
        assert self.payload() == before
        self.installs(self.new, "--replace")
        self.keeps("agent")
        self.repairs()
        self.keeps("agent")
        self.installs(self.old, "--replace")
        self.keeps("agent")

    def keeps(self, name):
        """What was moved away is there once, whole, below .injector/replaced, and nothing else is."""
        kept = [at for at in (self.target / ".injector/replaced").rglob("*") if not at.is_dir()]
        assert [at.read_text() for at in kept] == [PRECIOUS]
        assert str(kept[0]).endswith("/data/precious") and name in str(kept[0])
        assert len(list(self.target.rglob("precious"))) == 1

    def payload(self):
        """All but .injector, without what this file system cannot say."""
        return self._comparable(harness.payload_of(self.target))

    def _comparable(self, tree):
        return tree if self.modes else {path: (kind, None, content) for path, (kind, _, content) in tree.items()}

    def holds(self, bundle):
        """The payload, the record, what is foreign, and nothing that a run has left."""
        found = self.payload()
        foreign = {path for path in found if path.startswith("foreign")}
        assert {path: entry for path, entry in found.items() if path not in foreign} == self._comparable(
            harness.tree(bundle / "payload"))
        assert {path: (self.target / path).read_text() for path in FOREIGN} == FOREIGN
        library = self.target / ".injector" / manifest(bundle)["name"]
        assert (library / "manifest.json").read_bytes() == (bundle / "manifest.json").read_bytes()
        assert harness.leftovers(self.target) == []

    def state(self):
        """What a run that cannot install leaves as it was: each name, whole, and the record."""
        record = self.target / ".injector/demo/manifest.json"
        return self.payload(), record.read_bytes() if record.exists() else None


def only_line(done, *codes):
    """One closing line, as ever, and one of these codes."""
    assert done.returncode in codes, f"exit {done.returncode}: {done.stderr}"
    line = harness.last_line(done)
    assert line.startswith("injector: ") and line.endswith(f"(exit {done.returncode})"), done.stderr
    return line


def check_names(target, was, will, installed):
    """Each name as it was or as it will be, whole; as it will be where that was said, but for what has to go."""
    for name, agreed in states(harness.payload_of(target), old=was, new=will).items():
        assert not installed or name not in by_name(will) or "new" in agreed, f"{name} is not new"
        # A link that the racer could not take back is its own.
        assert agreed & {"old", "new"} or (target / name).is_symlink(), f"{name} is neither old nor new"
