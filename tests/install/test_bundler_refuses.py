"""bundler pack: what may not be in a bundle, and that a failure leaves nothing."""

import json
import os
import signal
import socket
import subprocess

import pytest

import harness
from steps import FILES, as_stranger, needs_root, needs_strace


def pack(source, output, *options, name="demo", version="1.0.0", **kwargs):
    return harness.run(harness.BUNDLER, "pack", "--name", name, "--version", version, "--input", source, "--output",
                       output, *options, **kwargs)


def refused(place, done, code, *parts):
    """The exit code and the closing line; beside the output's name nothing was left."""
    line = harness.last_line(done)
    assert done.returncode == code, done.stderr
    assert line.startswith("bundler: ") and line.endswith(f"(exit {code})"), line
    for part in parts:
        assert part in line, line
    assert not (place / "out").exists()
    assert not [p for p in os.listdir(place) if p not in ("in", "environment.json")], os.listdir(place)


def bind(path):
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(path))


UNSAFE = {
    "FIFO": ("d/x", os.mkfifo),
    "socket": ("d/x", bind),
    "absolute link": ("d/x", lambda p: p.symlink_to("/etc/passwd")),
    "link that leaves": ("d/x", lambda p: p.symlink_to("../../x")),
    "link that leaves from the top": ("x", lambda p: p.symlink_to("..")),
    "link that leaves and comes back": ("x", lambda p: p.symlink_to("../in/d")),
    "link through a link": ("x", lambda p: ((p.parent / "l").symlink_to("d"), p.symlink_to("l/file"))),
    "reserved .injector": (".injector", lambda p: p.mkdir()),
    "reserved manifest.json": ("manifest.json", lambda p: p.write_text("{}")),
    "reserved manifest.json.sig": ("manifest.json.sig", lambda p: p.write_text("")),
    "reserved completion marker": (".dd-trace-java-copy-finished", lambda p: p.write_text("")),
    "newline in a name": ("d/a\nb", lambda p: p.write_text("")),
    "escape in a name": ("d/\x1b[31m", lambda p: p.mkdir()),
    "delete in a name": ("\x7f", lambda p: p.write_text("")),
    "not UTF-8": ("d/\udcff", lambda p: p.write_text("")),
    "overlong UTF-8": ("d/\udcc0\udcae", lambda p: p.write_text("")),
    "newline in a link": ("d/x", lambda p: p.symlink_to("a\nb")),
    "U+FFFE": ("d/\ufffe", lambda p: p.write_text("")),
    "U+FFFF in a link": ("d/x", lambda p: p.symlink_to("\uffff")),
    "65 components": ("/".join("d" * 65), lambda p: (p.parent.mkdir(parents=True), p.write_text(""))),
}


@pytest.mark.parametrize("name", UNSAFE)
def test_unsafe(place, name):
    at = harness.write_tree(place / "in", {"d/file": "x", "last": "x"})
    path, make = UNSAFE[name]
    make(at / path)
    done = pack(at, place / "out")
    refused(place, done, 65, "unsafe-entry")
    assert not any(ord(c) < 0x20 and c != "\n" or c == "\x7f" for c in done.stderr), repr(done.stderr)


def test_manifest_that_no_injector_would_read(place):
    """17,500 names of 3,900 bytes."""
    at = place / "in" / "/".join(["n" * 240] * 16)
    at.mkdir(parents=True)
    for i in range(17_500):
        (at / str(i)).touch()
    refused(place, pack(place / "in", place / "out"), 65, "unsafe-entry", "more than 64 MiB")


@needs_root
@pytest.mark.parametrize("kind", [0o20000, 0o60000], ids=["character device", "block device"])
def test_device(place, kind):
    at = harness.write_tree(place / "in", {"d/file": "x"})
    os.mknod(at / "d/x", kind | 0o644, os.makedev(1, 5))
    refused(place, pack(at, place / "out"), 65, "unsafe-entry", "d/x")


@pytest.mark.parametrize("mode", [0o4755, 0o2755, 0o6755, 0o1644])
def test_no_setuid_comes_through(place, mode):
    at = harness.write_tree(place / "in", {"d/x": "x"})
    (at / "d/x").chmod(mode)
    done = pack(at, place / "out")
    if done.returncode == 0:
        assert (place / "out/payload/d/x").stat().st_mode & 0o7000 == 0
    else:
        refused(place, done, 65, "unsafe-entry", "d/x")


@pytest.mark.parametrize("make", [lambda p: p.mkdir(), lambda p: p.write_text("x"), lambda p: p.symlink_to("nowhere"),
                                  lambda p: p.symlink_to("in")])
def test_output_that_exists(place, make):
    at = harness.write_tree(place / "in", FILES)
    make(place / "out")
    before = harness.tree(place)
    done = pack(at, place / "out")
    assert harness.tree(place) == before
    assert done.returncode == 73, done.stderr
    assert harness.last_line(done).startswith("bundler: name-taken: "), done.stderr
    assert str(place / "out") in harness.last_line(done)


def test_output_in_a_directory_that_is_not_there(place):
    at = harness.write_tree(place / "in", FILES)
    done = pack(at, place / "not/there/out")
    if done.returncode == 0:
        assert (place / "not/there/out/manifest.json").exists()
    else:
        refused(place, done, 73)


def test_output_inside_the_input(place):
    at = harness.write_tree(place / "in", FILES)
    before = harness.tree(at)
    done = pack(at, at / "out")
    assert done.returncode == 0, done.stderr
    assert harness.tree(at / "out/payload") == before, "it does not pack itself"


@needs_root
def test_output_without_permission(place):
    at = harness.write_tree(place / "in", FILES)
    done = pack(at, place / "out", **as_stranger(harness.BUNDLER, place))
    (place / "bundler").unlink()
    refused(place, done, 73, "target-not-writable")


def test_output_without_space(place, mount):
    at = harness.write_tree(place / "in", {f"{i}": os.urandom(200_000) for i in range(10)})
    small = mount.tmpfs("size=1m")
    done = pack(at, small / "out")
    assert done.returncode == 75, done.stderr
    assert "no-space" in harness.last_line(done)
    assert list(small.iterdir()) == []


@pytest.mark.parametrize("make, code", [(lambda p: None, 66), (lambda p: p.mkdir(), 65), (os.mkfifo, 65)],
                         ids=["missing", "empty", "FIFO"])
def test_input(place, make, code):
    make(place / "in")
    done = pack(place / "in", place / "out")
    refused(place, done, code)


def test_input_that_cannot_be_read(place):
    at = harness.write_tree(place / "in", {"a": "x", "b": "x"})
    (at / "b").chmod(0o000)
    kwargs = {}
    if os.geteuid() == 0:  # root reads everything
        place.chmod(0o777)
        kwargs = as_stranger(harness.BUNDLER, place)
    done = pack(at, place / "out", **kwargs)
    (place / "bundler").unlink(missing_ok=True)
    refused(place, done, 74, "b")


@needs_strace
@pytest.mark.parametrize("calls, error, code", [
    ("write,pwrite64,copy_file_range,sendfile", "ENOSPC", 75), ("write,pwrite64,copy_file_range,sendfile", "EIO", 74),
    ("mkdirat,mkdir", "EIO", 74), ("symlinkat,symlink", "EIO", 74), ("getdents64", "EIO", 74)])
def test_failing_calls_leave_nothing(place, calls, error, code):
    at = harness.write_tree(place / "in", FILES)
    for when in (1, 2):
        done = harness.run("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}", "-e",
                           f"inject={calls}:error={error}:when={when}", harness.BUNDLER, "pack", "--name", "demo",
                           "--version", "1", "--input", at, "--output", place / "out")
        if when == 2 and done.returncode == 0:
            break
        refused(place, done, code)


@needs_strace
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_interruption_leaves_no_bundle_that_looks_whole(place, sent):
    at = harness.write_tree(place / "in", {f"a/{i}": str(i) for i in range(50)})
    done = harness.run("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=mkdirat,mkdir", "-e",
                       f"inject=mkdirat,mkdir:signal={sent.name}:when=2", harness.BUNDLER, "pack", "--name", "demo",
                       "--version", "1", "--input", at, "--output", place / "out")
    assert done.returncode != 0
    assert not (place / "out/manifest.json").exists()


ARGUMENTS = {
    "no command": [],
    "unknown command": ["unpack"],
    "no output": ["pack", "--name", "a", "--version", "1", "--input", "."],
    "no input": ["pack", "--name", "a", "--version", "1", "--output", "out"],
    "no name": ["pack", "--version", "1", "--input", ".", "--output", "out"],
    "no version": ["pack", "--name", "a", "--input", ".", "--output", "out"],
    "library and input": ["pack", "--library", ".", "--artifacts", ".", "--input", ".", "--output", "out"],
    "library without artifacts": ["pack", "--library", ".", "--output", "out"],
    "unknown option": ["pack", "--name", "a", "--version", "1", "--input", ".", "--output", "out", "--shiny"],
    **{f"name {n!r}": ["pack", "--name", n, "--version", "1", "--input", ".", "--output", "out"]
       for n in ("", "A", "../x", "a/b", "a" * 65, ".a")},
    **{f"version {v!r}": ["pack", "--name", "a", "--version", v, "--input", ".", "--output", "out"]
       for v in ("", "..", "1/2", "1 2", "-", "1" * 65)},
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_usage(place, name):
    harness.write_tree(place / "in", {"x": "x"})
    done = harness.run(harness.BUNDLER, *ARGUMENTS[name], cwd=place / "in")
    assert done.returncode == 64, done.stderr
    assert "usage" in harness.last_line(done)
    assert os.listdir(place / "in") == ["x"]


ENVIRONMENTS = ["", "{", "{}", "null", '[{"name": "A"}]', '[{"name": "1A", "value": "", "merge": "set"}]',
                '[{"name": "A", "value": "", "merge": "append"}]', '[{"name": "A", "value": "\\ufffe", "merge": "set"}]',
               '[{"name": "A", "value": "", "merge": "append", "separator": "\uffff"}]', '[{"name": "A", "value": "\\n", "merge": "set"}]',
                '[{"name": "A", "value": "", "merge": "set", "more": 1}]', "[] x",
                json.dumps([{"name": "A", "value": "", "merge": "set"}] * 2)]


@pytest.mark.parametrize("text", ENVIRONMENTS)
def test_environment(place, text):
    at = harness.write_tree(place / "in", {"x": "x"})
    (place / "environment.json").write_text(text)
    refused(place, pack(at, place / "out", "--environment", place / "environment.json"), 65, "environment.json")


def test_environment_that_is_missing(place):
    at = harness.write_tree(place / "in", {"x": "x"})
    done = pack(at, place / "out", "--environment", place / "environment.json")
    refused(place, done, 66, "environment.json")


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help(option):
    done = subprocess.run([harness.BUNDLER, option], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"bundler" in done.stdout
