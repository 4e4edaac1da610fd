"""Kills the injector at every file-system call, fails every call with every errno, and takes calls away.

After each strike every name of the target shows its old entry or its new one, whole, and the next run ends as if
nothing had happened. `interposer` counts the calls over all threads, so that no index is missed and none is struck
by luck. Many strikes leave a target in the same state, to the last byte, mode and hard link: a worker reruns the
injector on each state once. INJECTOR_CRASH_WORKERS sets how many points are tried at once.
"""

import collections
import contextlib
import math
import multiprocessing
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import typing

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import harness  # noqa: E402
from harness import INTERPOSER, MEMORY, interpose  # noqa: E402
from state import NOTHING, by_name, states  # noqa: E402

CORES = os.sched_getaffinity(0)
WORKERS = int(os.environ.get("INJECTOR_CRASH_WORKERS", min(4, len(CORES))))
RERUN = set()  # the states that this worker has seen end well
UNCHANGED = set()  # its targets that are as they were before the strike
HALF_PUBLISHED = re.compile(r"\.injector/(demo(/(stage-\d+(/(lock|manifest\.json(\.sig)?))?|manifest\.json(\.sig)?|previous-\w+\.json))?|replaced.*)")
PLACED = re.compile(r"\.injector(/demo(/fallback-\w+\.json)?)?|\.injector/lock")
SUCCESS = re.compile(r"^injector: (already-)?installed: ", re.MULTILINE)
CLOSING = re.compile(r"^injector: [a-z-]+: .*\(exit \d+\)$")

BINARY = b"\x7fELF" + bytes(range(256)) * 64
LARGE = bytes(range(251)) * 1300  # more than one buffer
OLD = {
    "agent/__init__.py": "import agent.core\n",
    "agent/core/main.py": "print(1)\n",
    "agent/core/a.so": BINARY,
    "agent/core/b.so": BINARY,
    "agent/core/deep/er/large.bin": LARGE,
    "agent/core/gone.py": "gone\n",
    "agent/current": ("link", "core/deep"),
    "agent/empty": "",
    "agent/hollow": None,
    "agent/tool": ("exec", "#!/bin/sh\necho 1\n"),
    "dropped/__init__.py": "dropped\n",
    "dropped/sub/a.so": BINARY,
    "LICENSE": "free\n",
    "agent.jar": b"jar 1",
    "start.py": ("link", "agent/core/main.py"),
}
NEW = {
    "agent/__init__.py": "import agent.core\n",
    "agent/core/main.py": "print(2)\n",
    "agent/core/a.so": BINARY,
    "agent/core/b.so": BINARY,
    "agent/core/c.so": BINARY + b"2",
    "agent/core/deep/er/large.bin": LARGE + b"2",
    "agent/core/deep/er/twin.bin": LARGE + b"2",
    "agent/core/fresh.py": "fresh\n",
    "agent/current": ("link", "core/deep/er"),
    "agent/empty": "",
    "agent/hollow": None,
    "agent/tool": ("exec", "#!/bin/sh\necho 2\n"),
    "added/__init__.py": "added\n",
    "added/sub/c.so": BINARY + b"2",
    "LICENSE": "free\n",
    "agent.jar": b"jar 2",
    "start.py": ("link", "agent/core/fresh.py"),
}
OTHER = {"other.jar": b"another library"}
FOREIGN = {"foreign.txt": "not ours\n", "foreign/deep/file": "not ours either\n"}
UNTOUCHABLE = ("foreign.txt", "foreign", "foreign/deep", "foreign/deep/file", "other.jar",
               ".injector/other/manifest.json")


class Scenario(typing.NamedTuple):
    """A target and what an undisturbed install makes of it. Snapshots are those of harness.tree()."""

    name: str
    start: pathlib.Path
    bundle: pathlib.Path
    argv: tuple
    tree: dict  # all of the target before
    final: dict  # and after
    versions: dict  # what the names may show meanwhile: old, new, and with --on-failure=continue fallback
    precious: int  # files of strangers in the way of the library
    records: tuple  # what the record can hold while an install runs
    gaps: bool = False  # a directory can be absent for a moment
    placed: float = math.inf  # the call after which the fallback has filled every name, in an undisturbed run

    def command(self, target, threads):
        return [harness.INJECTOR, "install", "--bundle", self.bundle, "--target", target, "--threads", threads,
                "--timeout", "5", "--log-format", "text", *self.argv]


def whole(root):
    """The tree of a target, with what is random in the names of .injector made a number, and no signature of a stage."""
    found, numbers = {}, {}
    for path, entry in sorted(harness.tree(root).items()):
        moved = re.match(r"(\.injector/(?:replaced/[^/]+|[^/]+/stage)-)([^-/]+)(.*)", path)
        if moved:
            stem, random, rest = moved.groups()
            path = f"{stem}{numbers.setdefault(random, len(numbers))}{rest}"
            if rest == "/lock":
                entry = entry[:2]
        found[path] = entry
    return found


def links(root):
    """Which files are one, in an order that does not depend on names."""
    inodes = {}
    below = sorted(os.path.join(folder, name) for folder, directories, files in os.walk(root) for name in directories + files)
    return tuple(inodes.setdefault(os.lstat(at).st_ino, len(inodes)) for at in below)


def names(found):
    """The top-level names of a tree, without .injector."""
    return {path.split("/")[0] for path in found if not path.startswith(".injector")}


def record(target):
    at = pathlib.Path(target, ".injector/demo/manifest.json")
    return at.read_bytes() if at.exists() else None


def untouched(target):
    found = {}
    for path in UNTOUCHABLE:
        with contextlib.suppress(FileNotFoundError):
            status = pathlib.Path(target, path).lstat()
            found[path] = (status.st_ino, status.st_mtime_ns, status.st_ctime_ns)
    return found


def copy(source, target):
    shutil.rmtree(target, ignore_errors=True)
    subprocess.run(["cp", "-a", source, target], check=True)
    return target


class Place:
    """Where one worker runs: a target that is made anew for each point."""

    def __init__(self, scenario):
        self.scenario = scenario
        self.target = scenario.start.parent / f"target-{scenario.name}-{os.getpid()}"
        if self.target not in UNCHANGED:
            copy(scenario.start, self.target)
        UNCHANGED.discard(self.target)
        self.kept = untouched(self.target)
        self.found = scenario.tree
        self.problems = []

    def check(self, held, problem):
        if not held:
            self.problems.append(problem)

    def look(self):
        self.found = whole(self.target)
        self.check(untouched(self.target) == self.kept, "what is not ours was touched")
        precious = [path.split("/")[-1] for path in self.found].count("precious")
        self.check(precious == self.scenario.precious, "a stranger's directory is lost")

    def check_names(self, after=0):
        """after: calls that this run made undisturbed."""
        versions = self.scenario.versions
        for name, agreed in states(self.found, **versions).items():
            gap = self.scenario.gaps and any(tree.get(name, "?")[0] == "directory" for tree in versions.values())
            self.check(agreed & versions.keys() or gap and NOTHING in agreed, f"{name} is none of {sorted(versions)}")
            kept = after >= self.scenario.placed and name in versions.get("fallback", ())
            self.check(not kept or gap or NOTHING not in agreed, f"{name} is absent, and the fallback was there")
        self.check(record(self.target) in self.scenario.records, "the record is neither old nor new")

    def check_installed(self):
        """What could not be removed was a warning: it is still there, whole, and goes next time."""
        agreed = states(self.found, new=self.scenario.final)
        self.check(all("new" in agreed[name] for name in names(self.scenario.final)), "said so, but not installed")

    def check_unchanged(self):
        """After one failure or a signal: all is as it was, but for the lock; or publishing had begun, and goes on later."""
        differing = {path for path in self.found.keys() | self.scenario.tree.keys()
                     if self.found.get(path) != self.scenario.tree.get(path)} - {".injector", ".injector/lock"}
        if any(re.fullmatch(r"\.injector/demo/stage-\d+", path) for path in self.found.keys() - self.scenario.tree.keys()):
            differing = {path for path in differing if path.startswith(".injector/") and not HALF_PUBLISHED.fullmatch(path)}
        if "fallback" in self.scenario.versions:
            filled = names(self.scenario.versions["fallback"])
            differing = {path for path in differing if path.split("/")[0] not in filled and not PLACED.fullmatch(path)}
        differing = sorted(differing)
        self.check(not differing, f"failed, but changed the target: {differing[:5]}")

    def check_final(self, done):
        self.check(done.returncode == 0, f"exit {done.returncode}: {done.stderr}")
        self.look()
        final = self.scenario.final
        differing = sorted(p for p in self.found.keys() | final.keys() if self.found.get(p) != final.get(p))
        self.check(not differing, f"differs from an undisturbed run: {differing[:5]}")

    def check_closing_line(self, done):
        lines = done.stderr.splitlines()
        closing = [line for line in lines if CLOSING.match(line)]
        self.check(len(closing) == 1 and closing[0] == lines[-1] and f"(exit {done.returncode})" in lines[-1],
                   f"not one closing line: {done.stderr}")
        # Who reads "pull the image again" must not have a volume that is broken.
        self.check(done.returncode not in (65, 66) or str(self.target) not in lines[-1], f"not the bundle: {lines[-1]}")

    def rerun(self):
        state = (self.scenario.name, tuple(self.found.items()), links(self.target))
        if state in RERUN:
            if self.found == self.scenario.tree:
                UNCHANGED.add(self.target)
        else:
            done = harness.run(*self.scenario.command(self.target, 1))
            self.check_final(done)
            self.check_closing_line(done)
            if not self.problems:
                RERUN.add(state)


class Point(typing.NamedTuple):
    """One strike: what it is, where, what may come of it, and the interposer's option for it."""

    scenario: Scenario
    threads: int
    index: str
    options: tuple
    codes: tuple
    way: str


def strike(point, place):
    """With two threads a run can be a call shorter than the one before: then it is tried again."""
    for _ in range(1 if point.threads == 1 else 20):
        done, calls = interpose([point.way, point.index, *point.options], place.scenario.command(place.target, point.threads))
        if calls:
            break
        copy(place.scenario.start, place.target)
        place.kept = untouched(place.target)
    return done, calls


def try_point(point):
    """(point, the exit code, the calls struck, the problems found)"""
    # The interposer and a single thread only ever wait for each other: on one core they do so twice as fast.
    cores = sorted(CORES)
    os.sched_setaffinity(0, {cores[os.getpid() % len(cores)]} if point.threads == 1 else CORES)
    place = Place(point.scenario)
    done, calls = strike(point, place)
    if not calls:
        return point, done.returncode, calls, []
    place.look()
    place.check(done.returncode in (0, *point.codes), f"exit {done.returncode}: {done.stderr}")
    place.check_names(after=int(point.index.rstrip("+")) - 1)
    # Nothing is said by what a signal ended before it could be heeded, nor on a broken stderr.
    silent = done.returncode == 137 or (done.returncode in (130, 143) and place.found == point.scenario.tree)
    mute = any(call.endswith((" write 2", " writev 2")) for call in calls)
    continues = "fallback" in point.scenario.versions
    if SUCCESS.search(done.stderr) or (done.returncode == 0 and not continues):
        place.check_installed()
    elif done.returncode != 137 and not point.index.endswith("+") and not (mute and continues):
        place.check_unchanged()
    if not silent and not mute:
        place.check_closing_line(done)
    place.rerun()
    return point, done.returncode, calls, place.problems


@pytest.fixture(scope="module")
def workers():
    for at in (harness.INJECTOR, harness.BUNDLER, INTERPOSER):
        if not os.access(at, os.X_OK):
            pytest.exit(f"{at} is not there: run scripts/build first", 2)
    harness.supervised()
    with multiprocessing.get_context("fork").Pool(WORKERS) as pool:
        yield pool


@pytest.fixture(scope="module")
def scratch():
    at = pathlib.Path(tempfile.mkdtemp(prefix="injector-crash-", dir=MEMORY))
    yield at
    shutil.rmtree(at)


@pytest.fixture(scope="module")
def bundles(scratch):
    """All of them signed, with key.pem: without the public key it is as if they were not."""
    made = {version: harness.pack(scratch, files, version=version) for version, files in (("1", OLD), ("2", NEW))} | {
        "other": harness.pack(scratch, OTHER, name="other")}
    bundler("keygen", "--private", scratch / "key.pem", "--public", scratch / "key.pub")
    for bundle in made.values():
        bundler("sign", "--bundle", bundle, "--key", scratch / "key.pem")
    return made


def bundler(*argv):
    done = harness.run(harness.BUNDLER, *argv)
    assert done.returncode == 0, done.stderr


def install(bundle, target, *argv):
    done = harness.install(bundle, target, *argv)
    assert done.returncode == 0, done.stderr


def damage(target):
    """Everything that can have happened to an installed library."""
    agent = target / "agent"
    content = bytearray((agent / "core/deep/er/large.bin").read_bytes())
    content[300_000] ^= 1
    os.truncate(agent / "core/main.py", 0)
    (agent / "core/deep/er/large.bin").unlink()
    (agent / "core/deep/er/large.bin").write_bytes(content)
    (agent / "core/a.so").unlink()
    (agent / "core/stray.pyc").write_text("surplus")
    (agent / "current").unlink()
    (agent / "current").symlink_to("/etc")
    (agent / "hollow").rmdir()
    (agent / "hollow").write_text("a file")
    (agent / "tool").chmod(0o600)
    (target / "agent.jar").unlink()
    (target / "start.py").unlink()
    (target / "start.py").write_text("a file")


def half_done(start, bundle, target, calls, wanted):
    """Kills an upgrade at the middle one of those calls after which wanted(the target) holds."""
    def kill(index):
        copy(start, target)
        command = [harness.INJECTOR, "install", "--bundle", bundle, "--target", target, "--threads", "1"]
        return interpose(["--calls", calls, "--kill", index], command)[0].returncode == 137

    matching, index = [], 1
    while kill(index):
        if wanted(target):
            matching.append(index)
        index += 1
    assert matching, "no kill leaves this state"
    assert kill(matching[len(matching) // 2]) and wanted(target)


def undisturbed(name, at, bundle, *argv):
    """The scenario that starts with the target at that place."""
    done = copy(at, at.with_name(f"done-{name}"))
    install(bundle, done, *argv)
    assert harness.leftovers(done) == []
    tree, final = whole(at), whole(done)
    return Scenario(name, at, bundle, argv, tree, final, {"old": tree, "new": final}, len(list(at.rglob("precious"))),
                    (record(at), (bundle / "manifest.json").read_bytes()))


@pytest.fixture(scope="module")
def scenarios(scratch, bundles):
    """All start states, by name, each with a stranger's files and another library beside ours."""
    made = {}

    def start(name):
        at = harness.write_tree(scratch / f"start-{name}", FOREIGN)
        install(bundles["other"], at)
        return at

    def finish(name, *argv):
        made[name] = undisturbed(name, scratch / f"start-{name}", bundles["2"], *argv)

    (scratch / "start-empty").mkdir()
    finish("empty")
    install(bundles["1"], start("old"))
    finish("old")
    old, new = by_name(made["old"].tree), by_name(made["old"].final)
    half_done(scratch / "start-old", bundles["2"], scratch / "start-half-staged", "openat,linkat,symlinkat",
              lambda at: by_name(whole(at)) == old and any("stage" in path for path in harness.leftovers(at)))
    finish("half-staged")
    half_done(scratch / "start-old", bundles["2"], scratch / "start-half-published", "renameat2,renameat",
              lambda at: [by_name(whole(at)).get("agent"), by_name(whole(at)).get("agent.jar")]
              == [new["agent"], old["agent.jar"]])
    finish("half-published")
    install(bundles["2"], start("damaged"))
    damage(scratch / "start-damaged")
    finish("damaged")
    harness.write_tree(start("taken"), {"agent/precious": "a stranger's\n", "agent.jar": "a stranger's jar\n"})
    finish("taken", "--replace")
    key = ("--public-key", scratch / "key.pub")
    install(bundles["1"], start("signed"), *key)
    finish("signed", *key)
    assert (scratch / "done-signed/.injector/demo/manifest.json.sig").exists()
    install(bundles["1"], start("unsigned-over-signed"), *key)
    finish("unsigned-over-signed")
    assert not (scratch / "done-unsigned-over-signed/.injector/demo/manifest.json.sig").exists()
    assert new.keys() - old.keys() == {"added"} and old.keys() - new.keys() == {"dropped"}
    return made


def count(scenario, threads, options=()):
    counted = []
    for _ in range(1 if threads == 1 else 5):
        target = copy(scenario.start, scenario.start.parent / "counted")
        limits = [option for option in options if option.startswith(("--calls=", "--deny="))]
        done, lines = interpose(["--count", *limits], scenario.command(target, threads))
        assert done.returncode == 0, done.stderr
        counted.append(int(lines[-1]))
    return max(counted)


def report(tried, capsys, title):
    """Prints what was struck and fails with the first problems."""
    codes = collections.Counter(code for _, code, _, _ in tried)
    with capsys.disabled():
        print(f"\n  {title}: {len(tried)} points, exit codes {dict(sorted(codes.items()))} ", end="")
    problems = [f"{point.scenario.name}, {point.threads} threads, {' '.join(point.options)} at {point.index} "
                f"({'; '.join(calls[:3])}): {what}" for point, _, calls, found in tried for what in found]
    assert not problems, f"{len(problems)} problems:\n" + "\n".join(problems[:40])
    return len(tried)


def way_of(options):
    return "--fail" if any(option.startswith("--errno=") for option in options) else "--kill"


def sweep(workers, scenario, threads, options, codes, plus="", way=None):
    """Strikes at every call of a plain run, and on behind it until there is none left to be struck."""
    way = way or way_of(options)
    tried, last = [], 0
    while (calls := count(scenario, threads, options)) > last:
        points = [Point(scenario, threads, f"{index}{plus}", options, codes, way) for index in range(last + 1, calls + 1)]
        tried += workers.map(try_point, points, chunksize=8)
        last = calls
    missed = [point.index for point, _, struck, _ in tried if not struck]
    assert not missed, f"of {calls} calls these were not struck: {missed}"
    while (behind := try_point(Point(scenario, threads, f"{len(tried) + 1}{plus}", options, codes, way)))[2]:
        tried.append(behind)
    return tried


STATES = ("empty", "old", "half-staged", "half-published", "damaged", "taken")


@pytest.mark.parametrize("state, threads", (*((state, threads) for state in STATES for threads in (1, 2)),
                                            ("signed", 1), ("unsigned-over-signed", 1)))
def test_kill_at_every_call(workers, scenarios, capsys, state, threads):
    scenario = scenarios[state]
    tried = sweep(workers, scenario, threads, (), (137,))
    killed = report(tried, capsys, f"SIGKILL, {state}, {threads} threads")
    assert all(code == 137 for _, code, _, _ in tried), "a strike did not kill"
    assert killed >= count(scenario, 1), "a plain run has more calls than were killed"


# What a failed call may end in: 73 the target cannot be written, 74 input or output, 75 a retry can help; 65 and 66
# where a file of the bundle is closed to this user.
ERRNOS = {
    "EIO": (74,),
    "ENOSPC": (75,),
    "EACCES": (65, 66, 73, 74),
    "EROFS": (73,),
    "EMFILE": (75,),
    "ENOMEM": (75,),
    "EINTR": (),
}


@pytest.mark.parametrize("error", ERRNOS)
def test_fail_every_call(workers, scenarios, capsys, error):
    tried = sweep(workers, scenarios["old"], 1, (f"--errno={error}",), ERRNOS[error])
    report(tried, capsys, f"{error}, old, 1 thread")


@pytest.mark.parametrize("error", ("EIO", "ENOSPC"))
@pytest.mark.parametrize("state", ("empty", "taken"))
def test_fail_every_call_from_another_start(workers, scenarios, capsys, state, error):
    tried = sweep(workers, scenarios[state], 2, (f"--errno={error}",), ERRNOS[error])
    report(tried, capsys, f"{error}, {state}, 2 threads")


MAKING = "write,mkdirat,linkat,symlinkat,renameat2,renameat"
CHANGING = MAKING + ",unlinkat,fchmod,utimensat"


@pytest.mark.parametrize("error, calls", (("EIO", None), ("ENOSPC", MAKING), ("EROFS", CHANGING)))
def test_fail_every_call_from_one_on(workers, scenarios, capsys, error, calls):
    """A disk that dies, fills up or turns read-only: what failed cannot be cleaned up either."""
    options = (f"--errno={error}", *([f"--calls={calls}"] if calls else []))
    tried = sweep(workers, scenarios["old"], 1, options, ERRNOS[error], plus="+")
    report(tried, capsys, f"{error} from a call on, old, 1 thread")


@pytest.mark.parametrize("signal, code, calls", (("TERM", 143, None), ("INT", 130, CHANGING)))
def test_signal_at_every_call(workers, scenarios, capsys, signal, code, calls):
    options = (f"--signal={signal}", *([f"--calls={calls}"] if calls else []))
    tried = sweep(workers, scenarios["old"], 1, options, (code,))
    report(tried, capsys, f"SIG{signal}, old, 1 thread")


def test_no_threads(workers, scenarios, capsys):
    """A limit on processes: one thread does it as well."""
    tried = sweep(workers, scenarios["old"], 2, ("--errno=EAGAIN", "--calls=clone,clone3"), ())
    report(tried, capsys, "EAGAIN from clone, old, 2 threads")


def starve(scenario, code, capsys):
    """Gives it an address space of every size from the first that lets the injector start to the first that is enough."""
    step, size, enough = 64 << 10, 0, []
    while harness.run("prlimit", f"--as={size}", harness.INJECTOR, "--version").returncode != 0:
        size += step
        assert size < 64 << 20, "the injector does not start in 64 MiB"
    while enough[-8:] != [True] * 8:
        place = Place(scenario)
        done = harness.run("prlimit", f"--as={size}", *scenario.command(place.target, 2))
        place.look()
        enough.append(bool(SUCCESS.search(done.stderr)))
        place.check(done.returncode == (0 if enough[-1] else code), f"exit {done.returncode}: {done.stderr}")
        place.check_names()
        place.check_closing_line(done)
        place.rerun()
        assert not place.problems, (size, place.problems)
        size += step
        assert size < 64 << 20, "64 MiB are not enough"
    with capsys.disabled():
        print(f"\n  address space, {scenario.name}, 2 threads: {len(enough)} sizes up to {size >> 20} MiB ", end="")
    assert False in enough


def test_too_little_memory(workers, scenarios, capsys):
    starve(scenarios["old"], 75, capsys)


WORSE = (
    # Older kernels, and file systems without exchange, links, attributes, preallocation.
    "renameat2=ENOSYS", "renameat2=EINVAL", "linkat=EPERM", "linkat=EMLINK", "linkat=EXDEV", "linkat=EOPNOTSUPP",
    "linkat=ENOSYS", "copy_file_range=EXDEV", "copy_file_range=ENOSYS", "openat2=ENOSYS", "statx=ENOSYS",
    "faccessat2=ENOSYS", "fchmodat2=ENOSYS", "close_range=ENOSYS", "sync_file_range=ENOSYS", "fadvise64=ENOSYS",
    "fallocate=EOPNOTSUPP", "fgetxattr=EOPNOTSUPP", "fremovexattr=EOPNOTSUPP", "sched_getaffinity=ENOSYS",
    # A kernel, or a container runtime, that lets nobody be confined.
    "prctl=EINVAL", "landlock_create_ruleset=ENOSYS", "landlock_create_ruleset=EPERM", "landlock_add_rule=EBADFD",
    "landlock_restrict_self=E2BIG", "seccomp=EPERM", "prctl=EPERM,landlock_create_ruleset=EOPNOTSUPP,seccomp=ENOSYS",
    # All at once.
    "renameat2=EINVAL,linkat=EPERM,copy_file_range=ENOSYS,openat2=ENOSYS,statx=ENOSYS,sync_file_range=ENOSYS,"
    "fremovexattr=EOPNOTSUPP,fadvise64=ENOSYS,faccessat2=ENOSYS",
)


def install_on_a_worse_kernel(scenario, threads, denied):
    place = Place(scenario)
    done, _ = interpose(["--deny", denied], scenario.command(place.target, threads))
    place.check_final(done)
    place.check_closing_line(done)
    assert not place.problems, (scenario.name, threads, place.problems)


@pytest.mark.parametrize("denied", WORSE)
def test_install_on_a_worse_kernel(workers, scenarios, denied):
    for scenario in scenarios.values():
        for threads in (1, 2):
            install_on_a_worse_kernel(scenario, threads, denied)


@pytest.mark.parametrize("error", ("ENOLCK", "ENOSYS", "EOPNOTSUPP"))
def test_no_locks(workers, scenarios, error):
    """Without flock(2) two installers could meet: nothing is installed, and the lock is named."""
    place = Place(scenarios["old"])
    done, _ = interpose(["--deny", f"flock={error}"], scenarios["old"].command(place.target, 1))
    harness.expect(done, 74, "io-error", ".injector/lock")
    place.look()
    place.check_names()
    place.rerun()
    assert not place.problems, place.problems


@pytest.mark.parametrize("state", ("old", "damaged"))
def test_kill_at_every_call_without_exchange(workers, scenarios, capsys, state):
    """Then a directory is absent for a moment between two renames; never a file, and never one that stays half."""
    scenario = scenarios[state]._replace(gaps=True)
    tried = sweep(workers, scenario, 1, ("--deny=renameat2=EINVAL",), (137,))
    report(tried, capsys, f"SIGKILL without exchange, {state}, 1 thread")
