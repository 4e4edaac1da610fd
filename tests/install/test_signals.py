"""SIGTERM and SIGINT at moments that are held open, and what else a process can be sent."""

import fcntl
import os
import signal
import subprocess
import time

import pytest

import harness
from harness import until
from steps import FILES, NEXT, assert_installed, needs_strace, says, slowed, unchanged

MANY = {f"agent/{i:03}": f"{i}" * 1000 for i in range(60)} | {"boot.py": "2"}
COPYING = "write,pwrite64,copy_file_range,sendfile"
SIGNALS = [(signal.SIGTERM, 143), (signal.SIGINT, 130)]


def interrupted(process, code):
    """Waits for the end and asserts that the process says what happened."""
    _, stderr = process.communicate(timeout=harness.PATIENCE)
    line = stderr.rstrip("\n").split("\n")[-1]
    assert process.returncode == code, stderr
    assert line.startswith("injector: interrupted: ") and line.endswith(f"(exit {code})"), line


@pytest.fixture(params=["empty", "over an old version"])
def start(request, place, target):
    if request.param != "empty":
        harness.install(harness.pack(place, FILES), target)
    return target


@needs_strace
@pytest.mark.parametrize("sent, code", SIGNALS)
@pytest.mark.parametrize("threads", ["1", "2"])
def test_while_staging(place, start, sent, code, threads):
    """Copying a file takes one of these calls at least: it stopped on the way, and not when all were copied."""
    bundle, trace = harness.pack(place, MANY, version="2.0.0"), place / "trace"
    with unchanged(start):
        process = slowed(COPYING, 60, "install", "--bundle", bundle, "--target", start, "--threads", threads,
                         trace=trace)
        until(lambda: len(list(start.glob(".injector/demo/stage*/**/*"))) > 4, process)
        process.send_signal(sent)
        interrupted(process, code)
    copied = [line for line in trace.read_text().splitlines() if "/stage" in line]
    assert 0 < len(copied) < len(MANY), "it stopped at once, not at the end"
    assert harness.leftovers(start) == []
    harness.expect(harness.install(bundle, start), 0, "installed")
    assert_installed(start, bundle)


@needs_strace
@pytest.mark.parametrize("sent, code", SIGNALS)
def test_while_hashing_what_is_there(place, target, sent, code):
    bundle, trace = harness.pack(place, MANY), place / "trace"
    harness.install(bundle, target)
    with unchanged(target):
        process = slowed("read,pread64,mmap", 50, "install", "--bundle", bundle, "--target", target, "--threads", "1",
                         trace=trace)
        until(says(trace, f"<{target}/agent/"), process)
        process.send_signal(sent)
        interrupted(process, code)
    assert f"<{target}/agent/059>" not in trace.read_text(), "it stopped at once, not at the end"


@pytest.mark.parametrize("sent, code", SIGNALS)
def test_while_waiting_for_the_lock(place, start, sent, code):
    bundle = harness.pack(place, MANY, version="2.0.0")
    (start / ".injector").mkdir(exist_ok=True)
    with unchanged(start), open(start / ".injector/lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = subprocess.Popen([harness.INJECTOR, "--bundle", bundle, "--target", start, "--log-format", "text"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        process.stderr.readline()
        process.send_signal(sent)
        interrupted(process, code)


@needs_strace
@pytest.mark.parametrize("sent, code", SIGNALS)
def test_while_publishing(place, target, sent, code):
    # After the first name is switched there is no way back that is better than the way on.
    old = harness.pack(place, {f"{n}/x": "1" for n in "abcd"})
    new = harness.pack(place, {f"{n}/x": "2" for n in "abcd"}, version="2.0.0")
    harness.install(old, target)
    process = slowed("renameat2", 200, "install", "--bundle", new, "--target", target)
    until(lambda: (target / "a/x").read_text() == "2", process)
    process.send_signal(sent)
    _, stderr = process.communicate(timeout=harness.PATIENCE)
    assert process.returncode in (0, code), stderr
    for name in "abcd":
        assert (target / name / "x").read_text() in "12"
    assert harness.leftovers(target) == []
    harness.install(new, target)
    assert_installed(target, new)


@needs_strace
def test_termination_message_of_an_interruption(place, target):
    bundle, message = harness.pack(place, MANY), place / "message"
    message.write_text("")
    process = slowed(COPYING, 60, "install", "--bundle", bundle, "--target", target,
                     "--termination-message", message)
    until(lambda: list(target.glob(".injector/demo/stage*")), process)
    process.send_signal(signal.SIGTERM)
    interrupted(process, 143)
    assert message.read_text().startswith("injector: interrupted: ")


@needs_strace
def test_signals_that_come_twice(place, target):
    # Kubernetes and an impatient user: the clean-up is not cut short by the second one.
    bundle = harness.pack(place, MANY)
    with unchanged(target):
        process = slowed(COPYING + ",unlinkat", 30, "install", "--bundle", bundle,
                         "--target", target)
        until(lambda: len(list(target.glob(".injector/demo/stage*/**/*"))) > 4, process)
        for sent in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
            process.send_signal(sent)
            time.sleep(0.02)
        _, stderr = process.communicate(timeout=harness.PATIENCE)
        assert process.returncode in (130, 143), stderr
    assert harness.leftovers(target) == []


def ignoring(signals):
    def set_them():
        for each in signals:
            signal.signal(each, signal.SIG_IGN)
    return set_them


def test_output_that_nobody_reads(place, target):
    bundle = harness.pack(place, FILES)
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as broken:
        done = subprocess.run([harness.INJECTOR, "--bundle", bundle, "--target", target], stderr=broken, stdout=broken,
                              check=False, timeout=harness.PATIENCE)
    assert done.returncode == 0
    assert_installed(target, bundle)


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
def test_closed_descriptors(place, target, closed):
    # The next file that is opened takes the free number: the log must not be written into the payload.
    old, new = harness.pack(place, FILES), harness.pack(place, NEXT, version="2.0.0")
    shell = " ".join(f"{number}>&-" for number in closed)
    for bundle in (old, new):
        script = f'exec "$@" {shell}'
        done = subprocess.run(["sh", "-c", script, "sh", harness.INJECTOR, "--bundle", bundle, "--target", target,
                               "--log-level", "debug"], check=False, timeout=harness.PATIENCE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        assert done.returncode == 0, done
        assert_installed(target, bundle)


def test_a_full_log(place, target):
    bundle = harness.pack(place, FILES)
    with open("/dev/full", "w") as full:
        done = subprocess.run([harness.INJECTOR, "--bundle", bundle, "--target", target], stderr=full, check=False,
                              timeout=harness.PATIENCE)
    assert done.returncode == 0
    assert_installed(target, bundle)


@pytest.mark.parametrize("command", [["inspect"], ["env"], ["--help"], ["--version"]])
def test_a_full_standard_output_is_an_error(place, command):
    bundle = harness.pack(place, FILES, environment=[{"name": "A", "value": "1", "merge": "set"}])
    options = ["--bundle", bundle] if not command[0].startswith("-") else []
    with open("/dev/full", "w") as full:
        done = subprocess.run([harness.INJECTOR, *command, *options], stdout=full, stderr=subprocess.PIPE, check=False,
                              timeout=harness.PATIENCE)
    assert done.returncode == 74


def test_ignored_signals_stay_ignored(place, target):
    # nohup and background jobs of a shell: whoever started us wants them ignored, or at least no crash.
    bundle = harness.pack(place, FILES)
    done = harness.install(bundle, target, preexec_fn=ignoring([signal.SIGINT, signal.SIGHUP, signal.SIGPIPE]))
    harness.expect(done, 0, "installed")
    assert_installed(target, bundle)
