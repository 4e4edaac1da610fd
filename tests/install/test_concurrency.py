"""Several injectors at once on one target, and the lock."""

import fcntl
import os
import signal
import socket
import subprocess
import time

import pytest

import harness
from harness import until
from steps import FILES, NEXT, assert_installed, needs_strace, slowed, unchanged, untouched


def launch(bundle, target, *options):
    return subprocess.Popen([harness.INJECTOR, "install", "--bundle", bundle, "--target", target, "--log-format", "text",
                             *options], stderr=subprocess.PIPE, text=True)


def at_once(target, bundles, *options):
    """Starts one injector per bundle together, and returns what each said last."""
    started = [launch(b, target, *options) for b in bundles]
    lines = []
    for process in started:
        _, stderr = process.communicate(timeout=harness.PATIENCE)
        assert process.returncode == 0, stderr
        lines.append(stderr.rstrip("\n").split("\n")[-1])
    return lines


@pytest.mark.parametrize("count", [2, 8])
@pytest.mark.parametrize("start", ["empty", "old version", "damaged"])
def test_the_same_library(place, target, count, start):
    bundle = harness.pack(place, NEXT | {f"m/{i}": str(i) for i in range(200)}, version="2.0.0")
    if start != "empty":
        harness.install(bundle if start == "damaged" else harness.pack(place, FILES), target)
    if start == "damaged":
        (target / "boot.py").write_text("damaged")
    lines = at_once(target, [bundle] * count)
    reasons = sorted(line.split(": ")[1] for line in lines)
    assert reasons == ["already-installed"] * (count - 1) + ["installed"]
    assert_installed(target, bundle)


@pytest.mark.parametrize("count", [2, 8])
def test_two_versions(place, target, count):
    bundles = [harness.pack(place, FILES), harness.pack(place, NEXT, version="2.0.0")]
    for _ in range(5):
        at_once(target, bundles * (count // 2))
        record = (target / ".injector/demo/manifest.json").read_text()
        assert_installed(target, bundles[1] if '"2.0.0"' in record else bundles[0])


@pytest.mark.parametrize("count", [2, 8])
def test_different_libraries(place, target, count):
    bundles = [harness.pack(place, {f"lib{i}/{j}": str(j) for j in range(50)}, name=f"lib{i}") for i in range(count)]
    lines = at_once(target, bundles)
    assert {line.split(": ")[1] for line in lines} == {"installed"}
    assert_installed(target, *bundles)


def test_libraries_that_want_the_same_name(place, target):
    bundles = [harness.pack(place, {"agent/x": f"{i}" * 9, f"a{i}/x": "x"}, name=f"lib{i}") for i in range(4)]
    started = [launch(b, target) for b in bundles]
    codes = [(process.communicate(timeout=harness.PATIENCE), process.returncode)[1] for process in started]
    assert sorted(codes) == [0, 73, 73, 73]
    assert_installed(target, bundles[codes.index(0)])


@pytest.fixture
def held(place, target):
    """The lock of the target, as another injector would hold it, over an installed old version."""
    harness.install(harness.pack(place, FILES), target)
    descriptor = os.open(target / ".injector/lock", os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    yield descriptor
    os.close(descriptor)


@needs_strace
@pytest.mark.parametrize("seconds", [0, 1])
def test_lock_timeout(place, target, held, seconds):
    """Not a moment less by the clock; and not more by what it does, which a busy machine does not change: two looks at
    the lock, and one more every 20 ms at most."""
    bundle, trace = harness.pack(place, NEXT, version="2.0.0"), place / "trace"
    before = time.monotonic()
    with unchanged(target):
        done = harness.run("strace", "-f", "-qq", "-o", trace, "-e", "trace=flock", harness.INJECTOR, "install", "--bundle",
                           bundle, "--target", target, "--timeout", seconds, "--log-format", "text")
        harness.expect(done, 75, "lock-timeout", target / ".injector/lock")
    assert seconds <= time.monotonic() - before
    looks = trace.read_text().count("flock(")
    assert 1 + seconds <= looks <= 2 + seconds * 50
    assert len(done.stderr.splitlines()) >= (2 if seconds else 1), "a wait is announced"


def test_lock_is_not_needed_where_all_is_right(target, place, held):
    bundle = place / "demo-1.0.0.bundle"
    with untouched(target):
        harness.expect(harness.install(bundle, target, "--timeout", "0"), 0, "already-installed")


def test_a_waiting_injector_goes_on_when_the_lock_is_free(place, target, held):
    bundle = harness.pack(place, NEXT, version="2.0.0")
    with launch(bundle, target) as process:
        waits = process.stderr.readline()
        assert "lock" in waits or "wait" in waits, waits
        fcntl.flock(held, fcntl.LOCK_UN)
        rest = process.stderr.read()
    assert process.returncode == 0, waits + rest
    assert_installed(target, bundle)


@needs_strace
def test_a_second_look_after_the_wait(place, target):
    # The one that waited finds the work done, and does not do it again.
    bundle = harness.pack(place, {f"a/{i}": str(i) for i in range(20)})
    first = slowed("linkat,openat,write", 30, "install", "--bundle", bundle, "--target", target)
    until(lambda: list(target.glob(".injector/demo/stage*")), first)
    first.send_signal(signal.SIGSTOP)
    with launch(bundle, target) as second:
        assert "waiting" in second.stderr.readline()
        first.send_signal(signal.SIGCONT)
        last = second.stderr.read().splitlines()[-1]
    assert second.returncode == 0 and last.startswith("injector: already-installed: "), last
    first.communicate(timeout=harness.PATIENCE)
    assert first.returncode == 0
    assert_installed(target, bundle)


@needs_strace
def test_a_killed_holder_leaves_no_lock(place, target):
    bundle = harness.pack(place, {f"a/{i}": str(i) for i in range(20)})
    first = slowed("linkat,openat,write", 30, "install", "--bundle", bundle, "--target", target)
    until(lambda: list(target.glob(".injector/demo/stage*")), first)
    first.send_signal(signal.SIGKILL)
    first.communicate(timeout=harness.PATIENCE)
    assert harness.leftovers(target)
    harness.expect(harness.install(bundle, target, "--timeout", "5"), 0, "installed")
    assert_installed(target, bundle)


@needs_strace
def test_a_stopped_holder_is_waited_for_until_the_deadline(place, target):
    bundle = harness.pack(place, {f"a/{i}": str(i) for i in range(20)})
    first = slowed("linkat,openat,write", 30, "install", "--bundle", bundle, "--target", target)
    until(lambda: any(lock.read_text() for lock in target.glob(".injector/demo/stage*/lock")), first)
    first.send_signal(signal.SIGSTOP)
    harness.expect(harness.install(bundle, target, "--timeout", "0"), 75, "lock-timeout",
                   f"another injector (pid {first.pid} on {socket.gethostname()}) has held the lock for 0 s")
    first.send_signal(signal.SIGCONT)
    first.communicate(timeout=harness.PATIENCE)
    assert first.returncode == 0
    assert_installed(target, bundle)


@pytest.mark.parametrize("signature, holds, named", [
    ("7 web-5d8f.example", True, " (pid 7 on web-5d8f.example)"), ("7 web", False, ""), ("", True, ""), ("7", True, ""),
    ("7 ", True, ""), ("x web", True, ""), ("7 web) is fine. Call 555", True, ""), ("7 web\n8 web", True, ""),
    ("7 \x1b[31m", True, ""), ("12345678901 web", True, ""), ("7 " + "x" * 200, True, "")])
def test_who_holds_the_lock_is_a_hint(place, target, held, signature, holds, named):
    """Anybody can write to the volume: only what has the form of a signature is told, and of somebody who is at work."""
    stage = target / ".injector/demo/stage-0"
    stage.mkdir()
    (stage / "lock").write_text(signature)
    bundle = harness.pack(place, NEXT, version="2.0.0")
    with open(stage / "lock", "r+") as lock:
        if holds:
            fcntl.flock(lock, fcntl.LOCK_EX)
        harness.expect(harness.install(bundle, target, "--timeout", "0"), 75, "lock-timeout",
                       f"lock: another injector{named} has held the lock for 0 s. ")


@needs_strace
def test_the_deadline_is_the_locks_alone(place, target):
    """However slow the volume is, an install that has its turn goes on."""
    bundle = harness.pack(place, {f"a/{i}": str(i) for i in range(20)})
    slow = slowed("openat,mkdirat,linkat,write,renameat2,unlinkat", 10, "install", "--bundle", bundle, "--target", target,
                  "--timeout", "0")
    _, stderr = slow.communicate(timeout=harness.PATIENCE)
    assert slow.returncode == 0, stderr
    assert_installed(target, bundle)


def test_stages_of_killed_runs_go_first(place, target):
    # Of another library too: their space may be what is missing.
    bundle = harness.pack(place, FILES)
    stale = {f".injector/{name}/stage-{i}/x/y": "stale" for name in ("demo", "other") for i in ("1", "abc")}
    harness.write_tree(target, stale)
    harness.expect(harness.install(bundle, target), 0, "installed")
    assert not list(target.glob(".injector/demo/stage*"))
    assert harness.payload_of(target) == harness.tree(bundle / "payload")
