"""--on-failure=continue: whatever failed, the run ends with 0, says so, and leaves what was there or the fallback."""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess

import pytest

import harness
from harness import until
from state import state
from steps import (FILES, NEXT, assert_installed, flip, needs_root, needs_strace, slowed, unchanged, untouched)

FALLBACK = {"agent/__init__.py": "# nothing\n", "agent/sub/x.py": "# nothing\n", "boot.py": "# nothing\n"}
NOW = {"fallback": "Until then the application has the fallback", "nothing": "Until then the application finds nothing",
       "something": "Until then the application has what is there"}


class Case:
    """A library in an old and a new version, its fallback, and a target."""

    def __init__(self, place, target, files=None, fallback=None):
        self.place, self.target = place, target
        self.new = harness.pack(place, files or NEXT, version="2.0.0")
        self.old = harness.pack(place, files or FILES)
        self.fallback = harness.pack(place, fallback or FALLBACK, version="0")

    def run(self, bundle=None, *options, **kwargs):
        """With continue, of the new version where nothing else is said."""
        return harness.install(bundle or self.new, self.target, "--on-failure", "continue", "--fallback", self.fallback,
                               *options, **kwargs)

    def state(self):
        return state(self.target, fallback=self.fallback, old=self.old, new=self.new)

    def expect(self, done, reason, now, *parts):
        """Exit code 0, said loudly: level error, the reason, and what the application has until then."""
        return harness.expect(done, 0, reason, NOW[now], *parts)

    def installs(self, bundle=None):
        """The next undisturbed run, in either mode, ends as ever, and nothing of the fallback is left."""
        harness.expect(harness.install(bundle or self.new, self.target), 0, "installed")
        self.rests(bundle)

    def rests(self, bundle=None, foreign=()):
        assert_installed(self.target, bundle or self.new, foreign=foreign)
        harness.expect(harness.injector("verify", "--target", self.target), 0, "verified")
        with untouched(self.target):
            harness.expect(self.run(bundle), 0, "already-installed")


@pytest.fixture
def case(place, target):
    return Case(place, target)


def missing(case):
    return case.place / "not-there"


def damaged(case, bundle=None):
    copy = case.place / "damaged.bundle"
    shutil.copytree(bundle or case.new, copy, symlinks=True)
    flip(copy / "payload/boot.py")
    return copy


def without_manifest(case):
    copy = case.place / "bare.bundle"
    shutil.copytree(case.new, copy, symlinks=True)
    (copy / "manifest.json").write_text("{")
    return copy


BAD = {missing: "bundle-not-found", damaged: "digest-mismatch", without_manifest: "manifest-invalid"}


@pytest.mark.parametrize("make", BAD)
def test_a_bad_bundle_over_nothing(case, make):
    done = case.run(make(case))
    case.expect(done, BAD[make], "fallback")
    assert case.state() == "fallback"
    with unchanged(case.target):
        case.expect(case.run(case.place / "not-there"), "bundle-not-found", "fallback")
    case.installs()


@pytest.mark.parametrize("make", BAD)
def test_a_bad_bundle_over_the_old_version(case, make):
    harness.install(case.old, case.target)
    bad = make(case)
    with unchanged(case.target):
        case.expect(case.run(bad), BAD[make], "something")
    assert case.state() == "old"
    case.installs()


@pytest.mark.parametrize("make", BAD)
def test_fail_is_the_default_and_never_looks_at_the_fallback(case, make):
    bad = make(case)
    for options in ([], ["--on-failure", "fail"]):
        with unchanged(case.target):
            done = harness.install(bad, case.target, "--fallback", case.fallback, *options)
        assert done.returncode in (65, 66) and "Until then" not in done.stderr, done.stderr
    assert case.state() == "nothing"


def test_a_good_bundle(case):
    """No trace of the fallback remains, and no word is said."""
    done = case.run()
    assert len(done.stderr.splitlines()) == 1
    harness.expect(done, 0, "installed", "2.0.0")
    case.rests()


def test_by_variables(case):
    env = {"INJECTOR_ON_FAILURE": "continue", "INJECTOR_FALLBACK": str(case.fallback)}
    case.expect(harness.install(missing(case), case.target, env=env), "bundle-not-found", "fallback")
    done = harness.install(missing(case), case.target, "--on-failure", "fail", env=env)
    harness.expect(done, 66, "bundle-not-found")


def test_the_message_and_the_log(case):
    message = case.place / "message"
    message.write_text("")
    done = harness.run(harness.INJECTOR, "--bundle", missing(case), "--target", case.target, "--on-failure=continue",
                       "--fallback", case.fallback, "--termination-message", message)
    last = json.loads(done.stderr.splitlines()[-1])
    assert (done.returncode, last["level"], last["error"], last["exit_code"]) == (0, "error", "bundle-not-found", 0)
    assert message.read_text() == last["msg"] + "\n"
    assert last["msg"].startswith("injector: bundle-not-found: ") and last["msg"].endswith(" (exit 0)")


@pytest.mark.parametrize("options", [["--no-such"], ["--on-failure", "maybe"], ["--threads", "0"], ["stray"]])
def test_wrong_options_end_as_always(case, options):
    with untouched(case.target):
        harness.expect(case.run(None, *options), 64, "usage")


FALLBACKS = {"a file alone": {"agent.jar": "nothing"}, "a directory alone": {"agent/x": "nothing"},
             "links": {"agent/a": "nothing", "agent/link": ("link", "a"), "start": ("link", "agent/a")},
             "more than the library has": {"agent/x": "nothing", "more/x": "nothing", "more.jar": "nothing"},
             "a file where the library has a directory": {"agent": "nothing"}}


@pytest.mark.parametrize("mode", ["fail", "continue"])
@pytest.mark.parametrize("name", FALLBACKS)
def test_the_library_replaces_every_kind_of_fallback(place, target, name, mode):
    files = {"agent.jar": "the agent\n", "agent/x": "the agent\n", "start": "the agent\n"}
    case = Case(place, target, files, FALLBACKS[name])
    case.run(missing(case))
    assert_fallback(case)
    done = harness.install(case.new, target, "--on-failure", mode, "--fallback", case.place / "none")
    harness.expect(done, 0, "installed")
    assert_installed(target, case.new)
    harness.expect(harness.injector("verify", "--target", target), 0, "verified")


def assert_fallback(case):
    assert harness.payload_of(case.target) == harness.tree(case.fallback / "payload")
    names = os.listdir(case.target / ".injector/demo")
    assert len(names) == 1 and names[0].startswith("fallback-"), names
    assert (case.target / ".injector/demo" / names[0]).read_bytes() == (case.fallback / "manifest.json").read_bytes()


def test_what_has_a_name_stays(case):
    """A stranger's file, directory, dangling link: the rest is filled. The stranger's directory is refused as ever."""
    for content in ({"agent/theirs": "precious\n"}, {"boot.py": "theirs\n"}, {"boot.py": ("link", "nowhere")},
                    {"agent": "theirs\n"}):
        shutil.rmtree(case.target)
        case.target.mkdir()
        harness.write_tree(case.target, content)
        before = harness.tree(case.target)
        case.expect(case.run(missing(case)), "bundle-not-found", "something")
        after = harness.payload_of(case.target)
        assert before.items() <= after.items(), "what had a name was touched"
        assert {path.split("/")[0] for path in after} == {"agent", "boot.py"}
    harness.expect(harness.install(case.new, case.target), 0, "installed")  # files give way, as ever


def test_a_strangers_directory_is_no_more_ours_for_the_fallback(case):
    """Though its manifest lies among the records, and though it is this user's."""
    harness.write_tree(case.target, {"agent/theirs": "precious\n"})
    case.run(missing(case))
    for mode in ("fail", "continue"):
        done = harness.install(case.new, case.target, "--on-failure", mode)
        assert harness.last_line(done).startswith("injector: name-taken: "), done.stderr
        assert (case.target / "agent/theirs").read_text() == "precious\n"


def test_a_fallback_that_somebody_changed_is_a_strangers(case):
    case.run(missing(case))
    (case.target / "agent/sub/x.py").write_text("precious\n")
    harness.expect(harness.install(case.new, case.target), 73, "name-taken", case.target / "agent")
    assert (case.target / "agent/sub/x.py").read_text() == "precious\n"


def test_what_is_missing_of_an_installed_library(case):
    """The record stays that of the library, and the next install repairs."""
    harness.install(case.old, case.target)
    record = (case.target / ".injector/demo/manifest.json").read_bytes()
    shutil.rmtree(case.target / "agent")
    case.expect(case.run(missing(case)), "bundle-not-found", "something")
    assert (case.target / ".injector/demo/manifest.json").read_bytes() == record
    assert (case.target / "agent/__init__.py").read_text() == FALLBACK["agent/__init__.py"]
    assert (case.target / "boot.py").read_text() == FILES["boot.py"]
    case.installs(case.old)


def test_fallbacks_of_two_images(case):
    """The second fills what the first has not; both give way to the library."""
    case.run(missing(case))
    other = FALLBACK | {"only-in-2.py": "# nothing\n", "boot.py": "# other\n"}
    case.fallback = harness.pack(case.place, other, version="0.1")
    case.expect(case.run(missing(case)), "bundle-not-found", "something")
    assert (case.target / "boot.py").read_text() == FALLBACK["boot.py"]
    assert (case.target / "only-in-2.py").exists()
    case.installs()


BROKEN = {
    "payload": lambda at: flip(at / "payload/boot.py"),
    "manifest": lambda at: (at / "manifest.json").write_text("{"),
    "no payload": lambda at: shutil.rmtree(at / "payload"),
    "no manifest": lambda at: (at / "manifest.json").unlink(),
    "surplus": lambda at: (at / "payload/more").write_text("x"),
    "not there": shutil.rmtree,
    "a file": lambda at: (shutil.rmtree(at), at.write_text("x")),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_fallback(case, what):
    """It is one warning, and stops nothing; nothing of it is put into the target."""
    BROKEN[what](case.fallback)
    with unchanged(case.target):
        done = case.run(missing(case))
        harness.expect(done, 0, "bundle-not-found", NOW["nothing"])
    warnings = [line for line in done.stderr.splitlines() if line.startswith("injector: warn: no fallback ")]
    assert len(warnings) == 1 and str(case.fallback) in warnings[0], done.stderr
    done = case.run()
    harness.expect(done, 0, "installed")
    assert "injector: warn: no fallback " in done.stderr
    assert_installed(case.target, case.new)


def test_an_image_without_a_fallback_says_nothing(case):
    assert not os.path.exists("/fallback")
    done = harness.install(case.new, case.target, "--on-failure", "continue")
    assert len(done.stderr.splitlines()) == 1, done.stderr
    harness.expect(done, 0, "installed")
    done = harness.install(missing(case), case.target, "--on-failure", "continue")
    assert len(done.stderr.splitlines()) == 1, done.stderr
    case.expect(done, "bundle-not-found", "something")


def test_a_dry_run_places_nothing(case):
    with untouched(case.target):
        harness.expect(case.run(None, "--dry-run"), 0, "would-install")
        case.expect(case.run(missing(case), "--dry-run"), "bundle-not-found", "nothing")


@pytest.mark.parametrize("options", [["--fsync"], ["--threads", "4"], ["--size-limit", "1000"]])
def test_options_of_the_library_do_not_keep_the_fallback_away(case, options):
    case.expect(case.run(missing(case), *options), "bundle-not-found", "fallback")
    assert case.state() == "fallback"


@pytest.mark.parametrize("size, reason", [("size=64k", "no-space"), ("size=4m,nr_inodes=18", "no-inodes")])
def test_a_volume_with_room_for_the_fallback_alone(place, mount, size, reason):
    case = Case(place, mount.tmpfs(size))
    for _ in range(2):
        case.expect(case.run(), reason, "fallback", case.target)
        assert case.state() == "fallback"


def test_a_volume_without_any_room(place, mount):
    case = Case(place, mount.tmpfs("size=4k,nr_inodes=3"))
    for _ in range(2):
        done = case.run()
        assert NOW["nothing"] in harness.last_line(done) and done.returncode == 0, done.stderr
        assert case.state() == "nothing"


def test_a_read_only_volume(place, mount):
    case = Case(place, mount.tmpfs("size=4m"))
    mount.read_only(case.target)
    case.expect(case.run(), "target-read-only", "nothing", case.target)
    mount.read_only(case.target, False)
    case.run()
    mount.read_only(case.target)
    with untouched(case.target):
        harness.expect(case.run(), 0, "already-installed")
        case.expect(case.run(case.old), "target-read-only", "something")


def test_a_target_that_is_not_there(case):
    case.target = case.place / "not/there"
    case.expect(case.run(), "target-missing", "nothing")


def test_a_target_of_somebody_else(case, user):
    done = user(12345, "install", "--bundle", case.new, "--target", case.target, "--on-failure=continue", "--fallback",
                case.fallback)
    case.expect(done, "target-not-writable", "nothing")


@needs_root
def test_root_installs_over_the_fallback_of_another_user(case, user):
    """What it hashes as says whose it is, not its owner."""
    case.target.chmod(0o777)
    argv = ["install", "--target", case.target, "--on-failure=continue", "--fallback", case.fallback, "--bundle"]
    assert user(12345, *argv, missing(case)).returncode == 0
    assert case.state() == "fallback" and (case.target / "agent").stat().st_uid == 12345
    case.installs()


@pytest.mark.parametrize("kind, reason", [("SIGTERM", 143), ("SIGINT", 130)])
def test_signals_end_as_always(case, kind, reason):
    """While it waits for the lock: nothing is written, for whoever is asked to go goes."""
    with lock_of(case):
        process = subprocess.Popen(
            [harness.INJECTOR, "install", "--bundle", case.new, "--target", case.target, "--fallback", case.fallback,
             "--on-failure=continue", "--log-format=text"], stderr=subprocess.PIPE, text=True)
        process.stderr.readline()
        process.send_signal(signal.Signals[kind])
        _, stderr = process.communicate(timeout=harness.PATIENCE)
    assert process.returncode == reason, stderr
    assert f"(exit {reason})" in stderr.splitlines()[-1]
    assert case.state() == "nothing"
    case.installs()


@contextlib.contextmanager
def lock_of(case):
    (case.target / ".injector").mkdir(exist_ok=True)
    descriptor = os.open(case.target / ".injector/lock", os.O_RDWR | os.O_CREAT, 0o666)
    os.fchmod(descriptor, 0o666)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    yield
    os.close(descriptor)


def test_where_another_injector_does_not_end(case):
    """At the deadline the names are filled without the lock; the next run installs."""
    with lock_of(case):
        done = case.run(None, "--timeout", "1")
        case.expect(done, "lock-timeout", "fallback", case.target / ".injector/lock")
        assert case.state() == "fallback"
        with unchanged(case.target):
            case.expect(case.run(None, "--timeout", "0"), "lock-timeout", "fallback")
    case.installs()


@needs_strace
@pytest.mark.parametrize("mode", ["fail", "continue"])
def test_another_injector_is_stopped_while_it_stages(case, mode):
    """It goes on afterwards, and publishes over the fallback that came meanwhile."""
    process = slowed("renameat2", 2000, "install", "--bundle", case.new, "--target", case.target, "--threads", "1",
                     "--on-failure", mode, "--fallback", case.place / "none", when="1")
    until(lambda: list(case.target.glob(".injector/demo/stage-*/publish")), process)
    os.kill(process.pid, signal.SIGSTOP)
    case.expect(case.run(None, "--timeout", "0"), "lock-timeout", "fallback")
    assert case.state() == "fallback"
    os.kill(process.pid, signal.SIGCONT)
    _, stderr = process.communicate(timeout=harness.PATIENCE)
    assert process.returncode == 0 and "injector: installed: " in stderr, stderr
    case.rests()


def test_two_modes_at_once(case):
    """An injector with fail beside one with continue: each waits for the other, and the library is what stays."""
    for _ in range(10):
        shutil.rmtree(case.target)
        case.target.mkdir()
        argv = [harness.INJECTOR, "install", "--bundle", case.new, "--target", case.target, "--log-format=text"]
        both = [subprocess.Popen([*argv, *more], stderr=subprocess.PIPE, text=True)
                for more in (["--on-failure=continue", "--fallback", case.fallback], [])]
        lines = []
        for process in both:
            _, stderr = process.communicate(timeout=harness.PATIENCE)
            assert process.returncode == 0, stderr
            lines.append(stderr.splitlines()[-1].split(": ")[1])
        assert sorted(lines) == ["already-installed", "installed"]
        case.rests()


def test_a_run_that_was_killed_before_it_tidied_up(case):
    """The fallback's manifest beside an installed library goes with the next run."""
    case.run(missing(case))
    kept = case.place / "kept"
    shutil.copytree(case.target / ".injector/demo", kept)
    case.installs()
    for record in kept.iterdir():
        shutil.copy(record, case.target / ".injector/demo")
    harness.expect(harness.install(case.new, case.target), 0, "already-installed")
    case.rests()


@needs_strace
def test_what_is_installed_costs_a_look_at_the_names(case):
    """With continue, ten calls on the fallback and the target, and one for each name; no lock, nothing written."""
    case.run()
    plain = calls(case, "fail")
    assert len(calls(case, "continue")) - len(plain) <= 17 + len({path.split("/")[0] for path in FALLBACK})


def calls(case, mode):
    trace = case.place / "trace"
    done = harness.run("strace", "-o", trace, "-e", "trace=%file,%desc", harness.INJECTOR, "--bundle", case.new, "--target",
                       case.target, "--on-failure", mode, "--fallback", case.fallback, "--threads", "1")
    assert done.returncode == 0, done.stderr
    return trace.read_text().splitlines()
