"""bundler pack of archives: what the ecosystem's client would lay out, and nothing that a stranger's archive wants."""

import base64
import hashlib
import io
import json
import lzma
import os
import stat
import struct
import tarfile
import zipfile
import zlib

import pytest

import harness


def pack(archive, out, *options):
    return harness.run(harness.BUNDLER, "pack", "--name", "demo", "--version", "1", "--unpack", "--input", archive,
                       "--output", out, *options)


def packed(place, archive):
    """The payload that the archive becomes: {path: content, link target or None for a directory}."""
    done = pack(archive, place / "out")
    assert done.returncode == 0, done.stderr
    return payload(place / "out")


def payload(bundle):
    assert harness.injector("verify", "--bundle", bundle).returncode == 0
    root, found = bundle / "payload", {}
    for at in sorted(root.rglob("*")):
        path = str(at.relative_to(root))
        found[path] = os.readlink(at) if at.is_symlink() else None if at.is_dir() else at.read_bytes()
    return found


def refused(place, archive, reason, *parts, code=65):
    before = sorted(os.listdir(place))
    done = pack(archive, place / "out")
    line = harness.last_line(done)
    assert done.returncode == code, done.stderr
    assert line.startswith(f"bundler: {reason}: "), line
    for part in parts:
        assert part in line, line
    assert sorted(os.listdir(place)) == before, "something is left"


def tar(path, *entries, mode="w"):
    """entries: (name, bytes), (name, dict of TarInfo's fields)."""
    with tarfile.open(path, mode) as archive:
        for name, what in entries:
            info = tarfile.TarInfo(name)
            if isinstance(what, dict):
                for key, value in what.items():
                    setattr(info, key, value)
                archive.addfile(info)
            else:
                info.size = len(what)
                archive.addfile(info, io.BytesIO(what))
    return path


def zipped(path, *entries):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def record_line(name, content, algorithm="sha256"):
    digest = base64.urlsafe_b64encode(hashlib.new(algorithm, content).digest()).rstrip(b"=").decode()
    return f"{name},{algorithm}={digest},{len(content)}\n"


FILES = [("pkg/__init__.py", b"x = 1\n"), ("pkg/sub/é.txt", "é".encode()), ("pkg-1.dist-info/METADATA", b"Name: pkg\n")]
RECORD = "pkg-1.dist-info/RECORD"


def wheel(path, files=FILES, record=None):
    """A wheel with the right RECORD, or with that text in its place (False: none at all)."""
    lines = "".join(record_line(*file) for file in files) + f"{RECORD},,\n" if record is None else record
    return zipped(path, *files, *([] if lines is False else [(RECORD, lines)]))


# What is laid out

@pytest.mark.parametrize("name, mode", [("a.tar", "w"), ("a.tar.gz", "w:gz"), ("a.tar.xz", "w:xz")])
def test_tar(place, name, mode):
    archive = tar(place / name, ("./", {"type": tarfile.DIRTYPE}), ("./d/", {"type": tarfile.DIRTYPE}),
                  ("./d/f", b"f"), ("d/l", {"type": tarfile.SYMTYPE, "linkname": "f"}),
                  ("h", {"type": tarfile.LNKTYPE, "linkname": "./d/f"}), mode=mode)
    assert packed(place, archive) == {"d": None, "d/f": b"f", "d/l": "f", "h": b"f"}


def test_tar_with_zstd(place):
    archive = tar(place / "a.tar", ("f", b"f" * 1000))
    done = harness.run("tar", "--zstd", "-cf", place / "a.tar.zst", "-C", place, "a.tar")
    if done.returncode != 0:
        pytest.skip(f"no zstd here: {done.stderr.strip()}")
    assert packed(place, place / "a.tar.zst") == {"a.tar": archive.read_bytes()}


def test_zip_and_nupkg(place):
    entries = [("lib/net8.0/A.dll", b"dll"), ("[Content_Types].xml", b"<x/>")]
    assert packed(place, zipped(place / "a.nupkg", *entries)) == dict(entries) | {"lib": None, "lib/net8.0": None}


NFD = "e\u0301"  # one letter and an accent, which many programs make into one


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT], ids=["pax", "gnu", "ustar"])
def test_names_and_targets_of_a_tar_stay_as_they_are(place, form):
    with tarfile.open(place / "a.tar", "w", format=form) as archive:
        for name, kind, target in ((NFD, tarfile.REGTYPE, ""), ("\u00e9", tarfile.REGTYPE, ""), (f"h{NFD}", tarfile.LNKTYPE, NFD),
                                   ("l", tarfile.SYMTYPE, f"{NFD}x"), ("\u1112\u1161\u11ab\u2126\uf900", tarfile.REGTYPE, "")):
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.uname = kind, target, NFD
            archive.addfile(info)
    assert packed(place, place / "a.tar") == {
        NFD: b"", "\u00e9": b"", f"h{NFD}": b"", "l": f"{NFD}x", "\u1112\u1161\u11ab\u2126\uf900": b""}


def test_names_of_a_zip_stay_as_they_are(place):
    archive = zipped(place / "a.zip", (f"{NFD}/{NFD}", b"1"), ("\u1112\u1161\u11ab", b"2"), link("l", NFD))
    assert packed(place, archive) == {NFD: None, f"{NFD}/{NFD}": b"1", "\u1112\u1161\u11ab": b"2", "l": NFD}


def link(name, target):
    """A symbolic link, as an entry of a zip."""
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info, target


def test_modes_are_normalised(place):
    archive = tar(place / "a.tar", ("x", {"mode": 0o4777}), ("r", {"mode": 0o400}))
    assert packed(place, archive) == {"x": b"", "r": b""}
    assert stat.S_IMODE((place / "out/payload/x").stat().st_mode) == 0o755
    assert stat.S_IMODE((place / "out/payload/r").stat().st_mode) == 0o644


def test_npm_tarball_loses_its_first_component(place):
    archive = tar(place / "a.tgz", ("package/index.js", b"1"), ("package/lib/b.js", b"2"), mode="w:gz")
    assert packed(place, archive) == {"index.js": b"1", "lib": None, "lib/b.js": b"2"}


def test_npm_tarball_may_say_the_same_twice(place):
    """As npm itself has packed package/./main.js beside package/main.js; two different ones are refused."""
    twice = [("package/./index.js", b"1"), ("package/index.js", b"1")]
    assert packed(place, tar(place / "a.tgz", *twice, mode="w:gz")) == {"index.js": b"1"}
    refused(place / "out", tar(place / "b.tgz", *twice, ("package/index.js", b"2"), mode="w:gz"), "unsafe-entry", "and differs")


def test_wheel(place):
    files = FILES + [("pkg-1.data/purelib/pure.py", b"p"), ("pkg-1.data/platlib/plat/x.so", b"s"),
                     ("pkg-1.data/scripts/run", b"#!python\n"), ("pkg-1.data/headers/x.h", b"h"),
                     ("pkg-1.data/data/etc/x", b"d"), ('pkg/a,"b".txt', b"comma")]
    lines = "".join(record_line(*file) for file in files[:-1])
    lines += record_line('"pkg/a,""b"".txt"', files[-1][1]) + RECORD + ",,\r\n"
    found = packed(place, wheel(place / "pkg-1-py3-none-any.whl", files, lines))
    assert {p: c for p, c in found.items() if c is not None} == dict(FILES) | {
        "pure.py": b"p", "plat/x.so": b"s", 'pkg/a,"b".txt': b"comma", RECORD: lines.encode()}


# A wheel's RECORD

INIT, *REST = FILES
REST_LINES = "".join(record_line(*file) for file in REST) + f"{RECORD},,\n"


@pytest.mark.parametrize("record, reason, part", [
    (False, "missing-entry", "has no RECORD"),
    (REST_LINES, "surplus-entry", "pkg/__init__.py is not in RECORD"),
    (record_line(*INIT) + record_line("pkg/more.py", b"") + REST_LINES, "missing-entry", "pkg/more.py is missing"),
    (record_line(INIT[0], b"x = 2\n") + REST_LINES, "digest-mismatch", "pkg/__init__.py: SHA-256 is "),
    (record_line(*INIT).replace(",6", ",7") + REST_LINES, "size-mismatch", "has 6 bytes, RECORD says 7"),
    (record_line(*INIT, "md5") + REST_LINES, "archive-invalid", "no SHA-256 of pkg/__init__.py"),
    (f"{INIT[0]},,\n" + REST_LINES, "archive-invalid", "no SHA-256 of pkg/__init__.py"),
    (f"{INIT[0]},sha256={'*' * 43},6\n" + REST_LINES, "archive-invalid", "no SHA-256 of"),
    (record_line(*INIT) * 2 + REST_LINES, "archive-invalid", "lists pkg/__init__.py twice"),
    (f"{INIT[0]}\n" + REST_LINES, "archive-invalid", "a line that is not"),
], ids=["none", "file not listed", "listed and missing", "digest", "size", "md5", "no digest", "no base64", "twice",
        "one field"])
def test_wheel_that_is_not_what_its_record_says(place, record, reason, part):
    refused(place, wheel(place / "pkg-1-py3-none-any.whl", record=record), reason, part)


# What strangers' archives want

@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "a//b", "a/..", "x\ny", "\u202ex", ".injector/x",
                                  "manifest.json", "a" * 256, "/".join("a" * 65)])
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_path_that_breaks_a_rule(place, name, kind):
    archive = tar(place / "a", (name, b"x")) if kind == "tar" else zipped(place / "a", (name, b"x"))
    refused(place, archive, "unsafe-entry", "the path ")


@pytest.mark.parametrize("entries, part", [
    ([("l", {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"})], "link's target"),
    ([("l", {"type": tarfile.SYMTYPE, "linkname": "../x"})], "link's target"),
    ([("l", {"type": tarfile.SYMTYPE, "linkname": "/tmp"}), ("l/x", b"x")], "link's target"),
    ([("l", {"type": tarfile.SYMTYPE, "linkname": "x/" * 2100 + "x"})], "link's target has more than 4095 bytes"),
    ([("f", b"1"), ("f", {"type": tarfile.SYMTYPE, "linkname": "x"})], "f is there twice"),
    ([("d/f", b"1"), ("d", {"type": tarfile.SYMTYPE, "linkname": "x"})], "d is there already"),
    ([("/".join(["n" * 255] * 15 + ["n" * 254]), b"1")], "has a path of more than 4095 bytes below"),
    ([("f", b"1"), ("h", {"type": tarfile.LNKTYPE, "linkname": "f"}), ("h/x", b"1")], "h/x"),
    ([("d", {"type": tarfile.DIRTYPE}), ("l", {"type": tarfile.SYMTYPE, "linkname": "d"}), ("l/x", b"x")], "l/x"),
    ([("h", {"type": tarfile.LNKTYPE, "linkname": "/etc/passwd"})], "which is not there before it"),
    ([("h", {"type": tarfile.LNKTYPE, "linkname": "later"}), ("later", b"x")], "which is not there before it"),
    ([("n", {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 3})], "is a device"),
    ([("n", {"type": tarfile.BLKTYPE})], "is a device"),
    ([("n", {"type": tarfile.FIFOTYPE})], "is a device, a FIFO"),
    ([("f", b"1"), ("f", b"1")], "is there twice"),
    ([("f", b"1"), ("./f", b"1")], "is there twice"),
    ([("f", b"1"), ("f/x", b"1")], "f/x"),
    ([("f/x", b"1"), ("f", b"1")], "f is there already"),
    ([("README", b"1"), ("readme", b"1")], "differ in the case"),
    ([("A/x", b"1"), ("a/y", b"1")], "differ in the case"),
], ids=["link to /", "link out", "through a link out", "long link", "link over a file", "link over a directory", "long path", "below a hard link",
        "through a link", "hard link out", "hard link ahead", "character device",
        "block device", "FIFO", "twice", "twice with ./", "below a file", "over a directory", "case", "case of a directory"])
def test_hostile_tar(place, entries, part):
    refused(place, tar(place / "a.tar", *entries), "unsafe-entry", part)


def test_link_over_a_file_of_an_npm_tarball(place):
    archive = tar(place / "a.tgz", ("package/a", b"1"), ("other/a", {"type": tarfile.SYMTYPE, "linkname": "b"}), mode="w:gz")
    refused(place, archive, "unsafe-entry", "other/a is there already")


def test_wheel_with_two_records(place):
    evil = ("pkg/evil.py", b"evil")
    second = ("b-1.dist-info/RECORD", (record_line(*evil) + "b-1.dist-info/RECORD,,\n").encode())
    lines = "".join(record_line(*file) for file in FILES) + f"{RECORD},,\n"
    archive = zipped(place / "pkg-1-py3-none-any.whl", *FILES, evil, second, (RECORD, lines))
    refused(place, archive, "archive-invalid", "has b-1.dist-info and pkg-1.dist-info")


def test_wheel_with_a_record_beyond_measure(place):
    refused(place, wheel(place / "pkg-1-py3-none-any.whl", record="x" * (17 << 20)), "unsafe-entry", "more than 16 MiB")


def test_duplicate_in_a_zip(place):
    with pytest.warns(UserWarning):
        archive = zipped(place / "a.zip", ("f", b"1"), ("f", b"2"))
    refused(place, archive, "unsafe-entry", "f is there twice")


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_bomb(place, kind):
    """100 MiB of zeros in 100 KiB."""
    zeros = bytes(100 << 20)
    archive = zipped(place / "a.zip", ("z", zeros)) if kind == "zip" else tar(place / "a.tar.gz", ("z", zeros), mode="w:gz")
    refused(place, archive, "unsafe-entry", "holds more than ")


def deep(count, depth, length, kind):
    """Directories, or files, that share no directory."""
    for i in range(count):
        yield "/".join(f"{i:05}"[-length:].ljust(length, "a") if at else f"{i}" for at in range(depth)), {"type": kind}


LIMITS = {
    "paths of files": (lambda: deep(1500, 60, 62, tarfile.REGTYPE), "has paths of more than 16 MiB in all"),
    "paths of directories": (lambda: deep(5000, 60, 62, tarfile.DIRTYPE), "has paths of more than 16 MiB in all"),
    "directories": (lambda: deep(3300, 62, 1, tarfile.DIRTYPE), "has more than 200000 files and directories"),
    "links": (lambda: [("f", bytes(1 << 20)), *((f"h{i}", {"type": tarfile.LNKTYPE, "linkname": "f"}) for i in range(70))],
              "holds more than"),
    "skipped content": (lambda: [("f", bytes(1 << 20)), ("h", {"type": tarfile.LNKTYPE, "linkname": "f",
                                                              "pax_headers": {"size": str(1 << 40)}})], "h"),
}


@pytest.mark.parametrize("name", LIMITS)
def test_small_archive_that_asks_for_much(place, name):
    entries, part = LIMITS[name]
    little_is_taken(place, tar(place / "a.tar.gz", *entries(), mode="w:gz"), part)


def test_headers_alone_can_be_a_bomb(place):
    header = tar(place / "a.tar", ("d", {"type": tarfile.DIRTYPE})).read_bytes()[:512]
    (place / "a.tar").unlink()
    (place / "a.tar.xz").write_bytes(lzma.compress(header * 140_000, preset=0))
    little_is_taken(place, place / "a.tar.xz", "holds more than")


def little_is_taken(place, archive, part):
    """It is refused in 64 MiB of memory."""
    done = harness.run("prlimit", f"--as={64 << 20}", harness.BUNDLER, "pack", "--name", "demo", "--version", "1",
                       "--unpack", "--input", archive, "--output", place / "out")
    assert done.returncode == 65 and part in harness.last_line(done), done.stderr
    assert os.listdir(place) == [archive.name], "something is left"


def test_names_of_a_mebibyte(place):
    """Half a million components that mean nothing, times 16."""
    entries = [("./" * 490_000 + f"x{i}", b"") for i in range(16)]
    assert set(packed(place, tar(place / "a.tar", *entries))) == {f"x{i}" for i in range(16)}


# What a zip says twice

LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"


def put(signature, at, value, which=0):
    """Overwrites bytes of a header, the first of its kind or another."""
    def change(content):
        start = -1
        for _ in range(which + 1):
            start = content.index(signature, start + 1)
        content[start + at:start + at + len(value)] = value
    return change


def number(value, size=4):
    return value.to_bytes(size, "little")


DISAGREEMENTS = {
    "name in its header": put(LOCAL, 30, b"evil.py"), "name in the directory": put(CENTRAL, 46, b"evil.py"),
    "absolute in its header": put(LOCAL, 30, b"/etc/xx"), "out by its header": put(LOCAL, 30, b"../ab.x"),
    "out by the directory": put(CENTRAL, 46, b"../ab.x"),
    "size in its header": put(LOCAL, 22, number(4000)), "size in the directory": put(CENTRAL, 24, number(4000)),
    "packed size in its header": put(LOCAL, 18, number(5)), "packed size in the directory": put(CENTRAL, 20, number(5)),
    "CRC in its header": put(LOCAL, 14, b"abcd"), "CRC in the directory": put(CENTRAL, 16, b"abcd"),
    "flags in its header": put(LOCAL, 6, b"\x08\0"), "flags in the directory": put(CENTRAL, 8, b"\x08\0"),
    "method in its header": put(LOCAL, 8, b"\0\0"), "method in the directory": put(CENTRAL, 10, b"\x63\0"),
    "offset": put(CENTRAL, 42, number(0xfffffff0)), "offset of another": put(CENTRAL, 42, number(0), which=1),
    "disk": put(CENTRAL, 34, b"\1\0"), "type": put(CENTRAL, 38, number(stat.S_IFDIR << 16 | 0o755 << 16)),
    "count": put(END, 10, b"\1\0"), "count and count": lambda c: (put(END, 8, b"\1\0")(c), put(END, 10, b"\1\0")(c)),
    "size of the directory": put(END, 12, number(20)), "start of the directory": put(END, 16, number(3)),
    "bytes in front": lambda c: c.__setitem__(slice(0, 0), b"#!/bin/sh\n"), "bytes behind": lambda c: c.extend(b"x" * 30),
    "an end in the comment": lambda c: (put(END, 20, number(26, 2))(c), c.extend(b"xxxx" + END + bytes(18))),
}


@pytest.mark.parametrize("name", DISAGREEMENTS)
def test_zip_that_says_two_things(place, name):
    archive = zipped(place / "a.zip", ("good.py", b"good" * 10), ("more.py", b"more" * 10))
    content = bytearray(archive.read_bytes())
    DISAGREEMENTS[name](content)
    archive.write_bytes(content)
    refused(place, archive, "archive-invalid")


def test_zip_whose_names_overlap(place):
    """An entry within another one's content, with a header as good as any."""
    inner = zipped(place / "inner.zip", ("good.py", b"good")).read_bytes()
    with zipfile.ZipFile(place / "a.zip", "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("out.bin", inner)
        archive.writestr("good.py", b"good", zipfile.ZIP_DEFLATED)
    content = bytearray((place / "a.zip").read_bytes())
    put(CENTRAL, 42, number(content.index(inner)), which=2)(content)
    (place / "a.zip").write_bytes(content)
    (place / "inner.zip").unlink()
    refused(place, place / "a.zip", "archive-invalid", "out.bin shares bytes with what follows it")


def extra(field):
    info = zipfile.ZipInfo("good.py")
    info.extra = field
    return info


def test_name_of_a_zip_is_not_taken_from_an_extra_field(place):
    name = b"evil.py"
    field = b"\x75\x70" + number(5 + len(name), 2) + b"\1" + number(zlib.crc32(b"good.py")) + name
    assert packed(place, zipped(place / "a.zip", (extra(field), b"good"))) == {"good.py": b"good"}


def test_type_of_a_zip_is_not_taken_from_an_extra_field(place):
    field = b"\x78\x6c\x05\0\4" + number(stat.S_IFLNK << 16 | 0o777 << 16)
    refused(place, zipped(place / "a.zip", (extra(field), b"/etc")), "archive-invalid", "has a type or a size of its own")


class Stream(io.RawIOBase):
    """Where zipfile cannot go back to write a size: it writes sizes behind the content."""
    def __init__(self):
        self.content = b""

    def writable(self):
        return True

    def write(self, data):
        self.content += bytes(data)
        return len(data)


def streamed(place):
    stream = Stream()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("good.py", b"good" * 10)
        archive.writestr("more.py", b"more" * 10)
    (place / "a.zip").write_bytes(stream.content)
    return place / "a.zip"


def test_zip_with_sizes_behind_the_content(place):
    assert packed(place, streamed(place)) == {"good.py": b"good" * 10, "more.py": b"more" * 10}


@pytest.mark.parametrize("at", [4, 8, 12], ids=["CRC", "packed size", "size"])
def test_zip_with_wrong_sizes_behind_the_content(place, at):
    archive = streamed(place)
    content = bytearray(archive.read_bytes())
    put(b"PK\x07\x08", at, b"\7")(content)
    archive.write_bytes(content)
    refused(place, archive, "archive-invalid", "good.py has another size or CRC behind its content")


def test_zip_with_64_bits_and_a_comment(place):
    with zipfile.ZipFile(place / "a.zip", "w") as archive:
        archive.comment = b"of no account"
        with archive.open("good.py", "w", force_zip64=True) as file:
            file.write(b"good")
    assert packed(place, place / "a.zip") == {"good.py": b"good"}


def test_zip_that_is_a_tar_too(place):
    archive = tar(place / "a", ("t", b"tar"))
    inside = io.BytesIO(archive.read_bytes())
    with zipfile.ZipFile(inside, "a") as file:
        file.writestr("z", b"zip")
    archive.write_bytes(inside.getvalue())
    assert packed(place, archive) == {"t": b"tar"}


def test_input_that_is_a_fifo(place):
    os.mkfifo(place / "a.zip")
    refused(place, place / "a.zip", "archive-invalid", "is no file")


def test_zeros_that_are_no_bomb(place):
    assert set(packed(place, zipped(place / "a.zip", ("z", bytes(10 << 20))))) == {"z"}


@pytest.mark.parametrize("content", [b"", b"no archive at all", b"PK\x03\x04" + bytes(100)], ids=["empty", "text", "zip header"])
def test_no_archive(place, content):
    (place / "a").write_bytes(content)
    refused(place, place / "a", "archive-invalid")


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "tar.xz"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_truncated(place, kind, part):
    content = os.urandom(200_000)
    at = place / f"a.{kind}"
    archive = zipped(at, ("f", content)) if kind == "zip" else tar(at, ("f", content), mode=f"w:{kind[4:]}")
    archive.write_bytes(archive.read_bytes()[:int(archive.stat().st_size * part)])
    refused(place, archive, "archive-invalid")


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "tar.xz"])
def test_one_byte_flipped(place, kind):
    at = place / f"a.{kind}"
    archive = zipped(at, ("f", b"f" * 5000)) if kind == "zip" else tar(at, ("f", b"f" * 5000), mode=f"w:{kind[4:]}")
    content = bytearray(archive.read_bytes())
    content[content.index(b"f") + 12 if kind == "zip" else len(content) // 2] ^= 0x10
    archive.write_bytes(content)
    refused(place, archive, "archive-invalid")


def test_encrypted_zip(place):
    archive = zipped(place / "a.zip", ("f", b"f"))
    content = bytearray(archive.read_bytes())
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + at] |= 1
    archive.write_bytes(content)
    refused(place, archive, "archive-invalid", "f")


def test_archive_that_is_not_there(place):
    done = pack(place / "no.zip", place / "out")
    assert done.returncode == 66 and "no.zip" in harness.last_line(done), done.stderr


def test_unpack_needs_an_input():
    done = harness.run(harness.BUNDLER, "pack", "--unpack", "--output", "x")
    assert done.returncode == 64, done.stderr


# In a library

def library(place, files, **document):
    """Packs a library of those artifacts ({path: maker(path)}), and returns what the bundler said."""
    folder = harness.write_tree(place / "library", {})
    for name, make in files.items():
        at = place / "artifacts" / name
        at.parent.mkdir(parents=True, exist_ok=True)
        make(at)
    (folder / "library.json").write_text(json.dumps({"name": "demo", "version": "1", "environment": []} | document))
    return harness.run(harness.BUNDLER, "pack", "--library", folder, "--artifacts", place / "artifacts",
                       "--output", place / "out")


def one_wheel(name, *files):
    dist = f"{name}-1.dist-info"
    listed = [*files, (f"{dist}/METADATA", name.encode())]
    return lambda at: zipped(at, *listed, (f"{dist}/RECORD", "".join(record_line(*f) for f in listed) + f"{dist}/RECORD,,\n"))


def selectors_of(place):
    """{path: selectors} of the bundle."""
    return {e["path"]: e.get("selectors") for e in json.loads((place / "out/manifest.json").read_text())["entries"]}


def test_wheels_become_one_tree_for_each_directory(place):
    shared = ("shared/__init__.py", b"# a namespace\n" * 100)
    done = library(place, {"cp3.9/a.whl": one_wheel("a", shared), "cp3.10/a.whl": one_wheel("a", shared),
                           "cp3.9/b.whl": one_wheel("b", shared, ("b.py", b"b"))},
                   artifacts=[{"from": ".", "path": "demo", "unpack": True}], selectors=[{"path": "demo/cp${python}"}])
    assert done.returncode == 0, done.stderr
    files = {p for p, content in payload(place / "out").items() if content is not None}
    assert {p for p in files if "dist-info" not in p} == {
        "demo/cp3.9/shared/__init__.py", "demo/cp3.9/b.py", "demo/cp3.10/shared/__init__.py"}
    inodes = {(place / "out/payload/demo" / cp / "shared/__init__.py").stat().st_ino for cp in ("cp3.9", "cp3.10")}
    assert len(inodes) == 1, "equal files are one"
    assert {path: found for path, found in selectors_of(place).items() if found} == {
        "demo/cp3.9": {"python": "3.9"}, "demo/cp3.10": {"python": "3.10"}}


def test_two_wheels_that_disagree(place):
    done = library(place, {"cp/a.whl": one_wheel("a", ("x.py", b"1")), "cp/b.whl": one_wheel("b", ("x.py", b"2"))},
                   artifacts=[{"from": "cp", "path": "demo", "unpack": True}])
    assert done.returncode == 65 and "x.py is there already, and differs" in harness.last_line(done), done.stderr


def npm(name):
    return lambda at: tar(at, ("package/package.json", name.encode()), ("package/bin/darwin/x", b"d"), mode="w:gz")


def test_npm_tarballs_lie_as_they_are_named(place):
    done = library(place, {"node_modules/a.tgz": npm("a"), "node_modules/@s/b.tgz": npm("b"),
                           "node_modules/a/node_modules/c.tgz": npm("c")},
                   artifacts=[{"from": "node_modules", "path": "demo/node_modules", "unpack": True}],
                   exclude=["demo/**/bin/darwin"])
    assert done.returncode == 0, done.stderr
    files = {p: c for p, c in payload(place / "out").items() if c is not None}
    assert files == {"demo/node_modules/a/package.json": b"a", "demo/node_modules/@s/b/package.json": b"b",
                     "demo/node_modules/a/node_modules/c/package.json": b"c"}


# Selectors and what ELF files are for

def copy_of_true(at):
    at.write_bytes(open("/bin/true", "rb").read())


@pytest.mark.parametrize("claims, part", [
    ({"arch": os.uname().machine, "libc": "glibc"}, None), ({"libc": "glibc"}, None), ({"python": "3.12"}, None),
    ({"libc": "musl"}, "is an ELF file for glibc, its selectors claim musl"),
    ({"arch": "s390x"}, f"is an ELF file for {os.uname().machine}, its selectors claim s390x")])
def test_elf_files_must_be_what_selectors_claim(place, claims, part):
    done = library(place, {"t/true": copy_of_true}, artifacts=[{"from": "t", "path": "demo/t"}],
                   selectors=[{"path": "demo/t"} | claims])
    line = harness.last_line(done)
    if part is None:
        assert done.returncode == 0, line
        assert selectors_of(place) == {"demo": None, "demo/t": claims, "demo/t/true": None}
    else:
        assert done.returncode == 65 and "demo/t/true: " in line and part in line, line
        assert not (place / "out").exists()


def elf(segments, records, versions):
    """An ELF file of nothing but names: each segment has all records, each record the same long string."""
    strings = 500_000
    dynamic = 64 + 56 * (segments + 1)
    needs = dynamic + 16 * (records + 5)
    start = needs + 16 * versions
    size = start + strings + 1
    header = b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, segments + 1, 0, 0, 0)
    load = struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, size, size, 4096)
    segment = struct.pack("<IIQQQQQQ", 2, 6, dynamic, dynamic, dynamic, needs - dynamic, needs - dynamic, 8)
    entries = [(5, start), (0x6ffffffe, needs), (0x6fffffff, 2 ** 40), *[(1, 0)] * records, (0, 0), (0, 0)]
    need = struct.pack("<HHIII", 1, 0xffff, 0, 16, 16)
    return (header + load + segment * segments + b"".join(struct.pack("<QQ", *e) for e in entries) + need * versions
            + b"A" * strings + b"\0")


@pytest.mark.parametrize("counts, part", [((1000, 9000, 0), "more than 128 segments"),
                                          ((1, 10_001, 0), "more than 10000 records"),
                                          ((100, 9000, 0), "more than 10000 records"),
                                          ((1, 0, 20_000), "more than 10000 records")])
def test_elf_that_names_beyond_measure(place, counts, part):
    done = library(place, {"t/x.so": lambda at: at.write_bytes(elf(*counts))},
                   artifacts=[{"from": "t", "path": "demo"}], selectors=[{"path": "demo", "libc": "glibc"}])
    line = harness.last_line(done)
    assert done.returncode == 65 and line.startswith("bundler: unsafe-entry: demo/x.so: ") and part in line, done.stderr


@pytest.mark.parametrize("pattern", ["**a**a**a**a**a**b", "demo/" + "*a" * 12 + "b"])
def test_pattern_that_could_go_back_for_ever(place, pattern):
    deep_name = "/".join(["a" * 100] * 3)
    done = library(place, {f"t/{deep_name}": lambda at: at.write_bytes(b""), "t/ab": lambda at: at.write_bytes(b"")},
                   artifacts=[{"from": "t", "path": "demo"}], exclude=[pattern, "**ab"])
    assert done.returncode == 0, done.stderr
    assert f"demo/{deep_name}" in payload(place / "out") and "demo/ab" not in payload(place / "out")
