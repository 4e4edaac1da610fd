"""Other injectors at the same target, and a pod that is told to end, over and over."""

import collections
import fcntl
import random
import shutil
import signal
import subprocess
import time

import pytest

import harness
from life import check_names, only_line
from steps import FILES, NEXT, injected, needs_strace

ROUNDS = 600 if harness.LONG else 20
WIDE = {v: {f"agent/d{a}/e{b}/f": v for a in range(10) for b in range(20)} | {"boot.py": v} for v in "12"}


@pytest.fixture
def bundles(place):
    return [harness.pack(place, files, version=version) for version, files in WIDE.items()]


def started(bundle, target, *options):
    command = [harness.INJECTOR, "install", "--bundle", bundle, "--target", target, "--log-format", "text", *options]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def ended(process):
    _, stderr = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, stderr=stderr)


def ends_or_waits(process):
    """As if it had been alone, or with the line of the lock: what the others do is never an error."""
    line = only_line(ended(process), 0, 75)
    assert process.returncode == 0 or line.startswith("injector: lock-timeout: "), line


@pytest.mark.parametrize("count", [3, 4])
def test_two_versions_at_once(target, bundles, count):
    trees = [harness.tree(bundle / "payload") for bundle in bundles]
    for index in range(ROUNDS):
        processes = []
        for number in range(count):
            processes.append(started(bundles[(index + number) % 2], target, "--threads", "2"))
            time.sleep(random.random() * 0.02)
        for process in processes:
            ends_or_waits(process)
        assert harness.payload_of(target) in trees and harness.leftovers(target) == []


@needs_strace
@pytest.mark.parametrize("calls, fault", [("getdents64", "error=ENOENT"), ("getdents64", "error=EIO"),
                                          ("readlinkat", "error=EIO")])
def test_a_look_without_the_lock_that_fails(place, target, calls, fault):
    """Whoever holds the lock may be taking away what is looked at. It is the lock that is waited for, then."""
    old, new = harness.pack(place, FILES), harness.pack(place, NEXT, version="2.0.0")
    harness.expect(harness.install(old, target), 0, "installed")
    with open(target / ".injector/lock", "r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = injected(calls, fault, "install", "--bundle", new, "--target", target, "--timeout", "0", when="1+")
    harness.expect(done, 75, "lock-timeout")
    assert harness.payload_of(target) == harness.tree(old / "payload")


@pytest.mark.parametrize("sent, code", [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_storm_of_signals(place, bundles, sent, code):
    """However many come and whenever: each name is old or new, whole, and nothing is left but what is installed."""
    start, target = place / "start", place / "target"
    start.mkdir()
    before = time.monotonic()
    harness.expect(harness.install(bundles[0], start), 0, "installed")
    undisturbed = time.monotonic() - before
    was, will = harness.payload_of(start), harness.tree(bundles[1] / "payload")
    seen = collections.Counter()
    for index in range(ROUNDS):
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(start, target)
        process = started(bundles[1], target)
        time.sleep(index / ROUNDS * undisturbed)
        while process.poll() is None:
            process.send_signal(sent)
            time.sleep(0.0002)
        done = ended(process)
        seen[done.returncode] += 1
        # The kernel's own end is for what came before the first instruction of ours.
        assert done.returncode in (0, code, -sent), done.stderr
        if done.returncode == -sent:
            assert harness.tree(target) == harness.tree(start)
        else:
            only_line(done, 0, code)
        check_names(target, was, will, done.returncode == 0)
        assert harness.leftovers(target) == []
        only_line(harness.install(bundles[1], target), 0)
        assert harness.payload_of(target) == will
    assert len(seen) > 1, f"every signal came too early or too late: {seen}"


def test_two_nodes(mount, place, target):
    """One directory through two mounts, whose locks know of each other: as a volume that pods on two nodes share."""
    bundles = [harness.pack(place, FILES | WIDE["1"]), harness.pack(place, NEXT | WIDE["2"], version="2.0.0")]
    trees = [harness.tree(bundle / "payload") for bundle in bundles]
    nodes = [mount.faulty(target, "--shared-locks") for _ in range(2)]
    for _ in range(ROUNDS // 2):
        for process in [started(bundle, node) for bundle, node in zip(bundles, nodes)]:
            ends_or_waits(process)
        assert harness.payload_of(target) in trees and harness.leftovers(target) == []
