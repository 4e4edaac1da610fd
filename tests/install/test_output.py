"""The closing line, the termination message, the log."""

import json
import os
import pty
import re
import subprocess
import time

import pytest

import harness
from steps import FILES, NEXT, flip, needs_strace, replace, rewrite

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture
def bundle(place):
    return harness.pack(place, FILES)


def plain(*argv, **kwargs):
    """Runs the injector without a log format: its stderr is no terminal here."""
    return harness.run(harness.INJECTOR, *argv, **kwargs)


@pytest.fixture(params=["installed", "already-installed", "digest-mismatch", "target-missing", "usage"])
def outcome(request, place, target, bundle):
    """(arguments, exit code, reason) of runs that end in different ways."""
    arguments, code = ["install", "--bundle", bundle, "--target", target], 0
    if request.param == "already-installed":
        harness.install(bundle, target)
    elif request.param == "digest-mismatch":
        flip(bundle / "payload/boot.py")
        code = 65
    elif request.param == "target-missing":
        arguments[-1], code = place / "not-there", 73
    elif request.param == "usage":
        arguments, code = [*arguments, "--no-such-option"], 64
    return arguments, code, request.param


def test_termination_message(place, outcome):
    arguments, code, reason = outcome
    message = place / "message"
    message.write_text("of an earlier run, and longer than what will be written now" * 30)
    inode = message.stat().st_ino
    done = harness.injector(*arguments, "--termination-message", message)
    line = harness.expect(done, code, reason)
    assert message.read_text().rstrip("\n") == line
    assert message.stat().st_ino == inode, "the kubelet mounted this file: it is written in place"
    assert done.stdout == ""


def test_termination_message_is_text_whatever_the_log_is(place, outcome):
    arguments, code, reason = outcome
    message = place / "message"
    message.write_text("")
    done = plain(*arguments, "--termination-message", message, "--log-format", "json")
    assert done.returncode == code
    assert message.read_text().startswith(f"injector: {reason}: ")


def absent(path):
    pass


def locked(path):
    path.write_text("")
    path.chmod(0o444)


@pytest.mark.parametrize("make", [absent, os.mkdir, lambda p: p.symlink_to("/nowhere/at/all")],
                         ids=["absent", "directory", "dangling link"])
def test_termination_message_that_cannot_be_written_is_ignored(place, target, bundle, make):
    message = place / "message"
    make(message)
    before = harness.tree(place, skip=("target",))
    done = harness.install(bundle, target, "--termination-message", message)
    harness.expect(done, 0, "installed")
    assert harness.tree(place, skip=("target",)) == before


def test_termination_message_of_another_user(place, target, bundle, user):
    target.chmod(0o777)
    message = place / "message"
    locked(message)
    done = user(12345, "install", "--bundle", bundle, "--target", target, "--termination-message", message)
    harness.expect(done, 0, "installed")
    assert message.read_text() == ""


def test_json_log(outcome):
    arguments, code, reason = outcome
    done = plain(*arguments, "--log-level", "debug")
    assert done.returncode == code
    events = [json.loads(line) for line in done.stderr.splitlines()]
    for event in events:
        assert TIME.fullmatch(event["time"]), event
        assert event["level"] in ("debug", "info", "warn", "error")
        assert isinstance(event["msg"], str) and event["msg"]
        assert list(event)[:3] == ["time", "level", "msg"]
        assert set(event) <= {"time", "level", "msg", "library", "version", "path", "error", "exit_code",
                              "duration_ms"}, event
    last = events[-1]
    assert last["level"] == ("error" if code else "info")
    assert reason in json.dumps(last)
    if code == 0:
        assert (last["library"], last["version"]) == ("demo", "1.0.0")
        assert last["duration_ms"] >= 0
    if reason == "digest-mismatch":
        assert "payload/boot.py" in json.dumps(last)


def test_format_auto_is_json_where_no_terminal_is(outcome):
    arguments, *_ = outcome
    assert json.loads(plain(*arguments).stderr.splitlines()[-1])
    assert json.loads(plain(*arguments, "--log-format", "auto").stderr.splitlines()[-1])


def on_terminal(*argv):
    """Runs a command with stderr on a terminal, and returns exit code and what it showed."""
    master, slave = pty.openpty()
    with subprocess.Popen([str(a) for a in argv], stderr=slave, stdout=subprocess.PIPE) as process:
        os.close(slave)
        shown = b""
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:  # how Linux says that the other side is closed
                break
            if not part:
                break
            shown += part
    os.close(master)
    return process.returncode, shown.decode()


def test_terminal_gets_text(target, bundle):
    code, shown = on_terminal(harness.INJECTOR, "--bundle", bundle, "--target", target)
    assert code == 0
    last = shown.replace("\r\n", "\n").rstrip("\n").split("\n")[-1]
    assert last.startswith("injector: installed: ") and last.endswith("(exit 0)")
    assert "\x1b[3" not in shown, "no colour"


@needs_strace
def test_progress_on_a_terminal_for_what_takes_longer_than_a_second(place, target):
    bundle = harness.pack(place, {f"a/{i:02}": f"{i}" * 10000 for i in range(20)})
    slow = ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=openat", "-e",
            "inject=openat:delay_enter=40ms"]
    code, shown = on_terminal(*slow, harness.INJECTOR, "--bundle", bundle, "--target", target)
    assert code == 0
    assert re.search(r"\rinstalling demo 1.0.0 \[=+ +\] ", shown), shown
    last = shown.replace("\r\n", "\n").rstrip("\n").split("\n")[-1]
    assert re.search(r"(^|\r|\x1b\[K)injector: installed: .*\(exit 0\)$", last), repr(last)


def test_no_progress_for_what_is_quick(place, target):
    bundle = harness.pack(place, {f"a/{i:02}": f"{i}" * 10000 for i in range(20)})

    def quick():
        """On a busy machine a run can take its second; the next does not."""
        before = time.monotonic()
        code, shown = on_terminal(harness.INJECTOR, "--bundle", bundle, "--target", target)
        took = time.monotonic() - before
        assert code == 0
        assert took >= 1 or "\r" not in shown.replace("\r\n", ""), shown
        return took < 1

    harness.until(quick)


@pytest.mark.parametrize("level, quiet", [("error", True), ("warn", True), ("info", False), ("debug", False)])
def test_log_level(place, target, bundle, level, quiet):
    message = place / "message"
    message.write_text("")
    done = harness.install(bundle, target, "--log-level", level, "--termination-message", message)
    assert done.returncode == 0
    assert message.read_text().startswith("injector: installed: ")
    assert (done.stderr == "") == quiet, "a success is information"
    done = harness.install(bundle, place / "not-there", "--log-level", level)
    harness.expect(done, 73, "target-missing")


def test_long_paths_fit_into_a_kibibyte(place, target):
    path = "/".join(["é" * 120] * 15)
    bundle = harness.pack(place, {path: "x"})
    replace(bundle / "payload" / path, b"y")
    message = place / "message"
    message.write_text("")
    done = harness.install(bundle, target, "--termination-message", message)
    line = harness.expect(done, 65, "digest-mismatch", "payload/é")
    assert len(message.read_bytes()) <= 1024
    line.encode("utf-8")  # cut between characters, not in one


def test_control_characters_never_reach_the_log(place, target, bundle):
    rewrite(bundle, lambda d: d["entries"].insert(0, {"path": "\x1b[2J\r\u202eevil", "type": "directory",
                                                      "mode": "0755"}))
    for form in ("text", "json"):
        done = plain("--bundle", bundle, "--target", target, "--log-format", form)
        assert done.returncode == 65
        assert not any(ord(c) < 0x20 and c != "\n" or c in "\x7f\u202e" for c in done.stderr), repr(done.stderr)


@pytest.mark.parametrize("name", ["new\nline", "esc\x1b[31m", "\udcff\udcfe", "\u202ertl"])
def test_odd_target_names_stay_on_one_line(place, bundle, name):
    done = harness.install(bundle, place / name)
    harness.expect(done, 73, "target-missing")
    assert "\x1b" not in done.stderr and "\u202e" not in done.stderr
    assert len([line for line in done.stderr.splitlines() if line]) == 1
    last = plain("--bundle", bundle, "--target", place / name, "--log-format", "json").stderr.splitlines()[-1]
    assert json.loads(last)["level"] == "error"


def test_duration_is_that_of_the_run(target, bundle):
    before = time.monotonic()
    last = json.loads(plain("--bundle", bundle, "--target", target).stderr.splitlines()[-1])
    assert 0 <= last["duration_ms"] <= (time.monotonic() - before) * 1000 + 1


def test_an_upgrade_says_from_and_to(place, target, bundle):
    harness.install(bundle, target)
    new = harness.pack(place, NEXT, version="2.0.0")
    harness.expect(harness.install(new, target), 0, "installed", "demo", "2.0.0")
