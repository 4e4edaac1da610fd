"""A library of one name, as each of ours is, that is upgraded while something happens to the volume below it."""

import subprocess

import pytest

import harness
from state import states
from life import FOREIGN, Life
from steps import FILES, NEXT

CALLS = "mkdirat,write,linkat,symlinkat,renameat,renameat2,unlinkat,syncfs,fsync"


def packed(place):
    """Its versions 1.0.0 and 2.0.0: what an application loads is then all old or all new."""
    below = [{path: content for path, content in files.items() if path.startswith("agent/")} for files in (FILES, NEXT)]
    harness.pack(place, {"agent/__init__.py": "# inert\n", "agent/core/a.so": ""}, version="0").rename(place / "fallback.bundle")
    return harness.pack(place, below[0]), harness.pack(place, below[1], version="2.0.0")


# What can be seen before the new version, by what there is at the start; the fallback comes to where nothing is.
BEFORE = {"nothing": ["nothing"], "old": ["old"], "fallback": ["nothing", "fallback"]}


class OneName(Life):
    fallback = property(lambda self: self.new.with_name("fallback.bundle"))

    def options(self, start):
        """With which the fallback comes first."""
        return ["--on-failure=continue", "--fallback", self.fallback] if start == "fallback" else []

    def fresh(self, start):
        """The same each time, nothing or the old version, and all of it on the disk."""
        subprocess.run(["rm", "-rf", self.target], check=True)
        harness.write_tree(self.target, FOREIGN)
        if start == "old":
            harness.expect(harness.install(self.old, self.target), 0, "installed")
        subprocess.run(["sync", "-f", self.target], check=True)

    def install(self, moment=None, act=None, options=()):
        """Brings the new version in. At that call, a command is run before; it is an error where there was no call."""
        command = [harness.INJECTOR, "install", "--bundle", self.new, "--target", self.target, "--threads", "1",
                   "--log-format", "text", "--termination-message", "/nonexistent", *options]
        strike = ["--at", moment, "--act", act] if moment else ["--trace"]
        done, calls = harness.interpose([f"--calls={CALLS}", *strike], command)
        assert calls, f"there is no call {moment}"
        return done, [call.split()[1] for call in calls]

    def moments(self, start, every, options=()):
        """The calls that publish or wait for the disk, by their numbers, and of the others every which one."""
        self.fresh(start)
        done, names = self.install(options=options)
        assert done.returncode == 0, done.stderr
        return [n for n, name in enumerate(names, 1) if name.startswith(("rename", "sync", "fsync")) or n % every == 1 % every]

    def state_of_names(self):
        """What an application sees under the library's name: nothing, fallback, old, new or wrong bytes, or it is an error."""
        found = {path: entry for path, entry in self.payload().items() if not path.startswith("foreign")}
        new, *others = [harness.tree(bundle / "payload") for bundle in (self.new, self.old, self.fallback)]
        agreed = set().union(*states(found, new=new, old=others[0], fallback=others[1]).values())
        if agreed:
            return agreed.pop()
        assert found.keys() == new.keys(), "a name is missing, or surplus"
        for path, entry in new.items():
            assert found[path] == entry or found[path][:2] == entry[:2] and entry[0] == "file", path
            self.is_part(path)
        return "wrong bytes"

    def is_part(self, path):
        """A file holds its own bytes up to somewhere, then zeros or nothing: never anything else."""
        if (self.target / path).is_file() and not (self.target / path).is_symlink():
            found, right = (self.target / path).read_bytes(), (self.new / "payload" / path).read_bytes()
            assert len(found) <= len(right) and right.startswith(found.rstrip(b"\0")), path

    def installs_again(self, moment):
        done = harness.install(self.new, self.target)
        assert done.returncode == 0, (moment, done.stderr)
        self.rests(self.new)


@pytest.fixture
def supervised():
    harness.supervised()
