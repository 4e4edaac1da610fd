"""Somebody leads a path elsewhere once the process is confined: what it leads to is closed to it."""

import os
import shutil

import pytest

import harness
from test_crash import INTERPOSER, interpose


@pytest.fixture(autouse=True)
def confined(place):
    """Skips where the kernel cannot confine a process as far as it takes."""
    probe = harness.run(INTERPOSER, "--count", "--", harness.INJECTOR, "--version")
    if probe.returncode == 125:
        pytest.skip("the kernel lets nobody supervise calls here: " + probe.stderr.strip())
    said = harness.run(harness.INJECTOR, "verify", "--bundle", place, "--log-level", "debug", "--log-format", "text")
    if "could not be confined" in said.stderr:
        pytest.skip(said.stderr.split("\n")[0])


SECRET = [{"name": "SECRET", "value": "1", "merge": "set"}]
COMMANDS = {
    "install": lambda link, place: ["install", "--bundle", link, "--target", place / "target"],
    "verify": lambda link, place: ["verify", "--bundle", link],
    "inspect": lambda link, place: ["inspect", "--bundle", link],
    "env": lambda link, place: ["env", "--bundle", link],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_bundle_that_leads_elsewhere(place, command):
    """Before the process is confined, the other bundle is the one that is read; after that, none but the first."""
    good = harness.pack(place, {"agent/x": "x"}, environment=[])
    other = harness.pack(place, {"agent/x": "y"}, version="6.6.6", environment=SECRET)
    link, ends = place / "link", []
    for index in range(1, 40):
        shutil.rmtree(place / "target", ignore_errors=True)
        (place / "target").mkdir()
        link.unlink(missing_ok=True)
        link.symlink_to(good)
        argv = COMMANDS[command](link, place)
        done, struck = interpose(["--at", index, "--act", f"ln -sfn '{other}' '{link}'", "--calls=openat"],
                                 [harness.INJECTOR, *argv, "--log-format", "text"])
        if not struck:
            break
        said = done.stdout + done.stderr
        if done.returncode == 0:
            ends.append("other" if "6.6.6" in said or "SECRET" in said else "good")
        else:
            harness.expect(done, 74, "io-error", link, "Permission denied")
            ends.append("refused")
    assert ends == sorted(ends, key=["other", "refused", "good"].index), ends
    assert set(ends) == {"other", "refused", "good"}, ends


def test_a_target_that_leads_elsewhere(place):
    bundle = harness.pack(place, {"agent/x": "x"})
    (place / "good").mkdir()
    (place / "other").mkdir()
    link, refused = place / "link", 0
    for index in range(1, 40):
        link.unlink(missing_ok=True)
        link.symlink_to(place / "good")
        # Before this it is confined, and after this it holds the directory open.
        done, struck = interpose(["--at", index, "--act", f"ln -sfn '{place}/other' '{link}'", "--calls=openat,landlock_restrict_self"],
                                 [harness.INJECTOR, "install", "--bundle", bundle, "--target", link, "--threads", "1",
                                  "--log-format", "text"])
        if not struck:
            break
        if done.returncode:
            harness.expect(done, 73, "target-not-writable", link, "Permission denied")
            assert os.listdir(place / "other") == []
            refused += 1
        shutil.rmtree(place / "other")
        (place / "other").mkdir()
    assert refused


def test_a_message_that_leads_elsewhere(place, target):
    """A hint as ever: the run says on stderr what it has to say, and nothing is written where it must not be."""
    bundle = harness.pack(place, {"agent/x": "x"})
    precious, link = place / "precious", place / "link"
    message = place / "message"
    for path in (precious, message):
        path.write_text("as it was")
    link.symlink_to(message)
    done, struck = interpose(["--at", "1", "--act", f"ln -sfn '{precious}' '{link}'", "--calls=flock"],
                             [harness.INJECTOR, "install", "--bundle", bundle, "--target", target,
                              "--termination-message", link, "--log-format", "text"])
    assert struck
    harness.expect(done, 0, "installed")
    assert (precious.read_text(), message.read_text()) == ("as it was", "as it was")


@pytest.mark.parametrize("denied", ["landlock_create_ruleset=ENOSYS", "prctl=EPERM", "seccomp=EINVAL"])
def test_one_line_where_it_cannot_be(place, target, denied):
    bundle = harness.pack(place, {"agent/x": "x"})
    command = [harness.INJECTOR, "install", "--bundle", bundle, "--target", target, "--log-format", "text"]
    done, _ = interpose(["--deny", denied], [*command, "--log-level", "debug"])
    harness.expect(done, 0, "installed")
    lines = [line for line in done.stderr.splitlines() if "could not be confined" in line]
    assert len(lines) == 1 and denied.split("_")[0].split("=")[0].replace("prctl", "no_new_privs") in lines[0], done.stderr
    shutil.rmtree(target / "agent")
    done, _ = interpose(["--deny", denied], command)
    assert len(done.stderr.splitlines()) == 1, done.stderr
