"""What the install tests share: a library in two versions, damage, and what must hold before and after a run."""

import contextlib
import json
import os
import pathlib
import shutil
import stat
import subprocess

import pytest

import harness

def reachable(executable, place):
    """A copy of the executable in a place that every user can enter."""
    copy = pathlib.Path(place) / pathlib.Path(executable).name
    shutil.copy(executable, copy)
    copy.chmod(0o755)
    return copy


def as_stranger(executable, place):
    """What subprocess needs to run the executable as a user who is neither root nor anybody else here."""
    return {"user": 12345, "group": 54321, "extra_groups": [], "executable": reachable(executable, place)}


BINARY = b"\x7fELF" + bytes(range(256)) * 300
FILES = {
    "agent/__init__.py": "import os\n",
    "agent/core/a.so": BINARY,
    "agent/core/b.so": BINARY,
    "agent/core/tool": ("exec", "#!/bin/sh\necho one\n"),
    "agent/current": ("link", "core"),
    "agent/empty": "",
    "agent/hollow": None,
    "boot.py": "import agent\n",
    "only-in-1.py": "gone in 2\n",
}
NEXT = {
    "agent/__init__.py": "import os\n",
    "agent/core/a.so": BINARY + b"2",
    "agent/core/b.so": BINARY,
    "agent/core/more/c.py": "new in 2\n",
    "agent/core/tool": ("exec", "#!/bin/sh\necho two\n"),
    "agent/current": ("link", "core/more"),
    "agent/empty": None,
    "agent/hollow": "a file in 2\n",
    "boot.py": "import agent  # 2\n",
    "only-in-2.py": "new in 2\n",
}

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")


def manifest(bundle):
    return json.loads((bundle / "manifest.json").read_text())


def rewrite(bundle, change):
    """Lets change() edit the parsed manifest of a bundle."""
    document = manifest(bundle)
    change(document)
    (bundle / "manifest.json").write_text(json.dumps(document, ensure_ascii=False))


def assert_installed(target, *bundles, foreign=()):
    """The target holds exactly the payloads and records of these bundles, and the foreign names."""
    expected = {}
    for bundle in bundles:
        expected |= harness.tree(bundle / "payload")
    setgid = target.stat().st_mode & stat.S_ISGID
    expected = {p: (t, m | setgid if t == "directory" else m, d) for p, (t, m, d) in expected.items()}
    payload = harness.payload_of(target)
    assert {p: e for p, e in payload.items() if p.split("/")[0] not in foreign} == expected

    kept = harness.tree(target / ".injector")
    records = {"lock"}
    for bundle in bundles:
        name = manifest(bundle)["name"]
        records |= {name, f"{name}/manifest.json"}
        record = target / ".injector" / name / "manifest.json"
        assert record.read_bytes() == (bundle / "manifest.json").read_bytes()
        assert kept[f"{name}/manifest.json"][1] & 0o444 == 0o444
    assert set(kept) == records
    assert kept["lock"][:2] == ("file", 0o666)
    assert stat.S_IMODE((target / ".injector").stat().st_mode) & 0o777 == stat.S_IMODE(target.stat().st_mode) & 0o777


def state_of(target):
    # Not the time of the last change of an inode: a staged link of what is right already moves it.
    identities = harness.identities(target)
    places = {p: (i, m) for p, (i, m, _) in identities.items() if p.split("/")[0] != ".injector"}
    return harness.tree(target), places


def assert_state(target, before):
    """After a failed run all entries keep content, mode, inode and time; .injector gains its lock at most."""
    tree, places = state_of(target)
    for path in (".injector", ".injector/lock"):
        if path not in before[0]:
            tree.pop(path, None)
    assert tree == before[0]
    assert places == before[1]


@contextlib.contextmanager
def unchanged(target):
    before = state_of(target)
    yield
    assert_state(target, before)


def assert_names(target, before):
    """After a run that failed while it published: its record stays in its stage, for the next run."""
    for found, expected in zip(state_of(target), before):
        differing = {p for p in found.keys() | expected.keys() if found.get(p) != expected.get(p)}
        assert {p for p in differing if p.split("/")[0] != ".injector"} == set()
    for stage in {path.split("/")[-1] for path in harness.leftovers(target)}:
        assert stage.startswith("stage-")
        assert set(os.listdir(target / ".injector/demo" / stage)) == {"lock", "manifest.json"}


@contextlib.contextmanager
def names_unchanged(target):
    before = state_of(target)
    yield
    assert_names(target, before)


@contextlib.contextmanager
def untouched(*roots):
    """Nothing at all happened below these directories: no inode, no time."""
    before = [(harness.tree(r), harness.identities(r), r.stat()) for r in roots]
    yield
    for root, (tree, identities, status) in zip(roots, before):
        assert harness.tree(root) == tree
        assert harness.identities(root) == identities
        assert (root.stat().st_ino, root.stat().st_mtime_ns, root.stat().st_ctime_ns, root.stat().st_mode) == (
            status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_mode)


def flip(path, at=None):
    """Flips a bit in place, as a bad disk does: every hard link of the file sees it."""
    with open(path, "r+b") as file:
        size = os.fstat(file.fileno()).st_size
        at = size // 2 if at is None else at
        byte = os.pread(file.fileno(), 1, at)[0]
        os.pwrite(file.fileno(), bytes([byte ^ 1]), at)


def replace(path, content, mode=0o644):
    """Puts another file under a name, whatever was there."""
    path = pathlib.Path(path)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    path.write_bytes(content)
    path.chmod(mode)


def slowed(calls, milliseconds, *argv, when="1+", trace="/dev/null"):
    """Starts the injector with these system calls delayed. The process started is the injector, strace its child, which
    writes a line for each of the calls to trace."""
    log = ["--log-format", "text"]
    return subprocess.Popen(
        ["strace", "-D", "-f", "-y", "-qq", "-o", str(trace), "-e", f"trace={calls}",
         "-e", f"inject={calls}:delay_enter={milliseconds}ms:when={when}", harness.INJECTOR, *map(str, argv), *log],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def says(path, text):
    """A condition to wait for: the file is there and holds the text."""
    return lambda: path.exists() and text in path.read_text(errors="replace")


def injected(calls, fault, *argv, when="1", **kwargs):
    """Runs an install in which a system call fails: injected("write", "error=ENOSPC", …)."""
    return harness.run("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}",
                       "-e", f"inject={calls}:{fault}:when={when}", harness.INJECTOR, *argv, "--threads", "1",
                       "--log-format", "text", **kwargs)
