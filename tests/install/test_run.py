"""injector run: what starts is what was verified; it gets a clean process; a failure fails, or is said and slept over."""

import os
import pathlib
import shutil
import signal
import subprocess

import pytest

import harness
from steps import flip, needs_root, needs_strace, says

SHELL = pathlib.Path("/bin/sh").resolve()
FILES = {
    "agent/sh": ("exec", SHELL.read_bytes()),  # a real program, which takes its behaviour as an argument
    "agent/script": ("exec", "#!/bin/sh\necho script \"$@\"\n"),
    "agent/data": "no program\n",
    "agent/link": ("link", "sh"),
    "agent/foreign": ("exec", "\x7fELF, of no machine"),
    "agent/loaderless": ("exec", SHELL.read_bytes().replace(b"/lib64/ld-linux", b"/lib64/no-linux")),
}
ENVIRONMENT = [{"name": "ONE", "value": "${target}/agent", "merge": "set"},
               {"name": "LIST", "value": "${target}/x", "merge": "prepend", "separator": ":"}]
SLEEPS = "Until then the application goes without, and this sleeps (exit 0)"


@pytest.fixture
def bundle(place):
    return harness.pack(place, FILES, environment=ENVIRONMENT)


def command(bundle, *argv, mode="fail", options=()):
    return [harness.INJECTOR, "run", "--bundle", str(bundle), "--on-failure", mode, "--log-format", "text",
            *map(str, options), *map(str, argv)]


def run(bundle, *argv, **kwargs):
    options = {k: kwargs.pop(k) for k in ("mode", "options") if k in kwargs}
    return harness.run(*command(bundle, *argv, **options), **kwargs)


def start(bundle, *argv, prefix=(), **kwargs):
    return subprocess.Popen([*prefix, *command(bundle, *argv, **kwargs)], text=True, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def children(process):
    return [int(p) for p in pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def state(process):
    """S: it sleeps, and nothing but an event wakes it; Z: it has ended."""
    return pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]


def expect_sleep(process, reason, *parts):
    """It says why in one line, sleeps, and ends with 0 when it is asked to."""
    line = process.stderr.readline().rstrip("\n")
    assert line.startswith(f"injector: {reason}: ") and line.endswith(SLEEPS) and len(line) <= 1024, line
    for part in parts:
        assert part in line, line
    harness.until(lambda: state(process) in "SZ")
    assert state(process) == "S", "it did not sleep"
    assert children(process) == []
    process.terminate()
    assert process.wait(timeout=harness.PATIENCE) == 0
    assert process.communicate() == ("", "")


def test_arguments_and_environment(bundle):
    done = run(bundle, "agent/sh", "-c", 'echo "$0|$1|$ONE|$LIST|$OTHER"', "--target", "two words",
               env={"LIST": "/set/already", "ONE": "old", "OTHER": "kept"})
    place = bundle / "payload"
    assert done.stdout == f"--target|two words|{place}/agent|{place}/x:/set/already|kept\n"
    assert (done.returncode, done.stderr) == (0, "")


def test_arguments_and_environment_of_a_child(bundle):
    process = start(bundle, "agent/sh", "-c", 'echo "$0|$LIST"', "zero", mode="continue")
    assert process.stdout.readline() == f"zero|{bundle}/payload/x\n"
    expect_sleep(process, "not-running", "agent/sh: ended by itself, exit code 0")


def test_a_relative_bundle(bundle):
    done = run(bundle.name, "agent/sh", "-c", "echo $ONE", cwd=bundle.parent)
    assert done.stdout == f"{bundle}/payload/agent\n", done.stderr


def test_what_is_installed(bundle, target):
    harness.install(bundle, target)
    argv = [harness.INJECTOR, "run", "--target", str(target), "agent/sh", "-c", "echo $ONE"]
    assert harness.run(*argv).stdout == f"{target}/agent\n"
    flip(target / "agent/sh")
    done = harness.run(*argv, env={"INJECTOR_LOG_FORMAT": "text"})
    harness.expect(done, 65, "digest-mismatch", target / "agent/sh")


def test_exit_code_is_the_programs_own(bundle):
    assert run(bundle, "agent/sh", "-c", "exit 7").returncode == 7
    assert run(bundle, "agent/sh", "-c", "kill -KILL $$").returncode == -signal.SIGKILL


@pytest.mark.parametrize("script, how", [("exit 0", "exit code 0"), ("exit 7", "exit code 7"),
                                         ("kill -KILL $$", "killed by signal 9"), ("exit 143", "exit code 143")])
def test_an_end_that_nobody_asked_for_is_slept_over(place, bundle, script, how):
    message = place / "message"
    message.touch()
    process = start(bundle, "agent/sh", "-c", script, mode="continue", options=["--termination-message", message])
    expect_sleep(process, "not-running", "ended by itself, " + how)
    assert "ended by itself, " + how in message.read_text()


def damaged(bundle):
    flip(bundle / "payload/agent/sh")


def truncated(bundle):
    os.truncate(bundle / "payload/agent/sh", 100)


def missing(bundle):
    (bundle / "payload/agent/sh").unlink()


def linked(bundle):
    at = bundle / "payload/agent/sh"
    at.unlink()
    at.symlink_to(SHELL)


def below_a_link(bundle):
    (bundle / "payload/agent").rename(bundle / "payload/moved")
    (bundle / "payload/agent").symlink_to("moved")


def not_executable(bundle):
    (bundle / "payload/agent/sh").chmod(0o644)


def a_fifo(bundle):
    (bundle / "payload/agent/sh").unlink()
    os.mkfifo(bundle / "payload/agent/sh")


def no_bundle(bundle):
    shutil.rmtree(bundle)


@pytest.mark.parametrize("change, code, reason", [
    (damaged, 65, "digest-mismatch"), (truncated, 65, "size-mismatch"), (missing, 65, "missing-entry"),
    (linked, 65, "type-mismatch"), (below_a_link, 65, "missing-entry"), (not_executable, 65, "mode-mismatch"),
    (a_fifo, 65, "type-mismatch"), (no_bundle, 66, "bundle-not-found")])
def test_what_is_not_as_the_manifest_says_does_not_run(bundle, change, code, reason):
    change(bundle)
    done = run(bundle, "agent/sh", "-c", "echo ran")
    harness.expect(done, code, reason)
    assert done.stdout == ""
    expect_sleep(start(bundle, "agent/sh", "-c", "echo ran", mode="continue"), reason)


@pytest.mark.parametrize("path, problem", [
    ("agent/link", "is a symlink, and only a file can be run"), ("agent", "is a directory, and only a file can be run"),
    ("agent/data", "is not executable"), ("agent/none", "is no entry of the payload"),
    ("../payload/agent/sh", "is no entry"), ("/bin/sh", "is no entry"), ("agent//sh", "is no entry"), ("", "is no entry")])
def test_only_programs_of_the_payload(bundle, path, problem):
    harness.expect(run(bundle, path, "-c", "echo ran"), 64, "usage", path, problem)
    expect_sleep(start(bundle, path, "-c", "echo ran", mode="continue"), "usage", problem)


@pytest.mark.parametrize("path, problem", [("agent/foreign", "it is no program for this machine"),
                                           ("agent/loaderless", "its loader or interpreter is missing")])
def test_what_the_kernel_refuses(bundle, path, problem):
    harness.expect(run(bundle, path), 69, "not-running", bundle / "payload" / path, problem)
    expect_sleep(start(bundle, path, mode="continue"), "not-running", problem)


@pytest.mark.parametrize("mode", ["fail", "continue"])
def test_a_script(bundle, mode):
    process = start(bundle, "agent/script", "one", mode=mode)
    assert process.stdout.readline() == "script one\n"
    process.terminate()
    process.communicate(timeout=harness.PATIENCE)


@pytest.mark.parametrize("mode", ["fail", "continue"])
def test_a_clean_process(bundle, mode):
    """As if the injector had not been there: signals, umask, limits, and no descriptor but the usual three."""
    script = "grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status; umask; ulimit -n; ls /proc/$$/fd; echo; exec sleep 600"
    before = ["sh", "-c", 'umask 027; ulimit -Sn 512; exec "$@"', "sh"]
    wanted = subprocess.run([*before, "sh", "-c", script.replace("exec sleep 600", "")], text=True, check=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout
    process = start(bundle, "agent/sh", "-c", script, mode=mode, prefix=before)
    lines = [process.stdout.readline() for _ in wanted.splitlines()]
    process.terminate()
    process.communicate(timeout=harness.PATIENCE)
    assert "".join(lines) == wanted


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_signals_are_passed_on_and_the_exit_code_is_the_programs(bundle, sent):
    script = "trap 'echo TERM; exit 5' TERM; trap 'echo INT; exit 5' INT; trap 'echo USR1' USR1; echo ready; " \
             "while :; do sleep 0.05; done"
    process = start(bundle, "agent/sh", "-c", script, mode="continue")
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGUSR1)
    assert process.stdout.readline() == "USR1\n"
    process.send_signal(sent)
    out, err = process.communicate(timeout=harness.PATIENCE)
    assert (process.returncode, out, err) == (5, sent.name.removeprefix("SIG") + "\n", "")


def test_a_signal_that_kills_the_program(bundle):
    process = start(bundle, "agent/sh", "-c", "echo ready; exec sleep 600", mode="continue")
    assert process.stdout.readline() == "ready\n"
    process.terminate()
    process.communicate(timeout=harness.PATIENCE)
    assert process.returncode == 143


def as_first_process():
    """A prefix: what an own PID namespace makes of it is the first process of a container."""
    return harness.unshare("--pid", "--fork", "--kill-child")


def test_orphans_are_reaped(place, bundle):
    """Three that end when there is a file for it."""
    end = place / "end"
    script = f"for i in 1 2 3; do (while [ ! -e {end} ]; do sleep 0.05; done & ) ; done; echo ready; exec sleep 600"
    process = start(bundle, "agent/sh", "-c", script, mode="continue", prefix=as_first_process())
    assert process.stdout.readline() == "ready\n"
    [first] = children(process)
    task = pathlib.Path(f"/proc/{first}/task/{first}/children")
    harness.until(lambda: len(task.read_text().split()) == 4)
    end.touch()
    harness.until(lambda: len(task.read_text().split()) == 1)
    os.kill(first, signal.SIGTERM)
    process.communicate(timeout=harness.PATIENCE)
    assert process.returncode == 143


def test_the_first_process_sleeps_until_sigterm(bundle):
    damaged(bundle)
    process = start(bundle, "agent/sh", mode="continue", prefix=as_first_process())
    assert "digest-mismatch" in process.stderr.readline()
    [first] = children(process)
    os.kill(first, signal.SIGTERM)
    process.communicate(timeout=harness.PATIENCE)
    assert process.returncode == 0


@needs_strace
@pytest.mark.parametrize("mode", ["fail", "continue"])
def test_another_file_under_the_name_after_the_check(place, bundle, mode):
    """The moment between check and start, held open."""
    at = bundle / "payload/agent/sh"
    (place / "other").write_text("#!/bin/sh\necho swapped\n")
    (place / "other").chmod(0o755)
    process = start(bundle, "agent/sh", "-c", "echo verified; exec sleep 600", mode=mode, prefix=[
        "strace", "-D", "-f", "-qq", "-o", place / "trace", "-e", "trace=execveat,execve,read",
        "-e", "inject=execveat:delay_enter=1500ms:when=1"])
    harness.until(says(place / "trace", "execveat("))
    os.rename(place / "other", at)
    assert process.stdout.readline() == "verified\n"
    process.terminate()
    process.communicate(timeout=harness.PATIENCE)


@needs_strace
def test_sigterm_while_it_is_verified(place, bundle):
    """No line that promises sleep, and 143, as every command of ours ends."""
    process = start(bundle, "agent/sh", mode="continue", prefix=[
        "strace", "-D", "-y", "-qq", "-o", place / "trace", "-e", "trace=read", "-e", "inject=read:delay_enter=300ms:when=1+"])
    harness.until(says(place / "trace", f"<{bundle}/"), process)
    process.terminate()
    out, err = process.communicate(timeout=harness.PATIENCE)
    assert (process.returncode, out) == (143, "")
    assert err.startswith("injector: interrupted: ") and err.endswith("(exit 143)\n")


@needs_root
def test_in_an_empty_root(place, bundle):
    root = place / "root"
    root.mkdir(mode=0o755)
    shutil.copy(harness.INJECTOR, root / "injector")
    shutil.copy(harness.INJECTOR, place / "demo-1.0.0.in/agent/sh")  # a program that needs no loader
    done = harness.run(harness.BUNDLER, "pack", "--name", "demo", "--version", "1.0.0", "--input",
                       place / "demo-1.0.0.in", "--output", root / "bundle")
    assert done.returncode == 0, done.stderr
    done = harness.run("/usr/sbin/chroot", "--userspec", "12345:54321", root, "/injector", "run", "agent/sh", "--version")
    assert done.returncode == 0 and done.stdout.startswith("injector "), done


def test_little_memory_while_it_waits(bundle):
    process = start(bundle, "agent/sh", "-c", "echo ready; exec sleep 600", mode="continue")
    assert process.stdout.readline() == "ready\n"
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    process.terminate()
    process.communicate(timeout=harness.PATIENCE)
    resident = int(status.split("VmRSS:")[1].split()[0])
    assert resident < 10_000, f"{resident} kB"
