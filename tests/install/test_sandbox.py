"""What a process gives up before it reads a bundle, as the kernel and strace see it; and that run gives up nothing."""

import ctypes
import fcntl
import os
import pathlib
import re
import signal
import subprocess

import pytest

import harness
from steps import FILES, NEXT, flip, needs_strace

SHELL = pathlib.Path("/bin/sh").resolve()
GIVEN_UP = ("NoNewPrivs", "Seccomp")


def status(text):
    """What /proc/PID/status says of it."""
    return {name: int(re.search(rf"^{name}:\s*(\d+)$", text, re.M)[1]) for name in GIVEN_UP}


def test_while_it_waits_for_the_lock(place, target):
    bundle = harness.pack(place, FILES)
    (target / ".injector").mkdir()
    with open(target / ".injector/lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with subprocess.Popen([harness.INJECTOR, "--bundle", bundle, "--target", target, "--log-format", "text"],
                              stderr=subprocess.PIPE, text=True) as process:
            assert "waiting" in process.stderr.readline()
            assert status(pathlib.Path(f"/proc/{process.pid}/status").read_text()) == {"NoNewPrivs": 1, "Seccomp": 2}
            process.terminate()


@pytest.mark.parametrize("mode, more, code", [("fail", "", 0), ("continue", " && kill $PPID; while :; do :; done", 128 + signal.SIGTERM)])
def test_a_program_gets_all_that_there_was(place, mode, more, code):
    bundle = harness.pack(place, {"agent/sh": ("exec", SHELL.read_bytes())})
    script = f"while read -r line; do echo \"$line\"; done < /proc/self/status; : > {place}/elsewhere && /bin/true{more}"
    done = harness.run(harness.INJECTOR, "run", "--bundle", bundle, "--on-failure", mode, "agent/sh", "-c",
                       script)
    assert done.returncode == code, done.stderr
    assert status(done.stdout) == status(pathlib.Path("/proc/self/status").read_text())
    assert (place / "elsewhere").exists()


def landlock_version():
    """What this kernel has of it, as landlock_create_ruleset(2) says; -1 for none."""
    create_ruleset, say_version = 444, 1
    return ctypes.CDLL(None).syscall(create_ruleset, None, 0, say_version)


def calls_in(trace):
    """The calls by which the process confines itself, as numbers of the lines that strace wrote, and those lines."""
    calls = trace.read_text().splitlines()
    confining = re.compile(r" (prctl\(PR_SET_NO_NEW_PRIVS|seccomp\(|landlock_\w+\()")
    return [number for number, call in enumerate(calls) if confining.search(call)], calls


def traced(trace, *argv, **kwargs):
    """Runs the injector; what the kernel refused after the process had confined itself."""
    done = harness.run("strace", "-f", "-qq", "-o", trace, harness.INJECTOR, *argv, "--log-format", "text",
                       "--log-level", "debug", **kwargs)
    missing = [line for line in done.stderr.splitlines() if "could not be confined" in line]
    # All is had but what this kernel lacks.
    assert not missing or (landlock_version() < 2 and "error=landlock: " in missing[0]), missing
    confined, calls = calls_in(trace)
    assert sum(" seccomp(" in call for call in calls) == 1, confined
    return done, [call for call in calls[confined[-1] + 1:] if re.search(r"= -1 (ENOSYS|EACCES|EPERM)", call)]


@needs_strace
def test_nothing_that_it_needs_is_refused(place, target):
    """Through all that an install does: the first, an upgrade of something damaged, one that has to wait for its turn."""
    old = harness.pack(place, FILES | {f"many/{i}": str(i) * 1000 for i in range(100)})
    new, message, trace = harness.pack(place, NEXT, version="2.0.0"), place / "message", place / "trace"
    message.touch()
    more = ["--termination-message", message]
    install = ["install", "--target", target, "--threads", "2", "--fsync", *more]
    commands = [[*install, "--bundle", old], [*install, "--bundle", old, "--dry-run"], ["verify", "--bundle", new],
                ["verify", "--target", target], ["inspect", "--target", target], ["env", "--bundle", new],
                [*install, "--bundle", new]]
    for command in commands:
        if command == commands[-1]:
            flip(target / "agent/core/a.so")
            (target / "boot.py").unlink()
            os.mkfifo(target / "boot.py")
        done, refused = traced(trace, *command)
        assert done.returncode == 0, done.stderr
        # glibc asks for the zone of the clock; it is UTC whatever it finds.
        assert [call for call in refused if "/etc/localtime" not in call] == [], command
        message.write_text("")
    assert harness.payload_of(target) == harness.tree(new / "payload")


@needs_strace
def test_how_little_it_takes(place, target):
    """The system calls that an install makes to confine itself do not grow with anything."""
    bundle, trace = harness.pack(place, FILES), place / "trace"
    harness.run("strace", "-f", "-qq", "-o", trace, harness.INJECTOR, "install", "--bundle", bundle, "--target", target)
    confined, calls = calls_in(trace)
    assert confined and confined[-1] - confined[0] + 1 <= 16, calls[confined[0]:confined[-1] + 1]
    assert "prctl(" not in harness.run("strace", "-f", "-qq", "-e", "trace=prctl,seccomp", harness.INJECTOR, "--version").stderr
