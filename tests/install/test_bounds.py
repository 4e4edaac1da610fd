"""What somebody put on the volume, or a container runtime does not say: every look has a bound, and a hint is no error."""

import os
import resource
import shutil
import stat

import pytest

import harness
from steps import FILES, NEXT, assert_installed, injected, needs_root, needs_strace, reachable, untouched

RECORD = ".injector/demo/manifest.json"
SMALL = 64 << 20  # bytes of address space, above what the executable itself takes


def small(*limits):
    """What subprocess needs to run an injector that may have so much and no more."""
    def apply():
        for what, value in limits or [(resource.RLIMIT_AS, SMALL)]:
            resource.setrlimit(what, (value, value))
    return {"preexec_fn": apply}


def directory(at):
    at.mkdir()
    (at / "x").write_text("x")


def spaces(at):
    with open(at, "wb") as file:
        for _ in range(60):
            file.write(b" " * (1 << 20))


def unix_socket(at):
    os.mknod(at, stat.S_IFSOCK | 0o644)


def sparse(size):
    def make(at):
        at.touch()
        os.truncate(at, size)
    return make


# Each in the place of a record, which then counts as absent.
ODD = {
    "a directory": directory,
    "a FIFO": os.mkfifo,
    "a socket": unix_socket,
    "a link": lambda at: at.symlink_to("/dev/zero"),
    "60 MB of blanks": spaces,
    "65 MiB sparse": sparse(65 << 20),
    "1 TiB sparse": sparse(1 << 40),
}


@pytest.mark.parametrize("what", ODD)
@pytest.mark.parametrize("place_of", ["own", "previous", "selection", "another library's"])
def test_an_odd_record(place, target, what, place_of):
    """It counts as absent, however it is: the install ends, in little memory, and then so does the next."""
    bundle, new = harness.pack(place, FILES), harness.pack(place, NEXT, version="2.0.0")
    harness.install(bundle, target)
    at = target / {"own": RECORD, "previous": ".injector/demo/previous-1.json", "selection": ".injector/demo/selection",
                   "another library's": ".injector/other/manifest.json"}[place_of]
    at.parent.mkdir(exist_ok=True)
    at.unlink(missing_ok=True)
    try:
        ODD[what](at)
    except OSError as error:
        pytest.skip(f"this file system cannot hold it: {error}")
    # A FIFO that somebody holds open for writing would make a reader wait for ever.
    holder = os.open(at, os.O_RDWR | os.O_NONBLOCK) if what == "a FIFO" else None
    try:
        for version in (bundle, new):
            if place_of == "own" and version == new:
                break  # its record is good again
            done = harness.install(version, target, **small())
            assert done.returncode == 0, done.stderr
        done = harness.install(bundle, target, **small())
        assert done.returncode == 0, done.stderr
    finally:
        if holder is not None:
            os.close(holder)
    if place_of == "another library's":
        shutil.rmtree(at.parent)
    assert_installed(target, bundle)


def test_the_record_of_another_library_has_a_limit(place, target):
    """A million names in 60 MB, all of them well-formed."""
    record = target / ".injector/other/manifest.json"
    record.parent.mkdir(parents=True)
    entry = '{"path":"f%07d","type":"file","mode":"0644","size":0,"sha256":"' + "0" * 64 + '"}'
    with open(record, "w") as file:
        file.write('{"schemaVersion":1,"name":"other","version":"1","environment":[],"entries":[\n')
        file.write(",\n".join(entry % i for i in range(450_000)) + "]}")
    (target / "boot.py").write_text("a file of that name makes us look whose it is")
    bundle = harness.pack(place, FILES)
    done = harness.install(bundle, target, **small())
    harness.expect(done, 0, "installed")
    assert "counts as absent" in done.stderr and str(record) in done.stderr
    with untouched(record.parent):
        harness.expect(harness.install(bundle, target, **small()), 0, "already-installed")


MANY = 150_000


@pytest.fixture
def crowded():
    """crowded(directory) makes so many files there that their names do not fit into the memory that small() leaves."""
    def crowd(at):
        descriptor = os.open(at, os.O_RDONLY)
        for i in range(MANY):
            os.close(os.open(f"{i:0240}", os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=descriptor))
        os.close(descriptor)
    return crowd


@pytest.fixture
def tight():
    """Less than the names of MANY files take: 36 MB."""
    return small((resource.RLIMIT_AS, os.path.getsize(harness.INJECTOR) + (28 << 20)))


def test_very_many_names_in_a_directory_of_ours(place, target, crowded, tight):
    """The first that is too much tells enough; and they are removed as they are read."""
    bundle = harness.pack(place, FILES)
    harness.install(bundle, target)
    crowded(target / "agent/core")
    done = harness.injector("verify", "--target", target, "--threads", "1", **tight)
    harness.expect(done, 65, "surplus-entry", target / "agent/core/0")
    harness.expect(harness.install(bundle, target, "--threads", "1", **tight), 0, "installed")
    assert_installed(target, bundle)


def test_very_many_names_in_what_is_dropped(place, target, crowded, tight):
    old = harness.pack(place, FILES | {"dropped/x": "x"})
    new = harness.pack(place, NEXT, version="2.0.0")
    harness.install(old, target)
    crowded(target / "dropped")
    harness.expect(harness.install(new, target, "--threads", "1", **tight), 0, "installed")
    assert_installed(target, new)


def test_very_many_names_beside_the_records(place, target, crowded, tight):
    """In .injector, and in the folder of the library: what is not ours there stays."""
    bundle = harness.pack(place, FILES)
    for at in (target / ".injector", target / ".injector/demo"):
        at.mkdir()
    crowded(target / ".injector")
    harness.expect(harness.install(bundle, target, "--threads", "1", **tight), 0, "installed")
    assert harness.payload_of(target) == harness.tree(bundle / "payload")
    harness.expect(harness.install(bundle, target, "--threads", "1", **tight), 0, "already-installed")


@needs_strace
@pytest.mark.parametrize("calls, error", [
    ("statfs,fstatfs", "ENOSYS"), ("statfs,fstatfs", "EACCES"), ("statfs,fstatfs", "EIO"),
    ("faccessat2,faccessat", "EPERM"), ("faccessat2,faccessat", "EIO"), ("faccessat2,faccessat", "ENOSYS"),
    ("fchmod", "EPERM"), ("fchmod", "ENOSYS"), ("fchmod", "EOPNOTSUPP"),
    ("fremovexattr", "EIO"), ("fremovexattr", "EINVAL"), ("fremovexattr", "EACCES"),
    ("statx", "EPERM"), ("fadvise64", "EINVAL"), ("sched_getaffinity", "EPERM"),
    ("linkat", "EINVAL"), ("linkat", "EACCES"), ("linkat", "ENOENT"), ("linkat", "ENOTTY"),
], ids=lambda v: v.split(",")[0])
def test_a_hint_that_cannot_be_had(place, target, calls, error):
    """Whatever the call was asked for is unknown then, and the work goes on."""
    old, new = harness.pack(place, FILES), harness.pack(place, NEXT, version="2.0.0")
    for bundle in (old, new):
        done = injected(calls, f"error={error}", "install", "--bundle", bundle, "--target", target, when="1+")
        harness.expect(done, 0, "installed")
        assert harness.payload_of(target) == harness.tree(bundle / "payload")
        assert harness.leftovers(target) == []


@needs_strace
def test_a_chmod_that_is_refused_at_the_lock(place, target):
    # With a umask that we cannot change either, the lock would not have its mode: another user cannot take it, no more.
    bundle = harness.pack(place, FILES)
    done = injected("fchmod", "error=EPERM", "install", "--bundle", bundle, "--target", target, when="1+")
    harness.expect(done, 0, "installed")


def below_control_groups(script, place, *argv):
    """Runs the injector as another user, where a script has made what lies in /sys/fs/cgroup ($C)."""
    words = harness.unshare("--mount")
    run = f"C=/sys/fs/cgroup; mount -t tmpfs none $C && {{ {script}; }} && exec setpriv --reuid 12345 --regid 12345 " \
          f"--clear-groups \"$@\""
    return harness.run(*words, "sh", "-c", run, "sh", reachable(harness.INJECTOR, place), *argv, "--log-format", "text")


@needs_root
@pytest.mark.parametrize("limit, code", [(19 << 20, 75), (22 << 20, 0), ("max", 0)])
@pytest.mark.parametrize("kind", ["tmpfs", "disk"])
def test_a_volume_in_memory_and_the_memory_limit(place, target, mount, limit, code, kind):
    """What is written there counts against the limit: a line before the first byte, and no OOM kill in the middle."""
    bundle = harness.pack(place, {"agent/large": os.urandom(16 << 20), "agent/small": "x"})
    if kind == "tmpfs":
        target = mount.tmpfs("size=100m")
    elif code:
        target, code = mount.ext4(64 << 20), 0
    target.chmod(0o777)
    script = f"echo {limit} > $C/memory.max"
    done = below_control_groups(script, place, "install", "--bundle", bundle, "--target", target)
    if code:
        harness.expect(done, code, "out-of-memory", target, "the memory limit is 19922944", "Raise the memory limit")
        assert harness.payload_of(target) == {} and harness.leftovers(target) == []
        script = f"echo {limit} > $C/memory.max"
        done = below_control_groups(script, place, "install", "--dry-run", "--bundle", bundle, "--target", target)
        harness.expect(done, code, "out-of-memory", target)
    else:
        harness.expect(done, 0, "installed")


@needs_root
@pytest.mark.parametrize("broken", ["closed", "a directory", "garbage", "endless"])
def test_control_group_files_that_cannot_be_read(place, target, broken):
    bundle = harness.pack(place, FILES)
    target.chmod(0o777)
    script = {"closed": "echo max > $C/cpu.max; chmod 0 $C/cpu.max; cp $C/cpu.max $C/memory.max; chmod 0 $C/memory.max",
              "a directory": "mkdir $C/cpu.max $C/memory.max",
              "garbage": "printf '58\\377\\n9' | tee $C/cpu.max > $C/memory.max",
              "endless": "ln -s /dev/zero $C/cpu.max; ln -s /dev/zero $C/memory.max"}[broken]
    done = below_control_groups(script, place, "install", "--bundle", bundle, "--target", target)
    harness.expect(done, 0, "installed")


@needs_root
def test_another_users_files_are_copied(place, target, user):
    """What a stranger owns, or may write, is right today and his to change tomorrow: no name of ours is a link to it."""
    old, new = harness.pack(place, FILES), harness.pack(place, FILES | {"agent/new.py": "2"}, version="2.0.0")
    target.chmod(0o1777)
    shutil.copytree(old / "payload", target, dirs_exist_ok=True, symlinks=True)
    for at in target.rglob("*"):
        os.chown(at, 12345, 12345, follow_symlinks=False)
    theirs = {at.lstat().st_ino for at in target.rglob("*")}
    harness.expect(harness.install(new, target, "--replace"), 0, "installed")
    ours = {at.lstat().st_ino: at for name in ("agent", "boot.py") for at in [target / name, *(target / name).rglob("*")]}
    assert not [ours[inode] for inode in ours.keys() & theirs if stat.S_ISREG(ours[inode].lstat().st_mode)
                and "boot.py" not in str(ours[inode])]


@needs_root
def test_what_others_may_write_is_copied(place, target):
    """The kubelet gives the group of fsGroup the right to write: so is it with whoever is in that group."""
    old, new = harness.pack(place, FILES), harness.pack(place, FILES | {"agent/new.py": "2"}, version="2.0.0")
    harness.install(old, target)
    for at in (target / "agent").rglob("*"):
        if at.is_file() and not at.is_symlink():
            at.chmod(0o664 if at.name != "tool" else 0o775)
    theirs = {at.stat().st_ino for at in (target / "agent").rglob("*") if at.is_file()}
    harness.expect(harness.install(new, target), 0, "installed")
    assert_installed(target, new)
    assert not theirs & {at.stat().st_ino for at in (target / "agent").rglob("*") if at.is_file()}


@needs_root
def test_nothing_is_linked_out_of_what_goes_to_replaced(place, target):
    bundle = harness.pack(place, FILES)
    shutil.copytree(bundle / "payload/agent", target / "agent", symlinks=True)
    (target / "agent/precious").write_text("a stranger's")
    harness.expect(harness.install(bundle, target, "--replace"), 0, "installed")
    kept = next((target / ".injector/replaced").iterdir())
    assert (kept / "precious").exists()
    shared = {at.stat().st_ino for at in kept.rglob("*")} & {at.stat().st_ino for at in (target / "agent").rglob("*")}
    assert not shared


@needs_root
@pytest.mark.parametrize("record", ["manifest.json", "previous-1.json"])
@pytest.mark.parametrize("kind", ["directory", "file"])
def test_a_record_that_names_a_strangers(place, target, record, kind):
    """Anybody can have written it: his own it may name, and another user's stays, with a warning."""
    target.chmod(0o1777)
    bundle = harness.pack(place, FILES)
    if record != "manifest.json":
        harness.install(bundle, target)
    forged = harness.pack(place, {"victim/db": "x"} if kind == "directory" else {"victim": "x"}, version="0")
    (target / ".injector/demo").mkdir(parents=True, exist_ok=True)
    shutil.copy(forged / "manifest.json", target / ".injector/demo" / record)
    harness.write_tree(target, {"victim/db": "secret"} if kind == "directory" else {"victim": "secret"})
    for at in (target / "victim", target / "victim/db"):
        if at.exists():
            os.chown(at, 2002, 2002)
    before = harness.tree(target / "victim"), (target / "victim").lstat().st_ino
    done = harness.install(bundle, target)
    assert done.returncode == 0, done.stderr
    assert (harness.tree(target / "victim"), (target / "victim").lstat().st_ino) == before
    assert "it is not ours: it stays" in done.stderr and str(target / "victim") in done.stderr
    done = harness.install(bundle, target)
    assert "not ours" not in done.stderr, "it is said once"


def test_what_only_an_old_record_names_goes(place, target):
    """The other side: what is ours, or is what the record says whoever owns it."""
    old, new = harness.pack(place, FILES), harness.pack(place, NEXT, version="2.0.0")
    harness.install(old, target)
    if os.geteuid() == 0:
        os.chown(target / "only-in-1.py", 2002, 2002)
    harness.expect(harness.install(new, target), 0, "installed")
    assert not (target / "only-in-1.py").exists()


def test_a_damaged_bundle_takes_nothing_away(place, target):
    """A library that is there stays, though the run before was killed where a name was free for a moment."""
    old, new = harness.pack(place, FILES), harness.pack(place, NEXT, version="2.0.0")
    harness.install(old, target)
    stage = target / ".injector/demo/stage-1"
    (stage / "old").mkdir(parents=True)
    (target / "agent").rename(stage / "old/agent")
    (new / "payload/agent/core/a.so").write_bytes(b"damage")
    harness.expect(harness.install(new, target), 65, "size-mismatch")
    assert harness.payload_of(target) == harness.tree(old / "payload")
    assert harness.leftovers(target) == []
