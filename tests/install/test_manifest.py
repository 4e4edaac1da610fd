"""Hand-made manifests: what the schema does not allow, and paths and links that lead out, are refused."""

import json
import resource

import pytest

import harness
from steps import unchanged

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def file(path, **changes):
    return {"path": path, "type": "file", "mode": "0644", "size": 0, "sha256": EMPTY} | changes


def directory(path, **changes):
    return {"path": path, "type": "directory", "mode": "0755"} | changes


def link(path, target):
    return {"path": path, "type": "symlink", "target": target}


def document(*entries, **changes):
    return {"schemaVersion": 1, "name": "demo", "version": "1", "environment": [],
            "entries": list(entries) or [file("a")]} | changes


def refused(place, target, text, *reasons):
    """Installs and verifies a bundle of this manifest: both say one of the reasons, and nothing is changed."""
    outside = harness.write_tree(place / "x", {"precious": "x"})
    bundle = harness.write_tree(place / "bundle", {"payload/a": "", "payload/d/x": "", "payload/x": ""})
    (bundle / "manifest.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    for command in (["install", "--bundle", bundle, "--target", target], ["verify", "--bundle", bundle]):
        with unchanged(target):
            done = harness.injector(*command)
        reason = harness.last_line(done).split(": ")[1]
        assert reason in reasons, done.stderr
        line = harness.expect(done, 65, reason)
        assert not any(ord(c) < 0x20 or 0x7f <= ord(c) < 0xa0 for c in line), repr(line)
    assert harness.tree(outside) == {"precious": ("file", 0o644, harness.tree(outside)["precious"][2])}


def without(document, key):
    return {k: v for k, v in document.items() if k != key}


def variable(**changes):
    return [{"name": "A", "value": "1", "merge": "set"} | changes]


INVALID = {
    "not an object": [],
    "a number": 1,
    **{f"no {key}": without(document(), key) for key in document()},
    **{f"no {key} in a file": document(without(file("a"), key)) for key in file("a")},
    "no mode in a directory": document(without(directory("d"), "mode")),
    "no target in a link": document(without(link("l", "a"), "target")),
    "unknown key": document(signature="x"),
    "unknown key in an entry": document(file("a", owner="root")),
    "unknown key in a variable": document(environment=variable(note="x")),
    "unknown type": document(file("a", type="fifo")),
    "size of a directory": document(directory("d", size=0)),
    "mode of a link": document(file("a"), link("l", "a") | {"mode": "0777"}),
    **{f"schemaVersion {v!r}": document(schemaVersion=v) for v in (0, 2, -1, "1", 1.5, None, True)},
    **{f"name {v!r}": document(name=v) for v in ("", "Demo", "../x", "a/b", "-a", ".a", "a" * 65, "é", 1)},
    **{f"name {v!r}, which .injector uses": document(name=v) for v in ("lock", "replaced")},
    **{f"version {v!r}": document(version=v) for v in ("", "-1", "1/2", "1" * 65, "1 2", "..", 1, None)},
    "entries of another type": document(entries={}),
    "no entries": document(entries=[]),
    "entry of another type": document(entries=["a"]),
    "environment of another type": document(environment={}),
    **{f"mode {v!r}": document(file("a", mode=v)) for v in ("644", "0645", "4755", "0000", "0600", "07777", 420, "")},
    **{f"mode of a directory {v!r}": document(directory("d", mode=v)) for v in ("0644", "0700", "1755", "2755")},
    **{f"size {v!r}": document(file("a", size=v)) for v in (-1, 1.5, "0", None, 2 ** 53 + 1, 10 ** 400)},
    **{f"sha256 {v!r}": document(file("a", sha256=v)) for v in ("", EMPTY[1:], EMPTY.upper(), EMPTY[1:] + "g", 0)},
    **{f"variable {v!r}": document(environment=variable(name=v)) for v in ("", "1A", "A-B", "A=B", "A B", "É", "A\n")},
    **{f"selectors {v!r}": document(file("a", selectors=v)) for v in (
        {}, [], "x", None, 1, {"os": "linux"}, {"arch": "X"}, {"arch": ""}, {"arch": 1}, {"arch": None}, {"arch": {}},
        {"arch": ["x86_64"]}, {"arch": "a" * 33}, {"arch": "a,b"}, {"arch": "x86_64", "name": "x"})},
    "256 different selectors": document(*(file(f"f{i:03}", selectors={"python": f"3.{i}"}) for i in range(256))),
    "merge": document(environment=variable(merge="replace")),
    "separator with set": document(environment=variable(separator=" ")),
    "append without separator": document(environment=variable(merge="append")),
    "empty separator": document(environment=variable(merge="append", separator="")),
    "long separator": document(environment=variable(merge="append", separator="123456789")),
    "newline in a value": document(environment=variable(value="a\nb")),
    "NUL in a value": document(environment=variable(value="a\0b")),
    **{f"U+{ord(c):04X} in a value": document(environment=variable(value=f"a{c}")) for c in "\ufffe\uffff\x7f\x85\u2028"},
    "U+FFFE in a separator": document(environment=variable(merge="append", separator="\ufffe")),
    "a variable twice": document(environment=variable() + variable()),
    "65 variables": document(environment=[variable(name=f"A{i}")[0] for i in range(65)]),
}


@pytest.mark.parametrize("name", INVALID)
def test_invalid(place, target, name):
    refused(place, target, json.dumps(INVALID[name]), "manifest-invalid")


GOOD = json.dumps(document())
RAW = {
    "empty": "",
    "spaces": "  ",
    "byte-order mark": b"\xef\xbb\xbf" + GOOD.encode(),
    "UTF-16": GOOD.encode("utf-16"),
    "text behind": GOOD + "x",
    "another document behind": GOOD + GOOD,
    "NUL behind": GOOD + "\0",
    "invalid UTF-8": GOOD.encode().replace(b'"demo"', b'"d\xffmo"'),
    "overlong UTF-8": GOOD.encode().replace(b'"a"', b'"\xc0\xae\xc0\xae"'),
    "lone surrogate": GOOD.replace('"a"', '"\\ud800"'),
    "key twice": GOOD.replace('"name": "demo"', '"name": "demo", "name": "demo"'),
    "key twice, once escaped": GOOD.replace('"name": "demo"', '"name": "demo", "n\\u0061me": "evil"'),
    "key of selectors twice": GOOD.replace('"size": 0', '"size": 0, "selectors": {"arch": "a", "arch": "a"}'),
    "selectors twice": GOOD.replace('"size": 0', '"size": 0, "selectors": {"arch": "a"}, "selectors": {"arch": "a"}'),
    "key of an entry twice": GOOD.replace('"size": 0', '"size": 0, "size": 0'),
    "entries twice": GOOD[:-1] + ', "entries": []}',
    "comma at the end": GOOD[:-1] + ",}",
    "comment": "/* */" + GOOD,
    "NaN": GOOD.replace('"size": 0', '"size": NaN'),
    "exponent": GOOD.replace('"size": 0', '"size": 0e0'),
    "minus zero": GOOD.replace('"size": 0', '"size": -0'),
    "leading zero": GOOD.replace('"size": 0', '"size": 00'),
    "depth 100,000": '{"schemaVersion": ' + "[" * 100000,
    "depth 100,000 of objects": '{"a":' * 100000,
    "larger than 64 MiB": " " * ((64 << 20) + 1),
}


@pytest.mark.parametrize("name", RAW)
def test_invalid_text(place, target, name):
    refused(place, target, RAW[name], "manifest-invalid")


PATHS = ["", ".", "..", "../x/precious", "/etc/hostname", "/a", "//a", "./a", "a/", "d/../a", "d/../../x/precious",
         "d/./x", "d//x", "d/..", "d/.", "a\x00b", "a\nb", "\x1b[31mred", "\x7f", "\ufffe", "d/\uffff", "x" * 256, "/".join("d" * 65),
         ".injector", "manifest.json", "manifest.json.sig", ".dd-trace-java-copy-finished", "d\\x\n"]
LONG = "/".join(["n" * 200] * 21)


@pytest.mark.parametrize("path", PATHS + [LONG], ids=lambda p: ascii(p)[:40])
@pytest.mark.parametrize("make", [file, directory, lambda p: link(p, "a")], ids=["file", "directory", "link"])
def test_paths_that_lead_out_or_astray(place, target, path, make):
    entries, parent = [], ""
    for component in path.split("/")[:-1]:
        parent = f"{parent}/{component}" if parent else component
        if component and len(parent) < 4096 and component not in (".", ".."):
            entries.append(directory(parent))
    refused(place, target, json.dumps(document(*entries, make(path), file("zz"))), "unsafe-entry", "manifest-invalid")


def test_reserved_directory(place, target):
    for inside in (".injector/lock", ".injector/demo/manifest.json"):
        entries = [directory(".injector"), directory(".injector/demo"), file(inside)]
        refused(place, target, json.dumps(document(*entries)), "unsafe-entry", "manifest-invalid")


LINKS = {
    "absolute": [link("l", "/etc/passwd")],
    "absolute inside": [link("l", "/target/a")],
    "parent": [link("l", "..")],
    "parent's file": [link("l", "../x/precious")],
    "out and in again": [link("l", "../target/a")],
    "out from below": [directory("d"), link("d/l", "../../x")],
    "out through a directory": [directory("d"), link("l", "d/../../x")],
    "empty": [link("l", "")],
    "NUL": [link("l", "a\0b")],
    "newline": [link("l", "a\nb")],
    "a file through a link": [directory("d"), link("l", "d"), file("l/x")],
    "a target through a link": [directory("d"), file("d/x"), link("l", "d"), link("m", "l/x")],
    "a target through a link and up": [directory("d"), directory("d/e"), link("l", "d/e"), link("m", "l/../../x")],
    "to our own files": [link("l", ".injector/lock")],
}


@pytest.mark.parametrize("name", LINKS)
def test_links_that_lead_out(place, target, name):
    refused(place, target, json.dumps(document(*LINKS[name])), "unsafe-entry", "manifest-invalid")


ORDER = {
    "the same path twice": [file("a"), file("a")],
    "file and directory of one name": [directory("a"), file("a")],
    "child without its directory": [file("d/x")],
    "child before its directory": [file("d/x"), directory("d")],
    "child of a file": [file("a"), file("a/x")],
    "file before directory at the top": [file("a"), directory("d")],
    "not in the order of bytes": [file("b"), file("a")],
}


@pytest.mark.parametrize("name", ORDER)
def test_order_and_duplicates(place, target, name):
    refused(place, target, json.dumps(document(*ORDER[name])), "unsafe-entry", "manifest-invalid")


def test_keys_in_any_order_are_fine(place, target):
    bundle = harness.write_tree(place / "bundle", {"payload/a": ""})
    text = json.dumps(dict(reversed(document(dict(reversed(file("a").items()))).items())))
    (bundle / "manifest.json").write_text(text)
    harness.expect(harness.install(bundle, target), 0, "installed")
    assert (target / ".injector/demo/manifest.json").read_text() == text


def processor_time(bundle, count):
    """What a manifest with that many entries takes; other work of the machine is not in it."""
    entries = [link(f"{i:06}", "x") for i in range(count)]
    harness.write_tree(bundle, {"payload": None, "manifest.json": json.dumps(document(*entries))})
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = harness.injector("inspect", "--bundle", bundle, "--output", "json")
    assert done.returncode == 0, done.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_a_large_manifest_takes_no_longer_than_its_length(place):
    """Ten times as much for ten times the entries, and not a hundred times."""
    assert processor_time(place / "large", 150_000) < 30 * processor_time(place / "small", 15_000)
