"""What a hostile archive, bundle or target can be: those of the cases in docs/reliability.md that no other test has.

Each is refused with one line, nothing left, or accepted as what every other program makes of it.
"""

import gzip
import io
import json
import os
import shutil
import stat
import subprocess
import tarfile

import pytest

import harness
from hostile import END, entry, extended, hard_link, header, link, named
from steps import FILES, NEXT, assert_installed, needs_root, state_of
from test_archives import library, packed, payload, refused, zipped
from test_manifest import directory, document, file
from test_manifest import link as link_entry

OURS = entry(b"f", b"ours\n")
UNSAFE, INVALID = "unsafe-entry", "archive-invalid"

# case: (the archive, the reason, a part of the line)
REFUSED_TARS = {
    "4 //x": (entry(b"//x", b"1"), UNSAFE, "is absolute"),
    "4 .//x": (entry(b".//x", b"1"), UNSAFE, "is absolute"),
    "4 ///": (entry(b"///", b"1"), INVALID, ""),
    "5 ./../x": (entry(b"./../x", b"1"), UNSAFE, "../x: the path has the component .."),
    "5 ..": (entry(b"..", kind=b"5"), UNSAFE, "..: the path has the component .."),
    "5 a file ..": (OURS + entry(b"..", b"1"), UNSAFE, "..: the path has the component .."),
    "5 a file .": (OURS + entry(b".", b"1"), UNSAFE, ": the path is empty"),
    "7 no name": (OURS + entry(b"", b"1"), UNSAFE, ": the path is empty"),
    "7 no entry": (entry(b"./", kind=b"5"), UNSAFE, "holds nothing to pack"),
    "10 no UTF-8": (entry(b"a\xff", b"1"), UNSAFE, "is not UTF-8"),
    "10 overlong": (entry(b"\xc0\xae\xc0\xae/x", b"1"), UNSAFE, "is not UTF-8"),
    "10 no UTF-8 in a link": (link(b"l", b"\xff"), UNSAFE, "is not printable UTF-8"),
    "13 a sibling": (entry(b"../payload-evil/x", b"1"), UNSAFE, "has the component .."),
    "13 link to a sibling": (link(b"l", b"../payload-evil"), UNSAFE, "leads out of the payload"),
    "14 depth 10,000": (extended((b"path", b"d/" * 10_000 + b"x")) + entry(b"x", b"1"), UNSAFE, "the path has 20001 bytes"),
    "14 depth 1,000": (extended((b"path", b"d/" * 1000 + b"x")) + entry(b"x", b"1"), UNSAFE, "has 1001 components"),
    "27 no target": (link(b"l", b""), UNSAFE, "the link's target is empty"),
    "28 marker": (link(b".dd-trace-java-copy-finished", b"f"), UNSAFE, "begins with a reserved name"),
    "29 into another tree": (link(b"a/l", b"../../other/x"), UNSAFE, "leads out of the payload"),
    "31 ..": (hard_link(b"h", b"../x"), UNSAFE, "which is not there before it"),
    "32 to a link": (OURS + link(b"l", b"f") + hard_link(b"h", b"l"), UNSAFE, "which is not there before it"),
    "33 with content": (OURS + hard_link(b"h", b"f", b"theirs\n"), INVALID, ""),
    "33 with content by PAX": (OURS + extended((b"size", b"7")) + hard_link(b"h", b"f", b"theirs\n"), UNSAFE, "has content"),
    "34 to itself": (hard_link(b"h", b"h"), UNSAFE, "which is not there before it"),
    "34 to a directory": (entry(b"d/x", b"1") + hard_link(b"h", b"d"), UNSAFE, "which is not there before it"),
    "44 hole of 8 EiB": (extended((b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", b"f"),
                                  (b"GNU.sparse.realsize", b"9223372036854775807"))
                         + entry(b"s", b"1\n0\n1\n".ljust(512, b"\0") + b"x"), UNSAFE, "holds more than"),
    "44 end of 8 EiB": (extended((b"GNU.sparse.size", b"9223372036854775807"), (b"GNU.sparse.numblocks", b"1"),
                                 (b"GNU.sparse.map", b"9223372036854775806,1")) + entry(b"f", b"x"), UNSAFE, "holds more than"),
    "45 directory of GNU": (entry(b"z", b"Yf\0", kind=b"D"), UNSAFE, "is no file and has content"),
    "45 next volume": (entry(b"z", b"1", kind=b"M"), UNSAFE, "z is a device"),
    "51 negative": (entry(b"f", b"1", size=b"\xff" * 12), INVALID, "size"),
    "51 overflow": (entry(b"f", b"1", size=b"\x80" + b"\xff" * 11), INVALID, "size"),
    "51 minus": (OURS + entry(b"f", b"1", size=b"-0000000001"), INVALID, ""),
    "51 PAX": (extended((b"size", b"-1")) + OURS, INVALID, ""),
    "55 half a long name": (header(b"././@LongLink", size=300, kind=b"L") + b"a" * 100, INVALID, ""),
    "55 a long name and no entry": (entry(b"././@LongLink", b"abc\0", kind=b"L"), INVALID, ""),
    "56 length too large": (entry(b"pax", b"30 path=../x\n", kind=b"x") + OURS, INVALID, "malformed pax"),
    "56 no length": (entry(b"pax", b"xx path=evil\n", kind=b"x") + OURS, INVALID, "malformed pax"),
    "56 no end": (entry(b"pax", b"13 path=evil", kind=b"x") + OURS, INVALID, "malformed pax"),
    "56 endless": (entry(b"pax", b"9" * 30 + b" path=evil\n", kind=b"x") + OURS, INVALID, "pax"),
}


def written(at, content):
    at.write_bytes(content)
    return at


@pytest.mark.parametrize("case", REFUSED_TARS)
def test_tar_that_is_refused(place, case):
    content, reason, part = REFUSED_TARS[case]
    refused(place, written(place / "a.tar", content + END), reason, part)


CAPABILITY = b"\1\0\0\2\0\4\0\0" + bytes(12)
INERT_TARS = {
    "6 ..\\x and C:x": entry(b"..\\x", b"1") + entry(b"C:x", b"2"),
    "10 percent": entry(b"%c0%ae%c0%ae/x", b"1"),
    "21 mode and time of a link": OURS + entry(b"l", kind=b"2", link=b"f", mode=0o777, mtime=1),
    "22 ACL of a link": OURS + extended((b"SCHILY.acl.access", b"user::rwx,group::rwx,mask::rwx,other::rwx"),
                                        (b"SCHILY.xattr.user.evil", b"1")) + link(b"l", b"f"),
    "23 directory over a link": entry(b"d/x", b"1") + link(b"l", b"d") + entry(b"l/", kind=b"5", mode=0o700),
    "24 loop": link(b"a", b"b") + link(b"b", b"a") + link(b"c", b"c"),
    "24 41 hops": b"".join(link(b"l%d" % i, b"l%d" % (i + 1)) for i in range(41)) + entry(b"l41", b"1"),
    "25 dangling": link(b"l", b"nowhere"),
    "40 capability": extended((b"SCHILY.xattr.security.capability", CAPABILITY)) + OURS,
    "40 capability, base64": extended((b"LIBARCHIVE.xattr.security.capability", b"AQAAAgAEAAAAAAAAAAAAAAAAAAA=")) + OURS,
    "41 closed": entry(b"f", b"1", mode=0) + entry(b"w", b"2", mode=0o222),
    "42 owners": extended((b"uid", b"4294967295"), (b"gid", b"4294967295")) + OURS,
    "42 negative": entry(b"f", b"1", uid=b"\xff" * 8),
    "43 before 1970": extended((b"mtime", b"-1")) + OURS,
    "43 year 9999": extended((b"mtime", b"253402300799")) + OURS,
    "43 beyond all time": entry(b"f", b"1", mtime=b"\x80" + b"\xff" * 11),
    "45 unknown": entry(b"z", b"1", kind=b"Z"),
    "54 PAX says 0": extended((b"size", b"0")) + header(b"f", size=1024) + entry(b"g", b"2"),
    "54 PAX says more": extended((b"size", b"1024")) + header(b"f") + OURS,
    "59 behind the end": OURS + END + entry(b"g", b"2"),
}


@pytest.mark.parametrize("case", INERT_TARS)
def test_tar_that_is_harmless(place, case):
    """It becomes what Python's tarfile sees in it, with modes, owners, times and attributes of ours."""
    content = INERT_TARS[case] + END
    expected = {}
    with tarfile.open(fileobj=io.BytesIO(content)) as other:
        for one in other:
            if not one.isdir():
                expected[one.name] = one.linkname if one.issym() else other.extractfile(one).read() if one.isreg() else (
                    content[one.offset_data:one.offset_data + one.size])
    found = packed(place, written(place / "a.tar", content))
    assert {path: what for path, what in found.items() if what is not None} == expected
    for at in (place / "out/payload").rglob("*"):
        status = at.lstat()
        assert (status.st_uid, status.st_mtime) == (os.geteuid(), (place / "out/payload").lstat().st_mtime), at
        assert at.is_symlink() or stat.S_IMODE(status.st_mode) == (0o755 if at.is_dir() else 0o644), at
        assert os.listxattr(at, follow_symlinks=False) == [], at


def test_names_that_end_at_a_zero_byte(place):
    """A tar cannot say them but by PAX, and libarchive ends there, as the kernel would."""
    content = extended((b"path", b"a\0b")) + entry(b"x", b"1") + extended((b"linkpath", b"a\0/../../x")) + link(b"l", b"x")
    assert packed(place, written(place / "a.tar", content + END)) == {"a": b"1", "l": "a"}


GZIPS = {
    "garbage behind": (gzip.compress(OURS + END) + b"garbage", {"f": b"ours\n"}),
    "zeros behind": (gzip.compress(OURS + END) + bytes(100), {"f": b"ours\n"}),
    "two members": (gzip.compress(OURS) + gzip.compress(entry(b"g", b"2") + END), {"f": b"ours\n", "g": b"2"}),
    "two archives": (gzip.compress(OURS + END) + gzip.compress(entry(b"g", b"2") + END), {"f": b"ours\n"}),
}


@pytest.mark.parametrize("case", GZIPS)
def test_what_is_behind_a_gzip(place, case):
    """59: as gzip and tar have it."""
    content, expected = GZIPS[case]
    assert packed(place, written(place / "a.tar.gz", content)) == expected


REFUSED_ZIPS = {
    "4 //x": (named("//x"), UNSAFE, "is absolute"),
    "5 ..": (named("../", b"", stat.S_IFDIR | 0o755), UNSAFE, "has the component .."),
    "5 a file .": (named("."), UNSAFE, ": the path is empty"),
    "6 ..\\x": (named("..\\x"), UNSAFE, "a zip's names are divided by /"),
    "6 C:\\x": (named("C:\\x"), UNSAFE, "a zip's names are divided by /"),
    "7 no name": (named(""), UNSAFE, ": the path is empty"),
    "8 zero byte": (named("a@b"), UNSAFE, "has a control character"),
    "26 link of 1 MiB": (named("l", "x" * (1 << 20), stat.S_IFLNK | 0o777), INVALID, "oversized link"),
    "27 no target": (named("l", "", stat.S_IFLNK | 0o777), UNSAFE, "the link's target is empty"),
}


@pytest.mark.parametrize("case", REFUSED_ZIPS)
def test_zip_that_is_refused(place, case):
    one, reason, part = REFUSED_ZIPS[case]
    archive = zipped(place / "a.zip", one)
    archive.write_bytes(archive.read_bytes().replace(b"a@b", b"a\0b"))
    refused(place, archive, reason, part)


def test_nupkg_whose_names_are_encoded(place):
    """58: NuGet decodes them and would refuse the first; here they are names like others."""
    content = {"%2e%2e/x": b"1", "a%2fb": b"2", ".signature.p7s": b"3", "[Content_Types].xml": b"4"}
    assert packed(place, zipped(place / "a.nupkg", *content.items())) == content | {"%2e%2e": None}


NPM = {
    "57 another top": (entry(b"other/index.js", b"1"), {"index.js": b"1"}),
    "57 two tops": (entry(b"package/a", b"1") + entry(b"other/b", b"2"), {"a": b"1", "b": b"2"}),
    "57 none": (entry(b"package/a", b"1") + entry(b"index.js", b"2"), {"a": b"1"}),
    "57 out": (entry(b"package/../x", b"1"), "has the component .."),
    "30 link out of what remains": (link(b"package/l", b"../x"), "leads out of the payload"),
    "30 and from below": (link(b"package/d/l", b"../../x"), "leads out of the payload"),
}


@pytest.mark.parametrize("case", NPM)
def test_npm_tarball(place, case):
    content, expected = NPM[case]
    archive = written(place / "a.tgz", gzip.compress(content + END))
    if isinstance(expected, str):
        refused(place, archive, UNSAFE, expected)
    else:
        assert packed(place, archive) == expected


@pytest.mark.parametrize("target, refused_at", [(b"../b", None), (b"../../../x", None), (b"../../../../x", 65)])
def test_a_link_into_the_tree_of_another_package(place, target, refused_at):
    """29, 30: it may lead to what is in the payload, by its last place; nothing is written through it."""
    content = {"a": link(b"package/l", target), "b": entry(b"package/x", b"b")}
    done = library(place, {f"t/{n}.tgz": lambda at, c=c: at.write_bytes(gzip.compress(c + END)) for n, c in content.items()},
                   artifacts=[{"from": "t", "path": "demo/deep", "unpack": True}])
    if refused_at:
        assert done.returncode == refused_at and "the link's target leads out" in harness.last_line(done), done.stderr
        return
    assert done.returncode == 0, done.stderr
    found = {path: what for path, what in payload(place / "out").items() if what is not None}
    assert found == {"demo/deep/a/l": target.decode(), "demo/deep/b/x": b"b"}


# Bundles and targets

def device(at):
    os.mknod(at, stat.S_IFCHR | 0o666, os.makedev(1, 5))  # /dev/zero: whoever reads it does not end


def unix_socket(at):
    os.mknod(at, stat.S_IFSOCK | 0o666)


KINDS = {"36 device": device, "37 FIFO": os.mkfifo, "38 socket": unix_socket}


@needs_root
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["agent/core/tool", "agent/core", "boot.py", "agent"])
def test_what_is_planted_in_a_target_is_replaced(place, target, kind, name):
    bundle = harness.pack(place, FILES)
    harness.install(bundle, target)
    shutil.rmtree(target / name) if (target / name).is_dir() else (target / name).unlink()
    KINDS[kind](target / name)
    harness.expect(harness.injector("verify", "--target", target), 65, "type-mismatch", name)
    harness.expect(harness.install(bundle, target), 0, "installed")
    assert_installed(target, bundle)


def test_links_of_a_bundle_that_loop(place, target):
    """24: they are what the manifest says, and nobody here follows them."""
    bundle = harness.pack(place, {"d/a": ("link", "b"), "d/b": ("link", "a"), "d/self": ("link", "self"), "d/x": "x"})
    harness.expect(harness.install(bundle, target), 0, "installed")
    harness.expect(harness.injector("verify", "--target", target), 0, "verified")
    assert_installed(target, bundle)


def test_a_manifest_of_very_many_entries(place, target):
    """60: a million would have 90 MB; what fits into the limit is read, one more is not."""
    entries = [directory("d"), *(file(f"d/{i:07}") for i in range(600_000))]
    bundle = place / "bundle"
    harness.write_tree(bundle, {"payload": None})
    (bundle / "manifest.json").write_text(json.dumps(document(*entries)))
    assert (bundle / "manifest.json").stat().st_size > 64 << 20
    harness.expect(harness.install(bundle, target), 65, "manifest-invalid", "at most 67108864 bytes")


@pytest.fixture
def immutable(mount):
    """Makes files of an ext4 that even root can neither change nor remove; and the ext4."""
    at, made = mount.ext4(16 << 20), []

    def make(path):
        if subprocess.run(["chattr", "+i", path], stderr=subprocess.DEVNULL, check=False).returncode:
            pytest.skip("no chattr +i here")
        made.append(path)
    yield at, make
    for path in made:
        for found in [path, *at.rglob(path.name)]:
            subprocess.run(["chattr", "-i", found], stderr=subprocess.DEVNULL, check=False)


@pytest.mark.parametrize("name", ["boot.py", "agent/core/tool", "agent"])
def test_what_cannot_be_changed(place, immutable, name):
    """63: what is immutable at the top stays, and it is said; below, it stays in the stage, as a warning."""
    target, make = immutable
    old, new = harness.pack(place, FILES), harness.pack(place, NEXT, version="2.0.0")
    harness.install(old, target)
    make(target / name)
    before = state_of(target)[0]
    done = harness.install(new, target)
    if "/" in name:
        harness.expect(done, 0, "installed")
        assert harness.payload_of(target) == harness.tree(new / "payload")
    else:
        harness.expect(done, 73, "target-not-writable", target / name)
        assert harness.tree(target)[name] == before[name]
    subprocess.run(["chattr", "-R", "-i", target], stderr=subprocess.DEVNULL, check=False)
    assert harness.install(new, target).returncode == 0
    assert_installed(target, new)
