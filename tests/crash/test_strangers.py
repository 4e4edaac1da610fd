"""Somebody else acts at every file-system call of an install: nothing of his is lost, and nothing of his is published.

`interposer --at N --act COMMAND` lets him act between two calls, so that there is no race to be won or missed.
"""

import os
import shutil

import pytest

import harness
from test_crash import OLD, bundles, interpose, scratch  # noqa: F401 (the last are fixtures)

PRECIOUS = "the only copy\n"
EVIL = b"import agent.evil\n"  # as long as what it takes the place of
STRANGER = 12345
# What changes between two looks at the target. Reading the bundle and its like is left out: he gains nothing by it.
CALLS = "newfstatat,mkdirat,linkat,symlinkat,renameat,renameat2,unlinkat,flock"

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: a stranger is another user")


@pytest.fixture(scope="module", autouse=True)
def supervised():
    harness.supervised()


class Scene:
    """A target that is the same for each point, and the install that a stranger disturbs."""

    def __init__(self, place, bundle, before=None, argv=()):
        self.target, self.bundle, self.before, self.argv = place / "target", bundle, before, argv
        self.act, self.acted = place / "act", place / "acted"

    def command(self):
        return [harness.INJECTOR, "install", "--bundle", self.bundle, "--target", self.target, "--threads", "1",
                "--timeout", "1", "--log-format", "text", "--termination-message", "/nonexistent", *self.argv]

    def fresh(self):
        shutil.rmtree(self.target, ignore_errors=True)
        self.acted.unlink(missing_ok=True)
        self.target.mkdir()
        self.target.chmod(0o755)
        if self.before:
            done = harness.install(self.before, self.target)
            assert done.returncode == 0, done.stderr

    def at_every_call(self, script, check, *options, calls=CALLS):
        """Lets the script, in the target, act before each call in turn. check(point, done) where it could; how often."""
        self.act.write_text(f"cd '{self.target}' && {{ {script}; }} > /dev/null 2>&1 && touch '{self.acted}'\ntrue\n")
        index = acted = 0
        while True:
            index += 1
            self.fresh()
            done, struck = interpose(["--at", index, "--act", f"sh '{self.act}'", f"--calls={calls}", *options],
                                    self.command())
            if not struck:
                return acted
            assert done.returncode in (0, 73, 74, 75), (struck, done.stderr)
            if self.acted.exists():
                acted += 1
                check((struck, done.stderr), done)

    def install(self):
        done = harness.run(*self.command())
        assert done.returncode == 0, done.stderr

    def check_whole(self, point):
        """No name of the library shows anything but its old entry or its new one, and what is installed was verified."""
        known = [harness.tree(b / "payload") for b in (self.bundle, self.before) if b]
        found = harness.payload_of(self.target)
        for name in {path.split("/")[0] for tree in known for path in tree}:
            part = {p: e for p, e in found.items() if p.split("/")[0] == name}
            allowed = [{p: e for p, e in tree.items() if p.split("/")[0] == name} for tree in known]
            assert not part or part in allowed, (name, point)


def precious(target):
    return [at for at in target.rglob("precious") if at.is_file() and at.read_text() == PRECIOUS]


@pytest.fixture
def place(scratch):  # noqa: F811
    scratch.chmod(0o755)  # for other users
    at = scratch / "strangers"
    shutil.rmtree(at, ignore_errors=True)
    at.mkdir()
    at.chmod(0o755)
    yield at
    shutil.rmtree(at)


MAKES = f"mkdir agent && echo {PRECIOUS.strip()} > agent/precious"
THEIRS = f"chown -R {STRANGER} agent"
MEANWHILE = {
    "appears": (None, MAKES),
    "of another user appears": (None, f"{MAKES} && {THEIRS}"),
    "is exchanged for ours": ("1", f"mv agent elsewhere && {MAKES} && {THEIRS}"),
    "takes the place of ours": ("1", f"rm -r agent && {MAKES} && {THEIRS}"),
}


@needs_root
@pytest.mark.parametrize("what", MEANWHILE)
@pytest.mark.parametrize("options", [(), ("--deny=renameat2=EINVAL",)], ids=["exchange", "no exchange"])
def test_a_directory_of_a_stranger(place, bundles, what, options):  # noqa: F811
    """Whenever it comes it is kept, by that run and by the next: in its place, or where it was put."""
    old, script = MEANWHILE[what]
    scene = Scene(place, bundles["2"], bundles[old] if old else None)
    codes = set()

    def check(point, done):
        codes.add(done.returncode)
        assert precious(scene.target), point
        if done.returncode:
            harness.expect(done, 73, "name-taken", scene.target / "agent")
        if (scene.target / "agent/precious").exists():
            harness.expect(harness.run(*scene.command()), 73, "name-taken", scene.target / "agent")
        assert precious(scene.target), point

    assert scene.at_every_call(script, check, *options) > 50
    assert 73 in codes


@needs_root
def test_a_directory_that_replace_gives_away(place, bundles):  # noqa: F811
    """With --replace, and whatever else comes to the name meanwhile: both are kept."""
    scene = Scene(place, bundles["2"], argv=["--replace"])
    fresh = scene.fresh

    def taken():
        fresh()
        harness.write_tree(scene.target, {"agent/first": "the first stranger's\n"})
    scene.fresh = taken

    def check(point, done):
        assert precious(scene.target) and list(scene.target.rglob("first")), point
        scene.install()
        assert precious(scene.target) and list(scene.target.rglob("first")), point

    assert scene.at_every_call(f"mv agent elsewhere && {MAKES} && {THEIRS}", check) > 50


@needs_root
def test_a_file_that_was_right_is_exchanged(mount, bundles):  # noqa: F811
    """What is linked into the new tree is what was hashed, though its inode number is another file's by now."""
    scene = Scene(mount.ext4(16 << 20), bundles["2"], bundles["1"])
    again = []

    def check(point, done):
        again.append((scene.target.parent / "again").exists())
        assert done.returncode == 0, point
        harness.expect(harness.injector("verify", "--target", scene.target), 0, "verified")
        assert not [at for at in scene.target.rglob("*") if at.is_file() and at.read_bytes() == EVIL], point

    # In the old tree, unlinked and made again until the number is the same: ext4 gives the lowest that is free.
    script = f"""rm -f ../again ../kept-* && grep -q 'print(1)' agent/core/main.py &&
        before=$(stat -c %i agent/__init__.py) && rm agent/__init__.py &&
        for i in 1 2 3 4 5 6 7 8; do printf '{EVIL.decode()}' > agent/__init__.py;
        [ "$(stat -c %i agent/__init__.py)" = "$before" ] && touch ../again && break; mv agent/__init__.py ../kept-$i; done;
        grep -q 'print(1)' agent/core/main.py"""
    assert scene.at_every_call(script, check, calls="openat,linkat,renameat2") > 50
    assert any(again), "the number was never given again"


@needs_root
def test_a_stage_that_is_exchanged(place, bundles):  # noqa: F811
    """The owner of .injector/NAME takes the place of the stage, of what is in it, and of what is staged there, each as
    soon as it is made: root does not publish what he brought."""
    scene = Scene(place, bundles["2"])
    scene.fresh()
    for at in (scene.target / ".injector", scene.target / ".injector/demo"):
        at.mkdir()
        os.chown(at, STRANGER, STRANGER)
    harness.write_tree(place / "evil", {"agent/__init__.py": EVIL})
    own = place / "own"
    own.mkdir()
    for at in (own, *(place / "evil").rglob("*"), place / "evil"):
        os.chown(at, STRANGER, STRANGER)
    # Each step is tried once: as root, the injector makes what he cannot move, and he goes on to the next.
    scene.act.write_text(f"""cd '{scene.target}/.injector/demo' || exit 0
        takes() {{ [ ! -e '{own}'/$1 ] && mv $2 $(dirname $2)/junk-$1 && mkdir -m 777 $2 && touch '{own}'/$1; }}
        stage=$(ls -d stage-* 2> /dev/null | head -n 1); [ "$stage" ] || exit 0
        takes 1 $stage || {{ [ -e $stage/new ] && takes 2 $stage/new; }} ||
        {{ [ -e $stage/manifest.json ] && mv $stage/new/agent $stage/new/junk-3 &&
           mv '{place}/evil/agent' $stage/new/agent; }}
        exit 0""")
    act = f"setpriv --reuid {STRANGER} --regid {STRANGER} --clear-groups sh '{scene.act}' 2> /dev/null"
    done, _ = interpose(["--at", "1+", "--act", act, "--calls=openat,mkdirat,renameat,renameat2"], scene.command())
    assert (own / "1").exists(), "the stranger was never there"
    assert done.returncode == 0, done.stderr
    harness.expect(harness.injector("verify", "--target", scene.target), 0, "verified")
    assert not [at for at in (scene.target / "agent").rglob("*") if at.is_file() and at.read_bytes() == EVIL]


def test_the_lock_is_removed_and_another_injector_comes(place, bundles):  # noqa: F811
    """Two are at work at once: each name is whole, and one that says installed is not belied by the other's end."""
    scene = Scene(place, bundles["2"], bundles["1"])
    other = f"{harness.INJECTOR} install --bundle {bundles['2']} --target . --timeout 0 --log-format text"
    ends = set()

    def check(point, done):
        ends.add(done.returncode)
        scene.check_whole(point)
        scene.install()
        harness.expect(harness.injector("verify", "--target", scene.target), 0, "verified")
        assert harness.leftovers(scene.target) == [], point

    assert scene.at_every_call(f"rm .injector/lock; {other}; true", check) > 50
    assert 0 in ends


def test_a_stage_is_its_runs_own(place, bundles):  # noqa: F811
    """The same from the other side: the second injector leaves the stage of the first alone."""
    scene = Scene(place, bundles["2"])
    other = f"{harness.INJECTOR} install --bundle {bundles['1']} --target . --timeout 0 --log-format text"
    seen = set()

    def check(point, done):
        scene.before = None
        seen.add(done.returncode)
        assert ": io-error: " not in harness.last_line(done), point

    script = f"ls -d .injector/demo/stage-* && rm .injector/lock; {other}; ls -d .injector/demo/stage-*"
    assert scene.at_every_call(script, check) > 20
    assert seen


@pytest.mark.parametrize("length", ["100M", "16T"])
def test_a_file_that_grows_while_it_is_hashed(place, bundles, length):  # noqa: F811
    """It is wrong one byte behind its size: the run ends, and soon."""
    scene = Scene(place, bundles["1"], bundles["1"])

    def check(point, done):
        scene.install()
        assert (scene.target / "agent.jar").stat().st_size == len(OLD["agent.jar"]), point

    assert scene.at_every_call(f"truncate -s {length} agent.jar", check, calls="openat,read") > 5


def test_what_comes_to_a_name_that_the_fallback_was_to_fill(place, bundles):  # noqa: F811
    """It is left alone, whenever it comes, and the rest is filled."""
    fallback = harness.pack(place, {"agent/__init__.py": "# nothing\n", "boot.py": "# nothing\n"}, version="0")
    scene = Scene(place, place / "none", argv=["--on-failure=continue", "--fallback", fallback])

    def check(point, done):
        harness.expect(done, 0, "bundle-not-found")
        assert (scene.target / "boot.py").read_text() == PRECIOUS, point
        assert (scene.target / "agent/__init__.py").read_text() == "# nothing\n", point

    assert scene.at_every_call(f"[ ! -e boot.py ] && echo {PRECIOUS.strip()} > boot.py", check) > 20
