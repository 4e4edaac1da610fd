"""Another version over an installed one, and back, while applications use it."""

import mmap
import os
import pathlib
import subprocess
import sys

import pytest

import harness
from steps import FILES, NEXT, assert_installed, needs_strace


@pytest.fixture
def versions(place):
    return harness.pack(place, FILES), harness.pack(place, NEXT, version="2.0.0")


def test_there_and_back_while_old_files_are_open_and_mapped(target, versions):
    old, new = versions
    harness.install(old, target)
    path = target / "agent/core/a.so"
    first, second = path.read_bytes(), (new / "payload/agent/core/a.so").read_bytes()
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        directory = os.open(target / "agent", os.O_RDONLY)
        harness.expect(harness.install(new, target), 0, "installed", "2.0.0")
        assert_installed(target, new)
        assert path.read_bytes() == second
        assert mapped[:] == first
        assert os.pread(file.fileno(), len(first) + 1, 0) == first
        os.close(directory)
        harness.expect(harness.install(old, target), 0, "installed", "1.0.0")
        assert mapped[:] == first
    assert_installed(target, old)


def test_a_running_program_survives_its_replacement(place, target):
    binary = pathlib.Path("/bin/sleep").read_bytes()
    old = harness.pack(place, {"run": ("exec", ""), "x": "1"})
    new = harness.pack(place, {"run": ("exec", "#!/bin/sh\n"), "x": "2"}, version="2.0.0")
    harness.install(old, target)
    # Its text is busy: writing in place would fail, or kill it.
    (target / "run").unlink()
    (target / "run").write_bytes(binary)
    (target / "run").chmod(0o755)
    with subprocess.Popen([target / "run", "60"]) as process:
        harness.expect(harness.install(new, target), 0, "installed")
        assert process.poll() is None
        process.kill()
    assert_installed(target, new)


def test_unchanged_files_are_linked_from_where_they_are(target, versions):
    old, new = versions
    harness.install(old, target)
    inode = (target / "agent/__init__.py").stat().st_ino
    twin = (target / "agent/core/b.so").stat().st_ino
    harness.install(new, target)
    assert (target / "agent/__init__.py").stat().st_ino == inode
    assert (target / "agent/core/b.so").stat().st_ino == twin


CHANGES = {
    "file to directory": ({"x": "1"}, {"x/y": "2"}),
    "directory to file": ({"x/y": "1"}, {"x": "2"}),
    "file to link": ({"x": "1", "z": "0"}, {"x": ("link", "z"), "z": "0"}),
    "link to file": ({"x": ("link", "z"), "z": "0"}, {"x": "1", "z": "0"}),
    "link to directory": ({"x": ("link", "z"), "z/a": "0"}, {"x/a": "1", "z/a": "0"}),
    "directory to link": ({"x/a": "1", "z/a": "0"}, {"x": ("link", "z"), "z/a": "0"}),
    "all names change": ({"a/x": "1", "b": "2"}, {"c/x": "1", "d": "2"}),
    "mode only": ({"a/x": "#!"}, {"a/x": ("exec", "#!")}),
    "moved within": ({"a/one/x": "same", "b": "b"}, {"a/two/y": "same", "b": "b"}),
    "names swapped": ({"a": "1", "b": "2"}, {"a": "2", "b": "1"}),
    "directories swapped": ({"a/x": "1", "b/x": "2"}, {"a/x": "2", "b/x": "1"}),
    "manifest alone": ({"a": "1"}, {"a": "1"}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_kinds_of_change(place, target, name):
    old = harness.pack(place, CHANGES[name][0])
    new = harness.pack(place, CHANGES[name][1], version="2.0.0")
    for bundle, version in ((old, "1.0.0"), (new, "2.0.0"), (old, "1.0.0")):
        harness.expect(harness.install(bundle, target), 0, "installed", version)
        assert_installed(target, bundle)


def test_what_an_application_added_to_an_old_directory_goes_with_it(place, target):
    old = harness.pack(place, {"old/x": "1"})
    new = harness.pack(place, {"new/x": "1"}, version="2.0.0")
    harness.install(old, target)
    harness.write_tree(target, {"old/__pycache__/x.pyc": "stale"})
    harness.expect(harness.install(new, target), 0, "installed")
    assert_installed(target, new)


READER = """
import os, sys
os.chdir(sys.argv[1])
seen, lost = set(), 0
while not os.path.exists("stop"):
    for _ in range(200):
        for name in ("agent/v", "boot"):
            try:
                seen.add(open(name).read())
            except OSError:
                lost += 1
print(lost, *sorted(text[0] + str(len(text)) for text in seen))
"""


def test_readers_see_old_or_new_and_never_nothing(place, target):
    # A name that was there stays there: an exchange, not a removal and a rename.
    bundles = [harness.pack(place, {"agent/v": v * 5000, "boot": v * 5000}, version=v) for v in ("1", "2")]
    harness.install(bundles[0], target)
    with subprocess.Popen([sys.executable, "-c", READER, target], stdout=subprocess.PIPE, text=True) as reader:
        for i in range(40):
            harness.install(bundles[(i + 1) % 2], target)
        (target / "stop").touch()
        assert reader.stdout.read() == "0 15000 25000\n"
    assert_installed(target, bundles[0], foreign={"stop"})


@needs_strace
@pytest.mark.parametrize("over", [False, True])
def test_entry_points_are_published_last(place, target, over):
    bundle = harness.pack(place, {"z/x": "1", "a/x": "1", "boot": "1", "0-link": ("link", "boot")}, version="2")
    if over:
        harness.install(harness.pack(place, {"z/x": "0", "a/x": "0", "boot": "0", "0-link": ("link", "z")}), target)
    trace = place / "trace"
    done = harness.run("strace", "-f", "-o", trace, "-e", "trace=renameat2", harness.INJECTOR, "install", "--bundle",
                       bundle, "--target", target)
    assert done.returncode == 0, done.stderr
    flag = "RENAME_EXCHANGE" if over else "RENAME_NOREPLACE"
    names = [line.split('"')[3] for line in trace.read_text().splitlines() if flag in line and " = 0" in line]
    assert [n for n in names if n in ("z", "a", "boot", "0-link")] == ["a", "z", "0-link", "boot"]


@needs_strace
@pytest.mark.parametrize("error", ["EINVAL", "ENOSYS"])
def test_a_file_system_without_exchange(place, target, versions, error):
    # Some network file systems know rename alone.
    old, new = versions
    for bundle in (old, new, old):
        done = harness.run("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=renameat2", "-e",
                           f"inject=renameat2:error={error}", harness.INJECTOR, "install", "--bundle", bundle,
                           "--target", target, "--log-format", "text")
        harness.expect(done, 0, "installed")
        assert_installed(target, bundle)


@needs_strace
@pytest.mark.parametrize("error", ["EMLINK", "EXDEV", "EPERM", "ENOSYS", "EOPNOTSUPP"])
def test_a_file_system_without_hard_links(place, target, versions, error):
    for bundle in (versions[0], versions[1], versions[0]):
        done = harness.run("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=linkat,link", "-e",
                           f"inject=linkat,link:error={error}", harness.INJECTOR, "install", "--bundle", bundle,
                           "--target", target, "--log-format", "text")
        harness.expect(done, 0, "installed")
        assert_installed(target, bundle)
