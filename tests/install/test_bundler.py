"""bundler pack: the same bytes wherever and by whomever, and nothing that the schema does not allow."""

import hashlib
import json
import os
import stat
import subprocess

import pytest

import harness
from steps import FILES, as_stranger, assert_installed, manifest

ENVIRONMENT = [
    {"name": "JAVA_TOOL_OPTIONS", "value": "-javaagent:${target}/x.jar", "merge": "append", "separator": " "}]


def pack(source, output, *options, executable=None, **kwargs):
    return harness.run(executable or harness.BUNDLER, "pack", "--name", "demo", "--version", "1.0.0", "--input", source,
                       "--output", output, *options, **kwargs)


def as_tar(bundle):
    """Everything that an image layer keeps of a tree, owners aside: order, modes, times, hard links, bytes."""
    done = subprocess.run(["tar", "--create", "--sort=name", "--owner=0", "--group=0", "--numeric-owner",
                           "--format=pax", "--pax-option=delete=atime,delete=ctime", "-C", bundle, "."],
                          check=True, stdout=subprocess.PIPE)
    return hashlib.sha256(done.stdout).hexdigest()


def source(at, order=1):
    """The same tree made in another order, with other times and modes."""
    files = FILES | {"agent/é": "x", "Z": "z", "a b/c": "d"}
    harness.write_tree(at, dict(list(files.items())[::order]))
    for path in at.rglob("*"):
        if path.is_symlink():
            continue
        if order < 0:
            os.utime(path, (1, 1))
            path.chmod(0o700 if path.is_dir() or path.stat().st_mode & 0o100 else 0o640)
    return at


@pytest.mark.parametrize("change", ["again", "path", "umask 077", "umask 000", "time zone and locale", "order", "user"])
def test_the_same_bytes(place, change):
    first = place / "first"
    assert pack(source(place / "in"), first).returncode == 0
    at, kwargs, order = place / "elsewhere/deep/er", {}, 1
    options = []
    if change.startswith("umask"):
        kwargs["umask"] = int(change.split()[1], 8)
    elif change.startswith("time"):
        kwargs["env"] = {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "LANG": "tr_TR.UTF-8"}
    elif change == "order":
        order = -1
    elif change == "user":
        if os.geteuid() != 0:
            pytest.skip("needs root: packs as another user")
        kwargs |= as_stranger(harness.BUNDLER, place)
    source(at, order)
    if change == "user":
        subprocess.run(["chown", "-R", "-h", "12345:54321", place / "elsewhere"], check=True)
    second = place / "elsewhere/second"
    done = pack(at, second, *options, **kwargs)
    assert done.returncode == 0, done.stderr
    assert (second / "manifest.json").read_bytes() == (first / "manifest.json").read_bytes()
    assert harness.tree(second) == harness.tree(first)
    assert as_tar(second) == as_tar(first)


@pytest.mark.parametrize("epoch", [None, "0", "1700000000", "4102444800"])
def test_times(place, epoch):
    done = pack(source(place / "in"), place / "out", env={"SOURCE_DATE_EPOCH": epoch} if epoch else {})
    assert done.returncode == 0, done.stderr
    times = {p.lstat().st_mtime_ns for p in [place / "out", *(place / "out").rglob("*")]}
    assert times == {int(epoch or 0) * 10 ** 9}


@pytest.mark.parametrize("epoch", ["yesterday", "-1", "1.5", "1x", "99999999999999999999"])
def test_a_wrong_time_is_refused(place, epoch):
    done = pack(source(place / "in"), place / "out", env={"SOURCE_DATE_EPOCH": epoch})
    assert done.returncode == 64, done.stderr
    assert "SOURCE_DATE_EPOCH" in done.stderr
    assert not (place / "out").exists()


def test_epoch_does_not_change_the_manifest(place):
    pack(source(place / "in"), place / "a", env={"SOURCE_DATE_EPOCH": "1"})
    pack(place / "in", place / "b", env={"SOURCE_DATE_EPOCH": "2"})
    assert (place / "a/manifest.json").read_bytes() == (place / "b/manifest.json").read_bytes()


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o777])
@pytest.mark.parametrize("mode, normal", [(0o600, 0o644), (0o666, 0o644), (0o400, 0o644), (0o700, 0o755),
                                          (0o775, 0o755), (0o744, 0o755), (0o555, 0o755), (0o100, 0o755)])
def test_modes_are_normalised(place, mode, normal, umask):
    if os.geteuid() != 0 and not mode & 0o400:
        pytest.skip("needs root: reads a file without permission")
    at = harness.write_tree(place / "in", {"d/x": "x"})
    (at / "d/x").chmod(mode)
    (at / "d").chmod(0o700)
    assert pack(at, place / "out", umask=umask).returncode == 0
    made = [place / "out", *place.glob("out/**/*")]
    modes = {str(p.relative_to(place)): stat.S_IMODE(p.stat().st_mode) for p in made}
    assert modes == {"out": 0o755, "out/manifest.json": 0o644, "out/payload": 0o755, "out/payload/d": 0o755,
                     "out/payload/d/x": normal}


def test_extended_attributes_and_acl_are_left_behind(place):
    at = harness.write_tree(place / "in", {"x": "x"})
    done = subprocess.run(["setfacl", "-m", "u:12345:rwx", at / "x"], stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        pytest.skip(f"no ACL here: {done.stderr}")
    assert pack(at, place / "out").returncode == 0
    assert os.listxattr(place / "out/payload/x") == []


def test_identical_files_are_one(place):
    pack(harness.write_tree(place / "in", {"a/1": "same", "b/2": "same", "c": "same", "d": ("exec", "same")}),
         place / "out")
    at = place / "out/payload"
    assert (at / "a/1").stat().st_ino == (at / "b/2").stat().st_ino == (at / "c").stat().st_ino
    assert (at / "d").stat().st_ino != (at / "c").stat().st_ino
    entries = {e["path"]: e for e in manifest(place / "out")["entries"]}
    assert entries["a/1"]["sha256"] == entries["d"]["sha256"]


def test_a_hard_link_in_the_input_is_a_file(place, target):
    at = harness.write_tree(place / "in", {"a": "x"})
    (at / "b").hardlink_to(at / "a")
    assert pack(at, place / "out").returncode == 0
    assert harness.install(place / "out", target).returncode == 0
    assert_installed(target, place / "out")
    assert (place / "out/payload/a").stat().st_ino != (at / "a").stat().st_ino, "the input may be edited later"


def test_manifest(place):
    at = harness.write_tree(place / "in", {"d/x": "abc", "d/run": ("exec", "#!"), "l": ("link", "d/x"), "a": "",
                                           "Z": "", "e": None})
    (place / "env.json").write_text(json.dumps(ENVIRONMENT))
    assert pack(at, place / "out", "--environment", place / "env.json").returncode == 0
    text = (place / "out/manifest.json").read_text()
    empty = hashlib.sha256().hexdigest()
    document = json.loads(text)
    assert document == {
        "schemaVersion": 1, "name": "demo", "version": "1.0.0", "environment": ENVIRONMENT,
        "entries": [
            {"path": "d", "type": "directory", "mode": "0755"},
            {"path": "d/run", "type": "file", "mode": "0755", "size": 2, "sha256": hashlib.sha256(b"#!").hexdigest()},
            {"path": "d/x", "type": "file", "mode": "0644", "size": 3, "sha256": hashlib.sha256(b"abc").hexdigest()},
            {"path": "e", "type": "directory", "mode": "0755"},
            {"path": "Z", "type": "file", "mode": "0644", "size": 0, "sha256": empty},
            {"path": "a", "type": "file", "mode": "0644", "size": 0, "sha256": empty},
            {"path": "l", "type": "symlink", "target": "d/x"}]}
    assert list(document) == ["schemaVersion", "name", "version", "environment", "entries"]
    assert text.endswith("}\n")
    assert all(sum(f'"{e["path"]}"' in line for line in text.splitlines()) >= 1 for e in document["entries"])
    assert len(text.splitlines()) >= len(document["entries"]) + 5, "an entry a line"


def test_a_single_file(place, target):
    harness.write_tree(place, {"my agent.jar": "jar"})
    assert pack(place / "my agent.jar", place / "out").returncode == 0
    assert [e["path"] for e in manifest(place / "out")["entries"]] == ["my agent.jar"]
    harness.expect(harness.install(place / "out", target), 0, "installed")
    assert_installed(target, place / "out")


@pytest.fixture
def library(place):
    """library(files, checksums) makes the folder of a library and its artifacts: (library, artifacts)."""
    def make(artifacts, checksums=None, document=None):
        folder = harness.write_tree(place / "libraries/x", {"pom.xml": "<project/>"})
        at = harness.write_tree(place / "artifacts", artifacts)
        (folder / "library.json").write_text(json.dumps(document or {
            "name": "dd-java-agent",
            "version": "dd-java-agent-${version}.jar",
            "artifacts": [{"from": "dd-java-agent-${version}.jar", "path": "dd-java-agent.jar"}],
            "environment": [dict(ENVIRONMENT[0], value="-javaagent:${target}/dd-java-agent.jar")]}))
        if checksums is not None:
            (folder / "SHA256SUMS").write_text(checksums)
        return ["pack", "--library", folder, "--artifacts", at, "--output", place / "out"]
    return make


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("mark", ["  ", " *", None])
def test_a_library(place, target, library, mark):
    name = "dd-java-agent-1.64.0.jar"
    arguments = library({name: "jar", "other-1.jar": "x"}, f"{digest('jar')}{mark}{name}\n" if mark else None)
    done = harness.run(harness.BUNDLER, *arguments)
    assert done.returncode == 0, done.stderr
    document = manifest(place / "out")
    assert (document["name"], document["version"]) == ("dd-java-agent", "1.64.0")
    assert [(e["path"], e["sha256"]) for e in document["entries"]] == [("dd-java-agent.jar", digest("jar"))]
    assert document["environment"][0]["value"] == "-javaagent:${target}/dd-java-agent.jar"
    harness.expect(harness.install(place / "out", target), 0, "installed", "1.64.0")
    assert_installed(target, place / "out")


@pytest.mark.parametrize("artifacts, sums, code", [
    ({"dd-java-agent-1.jar": "bad"}, f"{digest('jar')}  dd-java-agent-1.jar\n", 65),
    ({"dd-java-agent-1.jar": "jar"}, f"{digest('jar')}  dd-java-agent-2.jar\n", 65),
    ({"dd-java-agent-1.jar": "jar"}, "nonsense\n", 65),
    ({"dd-java-agent-1.jar": "jar"}, "", 65),
    ({}, None, 66), ({"other.jar": "x"}, None, 66),
    ({"dd-java-agent-1.jar": "a", "dd-java-agent-2.jar": "b"}, None, 66),
    ({"dd-java-agent-.jar": "a"}, None, 66), ({"dd-java-agent-bad version!.jar": "a"}, None, 66)],
    ids=["digest", "not in the sums", "sums that are none", "empty sums", "nothing there", "another file",
         "two versions", "no version", "a bad version"])
def test_a_library_that_is_not_what_its_lock_says(place, library, artifacts, sums, code):
    done = harness.run(harness.BUNDLER, *library(artifacts, sums))
    assert done.returncode == code, done.stderr
    assert not (place / "out").exists()


GOOD = {"name": "x", "version": "x-${version}.jar", "artifacts": [{"from": "x-${version}.jar", "path": "x"}],
        "environment": []}


@pytest.mark.parametrize("change, code, part", [
    ({"name": None}, 65, "the key name is missing"),
    ({"version": None}, 65, "the key version is missing"),
    ({"surplus": 1}, 65, "the key surplus is unknown"),
    ({"artifacts": {}}, 65, "artifacts is no list"),
    ({"artifacts": []}, 65, "entries: is empty"),
    ({"artifacts": [{"file": "x.jar", "path": "x"}]}, 65, "the key file is unknown"),
    ({"artifacts": [{"from": "x.jar", "path": "../x"}]}, 65, "the path "),
    ({"artifacts": [{"from": "no.jar", "path": "x"}]}, 66, "no.jar"),
    ({"artifacts": [{"from": "x.jar", "path": "x", "unpack": "yes"}]}, 65, "unpack is not true or false"),
    ({"artifacts": [{"from": "x.jar", "path": "x", "unpack": True}]}, 65, "is no zip"),
    ({"files": [{"from": "no.py", "path": "y"}]}, 66, "no.py"),
    ({"files": [{"from": "pom.xml", "path": "x"}]}, 65, "second entry"),
    ({"selectors": [{"path": "y", "arch": "x86_64"}]}, 65, "is not in the payload"),
    ({"selectors": [{"path": "x", "os": "linux"}]}, 65, "the key os is unknown"),
    ({"selectors": [{"path": "x", "arch": "X"}]}, 65, "is not [a-z0-9]"),
    ({"selectors": [{"path": "x${libc}"}]}, 65, "unsafe-entry: x${libc}: has selectors and is not in the payload"),
    ({"selectors": [{"path": "${libc}"}]}, 65, 'unsafe-entry: x: libc "x" is not glibc or musl'),
    ({"selectors": [{"path": "${python}"}]}, 65, 'unsafe-entry: x: python "x" is not MAJOR.MINOR'),
    ({"selectors": [{"path": "${arch}"}, {"path": "x", "libc": "musl"}]}, 65, "x: matches two patterns of selectors"),
    ({"selectors": [{"path": "${os}"}]}, 65, "${os} has ${os}, which cannot stand there"),
    ({"selectors": [{"path": "${arch}", "arch": "x86_64"}]}, 65, "${arch} has ${arch}, which cannot stand there"),
    ({"exclude": ["x"]}, 65, "is empty"),
    ({"exclude": ["a" * 4096]}, 65, "exclude[0] has more than 4095 bytes"),
    ({"exclude": ["a" * 1000] * 9}, 65, "has patterns of 9000 bytes, the limit is 8192"),
    ({"name": "X"}, 65, "name"),
    ({"version": "no version"}, 66, "x-no version.jar")])
def test_a_wrong_library_file(place, library, change, code, part):
    document = {key: value for key, value in (GOOD | change).items() if value is not None}
    done = harness.run(harness.BUNDLER, *library({"x-1.jar": "x", "x.jar": "x"}, document=document))
    assert done.returncode == code, done.stderr
    assert part in harness.last_line(done)
    assert not (place / "out").exists()


def test_a_fallback(place, target, library):
    """A bundle like any other, of the library's name and environment; it needs nothing of the library's own."""
    fallback = {"artifacts": [{"from": "stand-in.jar", "path": "x"}], "files": [{"from": "pom.xml", "path": "y/z"}]}
    arguments = library({"stand-in.jar": "inert"}, f"{digest('x')}  x-1.jar\n",
                        GOOD | {"environment": ENVIRONMENT, "exclude": ["x"], "fallback": fallback})
    done = harness.run(harness.BUNDLER, *arguments, "--fallback")
    assert done.returncode == 0, done.stderr
    document = manifest(place / "out")
    assert (document["name"], document["version"], document["environment"]) == ("x", "fallback", ENVIRONMENT)
    assert [entry["path"] for entry in document["entries"]] == ["y", "y/z", "x"]
    harness.expect(harness.install(place / "out", target), 0, "installed", "x fallback")
    assert_installed(target, place / "out")


@pytest.mark.parametrize("fallback, code, part", [
    (None, 65, "the key fallback is missing"),
    ([], 65, "an object is missing"),
    ({}, 65, "entries: is empty"),
    ({"selectors": []}, 65, "the key selectors is unknown"),
    ({"files": [{"from": "no.cjs", "path": "x"}]}, 66, "no.cjs"),
    ({"artifacts": [{"from": "no.jar", "path": "x"}]}, 66, "no.jar"),
    ({"artifacts": [{"from": "x.jar", "path": "x"}] * 2}, 65, "second entry")])
def test_a_wrong_fallback(place, library, fallback, code, part):
    document = GOOD | ({"fallback": fallback} if fallback is not None else {})
    done = harness.run(harness.BUNDLER, *library({"x.jar": "x"}, document=document), "--fallback")
    assert done.returncode == code and part in harness.last_line(done), done.stderr
    assert not (place / "out").exists()


@pytest.mark.parametrize("key", ["name", "environment", "artifacts", "exclude", "fallback"])
@pytest.mark.parametrize("depth", [20, 100_000])
def test_a_library_file_that_is_nested_beyond_measure(place, library, key, depth):
    arguments = library({"x-1.jar": "x"}, document=GOOD | {key: "HERE"})
    at = place / "libraries/x/library.json"
    at.write_text(at.read_text().replace('"HERE"', "[" * depth + "]" * depth))
    done = harness.run(harness.BUNDLER, *arguments)
    line = harness.last_line(done)
    assert done.returncode == 65 and f"manifest-invalid: {at}: is nested more than 8 deep" in line, done.stderr
