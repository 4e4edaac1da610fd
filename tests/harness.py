"""What the tests of the executables share: where they are, how to run them, how to look at a tree."""

import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
INJECTOR = os.environ.get("INJECTOR_TEST_INJECTOR", str(ROOT / "build/bin/injector"))
BUNDLER = os.environ.get("INJECTOR_TEST_BUNDLER", str(ROOT / "build/bin/bundler"))
INTERPOSER = os.environ.get("INJECTOR_TEST_INTERPOSER", str(ROOT / "build/bin/interposer"))
LONG = bool(os.environ.get("INJECTOR_TEST_LONG"))  # see scripts/test --help


# nohup and the background jobs of a shell ignore it, and whatever a test starts would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Seconds: a deadline against what hangs. On the busiest machine nothing that works comes near it, and what a test lets
# somebody wait for in vain takes longer.
PATIENCE = 180


def until(condition, process=None):
    """Waits for something to happen, while the process that is to make it happen runs."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert process is None or process.poll() is None, process.communicate()
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.002)


def run(*argv, env=None, timeout=PATIENCE, **kwargs):
    """Runs a command to its end, with output as text. INJECTOR_* variables of the caller do not reach it."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("INJECTOR_")}
    return subprocess.run([str(a) for a in argv], env=clean | (env or {}), timeout=timeout, text=True,
                          errors="surrogateescape", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, **kwargs)


UNAVAILABLE = 69  # what a script of ours ends with where this machine cannot have what it needs
SOURCES = {name: os.environ[name] for name in ("INJECTOR_DOTNET", "INJECTOR_NUGET_SOURCE") if name in os.environ}


def run_alone(*argv, **kwargs):
    """run(), one of a program at a time: suites that run side by side would make the same."""
    with open(ROOT / "build" / f"{pathlib.Path(argv[0]).name}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return run(*argv, **kwargs)


def made(*argv, **kwargs):
    """Runs a script of ours that fetches or compiles; the test is skipped where that cannot be had here."""
    done = run_alone(*argv, env=SOURCES, **kwargs)
    if done.returncode == UNAVAILABLE:
        pytest.skip(done.stderr.strip().split("\n")[-1])
    if done.returncode:
        pytest.fail(f"{' '.join(map(str, argv))}: {(done.stdout + done.stderr)[-3000:]}", pytrace=False)
    return done


def pip_packages(suite):
    """Where the packages of tests/SUITE/requirements.txt are; the test is skipped where pip cannot get them."""
    done = run_alone(ROOT / "tests/pip", suite, timeout=300)
    if done.returncode:
        pytest.skip(f"tests/pip {suite}: {done.stderr.strip().split(chr(10))[-1]}")
    return ROOT / "build/pip" / suite


def unshare(*kinds):
    """The words that give the command behind them namespaces of its own; the test is skipped where that is refused."""
    argv = ["unshare", *kinds]
    done = run(*argv, "true")
    if done.returncode:
        pytest.skip(done.stderr.strip())
    return argv


def injector(*argv, **kwargs):
    return run(INJECTOR, *argv, "--log-format", "text", **kwargs)


def install(bundle, target, *argv, **kwargs):
    return injector("install", "--bundle", bundle, "--target", target, *argv, **kwargs)


# In memory, where there is such a place: a hundred times the speed of a disk, and the disk is not what is tested.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def interpose(options, command):
    """Runs a command below the interposer; what ended, and the calls that were struck or counted."""
    with tempfile.NamedTemporaryFile("r", dir=MEMORY) as output:
        done = run(INTERPOSER, "--output", output.name, *options, "--", *command)
        assert done.returncode not in (125, 126, 127), done.stderr
        return done, output.read().splitlines()


def supervised():
    """Skips the test where the interposer cannot work."""
    probe = run(INTERPOSER, "--count", "--", INJECTOR, "--version")
    if probe.returncode == 125:
        pytest.skip("the kernel lets nobody supervise calls here: " + probe.stderr.strip())


def last_line(done):
    lines = done.stderr.rstrip("\n").split("\n")
    return lines[-1]


def expect(done, code, reason, *parts):
    """Asserts the exit code and the closing line: its reason, its code, and every part of its text."""
    line = last_line(done)
    assert done.returncode == code, f"exit {done.returncode}, not {code}: {done.stderr}"
    assert line.startswith(f"injector: {reason}: "), line
    assert line.endswith(f"(exit {code})"), line
    assert len(line.encode()) <= 1024, line
    for part in parts:
        assert str(part) in line, f"{part!r} is not in: {line}"
    return line


def write_tree(root, files):
    """Makes files below root from {path: bytes | str | ("exec", bytes | str) | ("link", target) | None for a directory}."""
    root = pathlib.Path(root)
    root.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        at = root / path
        at.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            at.mkdir(exist_ok=True)
        elif isinstance(content, tuple) and content[0] == "link":
            at.symlink_to(content[1])
        else:
            content, mode = (content[1], 0o755) if isinstance(content, tuple) else (content, None)
            at.write_bytes(content.encode() if isinstance(content, str) else content)
            if mode:
                at.chmod(mode)
    return root


def pack(where, files, name="demo", version="1.0.0", environment=None):
    """Packs files (see write_tree) with the real bundler and returns the bundle."""
    where = pathlib.Path(where)
    source, bundle = where / f"{name}-{version}.in", where / f"{name}-{version}.bundle"
    write_tree(source, files)
    extra = []
    if environment is not None:
        (where / "environment.json").write_text(json.dumps(environment))
        extra = ["--environment", where / "environment.json"]
    done = run(BUNDLER, "pack", "--name", name, "--version", version, "--input", source, *extra, "--output", bundle)
    assert done.returncode == 0, done.stderr
    return bundle


def tree(root, skip=()):
    """Everything below root: {path: (type, mode, digest or link target)}. Directories in skip are left out."""
    seen, begin = {}, len(os.path.join(root, ""))
    for folder, directories, files in os.walk(root):  # os.path: pathlib takes half as long again
        for name in list(directories) + files:
            at = os.path.join(folder, name)
            path, status = at[begin:], os.lstat(at)
            if path in skip:
                if name in directories:
                    directories.remove(name)
                continue
            mode = stat.S_IMODE(status.st_mode)
            if stat.S_ISLNK(status.st_mode):
                seen[path] = ("symlink", None, os.readlink(at))
            elif stat.S_ISDIR(status.st_mode):
                seen[path] = ("directory", mode, None)
            elif not stat.S_ISREG(status.st_mode):
                seen[path] = ("other", stat.S_IFMT(status.st_mode), None)
            else:
                with open(at, "rb") as file:
                    seen[path] = ("file", mode, hashlib.sha256(file.read()).hexdigest())
    return seen


def payload_of(target):
    """The tree of a target without what the injector keeps there."""
    return tree(target, skip=(".injector",))


def identities(root):
    """What must not change when nothing is installed: inode and times of every entry below root."""
    root, seen = pathlib.Path(root), {}
    for at in sorted(root.rglob("*")):
        status = at.lstat()
        seen[str(at.relative_to(root))] = (status.st_ino, status.st_mtime_ns, status.st_ctime_ns)
    return seen


def leftovers(target):
    """What must not be in .injector after a run: anything but the lock and one record per library."""
    kept = pathlib.Path(target, ".injector")
    found = []
    for at in kept.iterdir() if kept.is_dir() else ():
        if at.name in ("lock", "replaced"):
            continue
        found += [f"{at.name}/{e.name}" for e in at.iterdir() if e.name not in ("manifest.json", "manifest.json.sig", "selection")] if at.is_dir() else [at.name]
    return found


class Intake:
    """tests/intake/intake.py at a port of its own."""

    def __enter__(self):
        self.server = subprocess.Popen([sys.executable, ROOT / "tests/intake/intake.py", "--port", "0"],
                                       stdout=subprocess.PIPE, text=True)
        self.url = "http://" + self.server.stdout.readline().removeprefix("listening at ").strip()
        threading.Thread(target=self.server.stdout.read, daemon=True).start()  # so that it never waits for a reader
        return self

    def __exit__(self, *_):
        self.server.terminate()
        self.server.wait()

    def ask(self, path, body=None, **headers):
        """What it answers, as bytes."""
        request = urllib.request.Request(self.url + path, body, headers, method="GET" if body is None else "POST")
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=PATIENCE) as answer:
            return answer.read()

    def spans(self, count=1, seconds=PATIENCE, kind=""):
        """All spans, once there are that many (of that kind); what there is at the end of that time."""
        end = time.monotonic() + seconds
        while True:
            found = json.loads(self.ask("/spans"))
            if sum(kind in ("", span["kind"]) for span in found) >= count or time.monotonic() > end:
                return found
            time.sleep(0.1)

    def agents(self):
        return json.loads(self.ask("/agents"))


def bundle_libraries(ecosystem, where, *options):
    """The bundles of all libraries of this repository for an ecosystem, by name, fetched and packed; with --fallback
    what stands in for them."""
    bundles = {}
    for library in sorted((ROOT / "libraries" / ecosystem).glob("*/")):
        bundles[library.name] = pathlib.Path(where, library.name + ".bundle")
        made(ROOT / "scripts/fetch", library, timeout=600)
        made(ROOT / "scripts/bundle", *options, library, bundles[library.name], timeout=600)
    return bundles


def install_all(bundles, target):
    for bundle in bundles.values():
        done = install(bundle, target)
        assert done.returncode == 0, done.stderr
    return target


def environment(target, library=None, **own):
    """The environment of a process that is to load what target holds: what injector env says, merged with own."""
    known = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LANG": "C.UTF-8"} | own
    chosen = ["--library", library] if library else []
    done = injector("env", "--target", target, "--mount", target, *chosen, "--output", "json")
    assert done.returncode == 0, done.stderr
    for entry in json.loads(done.stdout):
        name, parts = entry["name"], [entry["value"]]
        if entry["merge"] != "set" and known.get(name):
            parts.insert(0 if entry["merge"] == "append" else 1, known[name])
        known[name] = entry.get("separator", "").join(parts)
    return known


def survive(how, bundle, fallback, target):
    """Lets an install with --on-failure=continue fail, in one of FAILURES, in an empty target. What its names show is
    the fallback; after a kill it can be the library."""
    broken = target.with_name(f"{target.name}.{how}")
    argv = ["install", "--on-failure", "continue", "--fallback", fallback, "--bundle", broken if how in ("absent", "damaged") else bundle,
            "--target", target]
    if how == "damaged":
        shutil.copytree(bundle, broken, copy_function=os.link, symlinks=True)
        largest = max((at for at in broken.rglob("*") if at.is_file() and at.parent != broken), key=lambda at: at.stat().st_size)
        content = largest.read_bytes()
        largest.unlink()
        largest.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    if how == "killed":
        with subprocess.Popen([INJECTOR, *map(str, argv), "--threads", "1"], stderr=subprocess.DEVNULL) as process:
            until(lambda: process.poll() is not None  # the fallback has a stage too: only what follows is promised
                  or len(os.listdir(target)) > 1 and list(target.glob(".injector/*/stage-*/*")))
            process.kill()
        return
    done = injector(*argv, *(["--size-limit", "1"] if how == "no space" else []))
    assert done.returncode == 0 and last_line(done).endswith("(exit 0)"), done.stderr
    assert "the application has the fallback" in last_line(done), done.stderr


FAILURES = ["absent", "damaged", "no space", "killed"]
DAMAGES = {  # what may have become of a file's content
    "empty": lambda content: b"",
    "cut off": lambda content: content[:len(content) // 2],
    "zeroed": lambda content: bytes(len(content)),
    "garbage": lambda content: random.Random(1).randbytes(len(content)),
}


@contextlib.contextmanager
def damaged(path, how):
    """The file with another content, as a disk can leave it; afterwards it is what it was."""
    kept = path.with_name(path.name + ".kept")
    path.rename(kept)
    try:
        path.write_bytes(DAMAGES[how](kept.read_bytes()))
        yield path
    finally:
        kept.replace(path)


class Application:
    """A web application of tests/apps at work, at a port of its own; its output is in text."""

    def __init__(self, *argv, env, seconds=PATIENCE):
        self.argv, self.env, self.seconds, self.text = [str(a) for a in argv], env | {"PORT": "0"}, seconds, ""

    def __enter__(self):
        self.process = subprocess.Popen(self.argv, env=self.env, text=True, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.port, listening = None, threading.Event()

        def read():
            for line in self.process.stdout:
                self.text += line
                if line.startswith("hello: listening at port "):
                    self.port = int(line.split()[-1])
                    listening.set()
            listening.set()

        self.reader = threading.Thread(target=read, daemon=True)
        self.reader.start()
        listening.wait(self.seconds)
        if self.port is None:
            self.end(signal.SIGKILL)
            raise AssertionError(f"{' '.join(self.argv)} does not listen: {self.text}")
        return self

    def __exit__(self, failure, *_):
        self.end(signal.SIGKILL)
        if failure:
            print(self.text)

    def end(self, number=signal.SIGTERM, seconds=PATIENCE):
        """Its exit code after this signal; -N if the signal N ended it."""
        self.process.send_signal(number)
        code = self.process.wait(seconds)
        self.reader.join(seconds)
        return code

    def get(self, path="/hello"):
        url = f"http://127.0.0.1:{self.port}{path}"
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=PATIENCE) as answer:
            return answer.read().decode()
