"""Archives that no honest program writes, made byte by byte."""

import stat
import zipfile

END = bytes(1024)


def field(value, size, digits):
    """A number in octal, or bytes as they are."""
    return (value if isinstance(value, bytes) else b"%0*o" % (digits, value)).ljust(size, b"\0")


def header(name, size=0, kind=b"0", link=b"", mode=0o644, uid=0, mtime=0):
    """The header of an entry of a tar, with a checksum that is right whatever else is not."""
    text = (name.ljust(100, b"\0") + field(mode, 8, 7) + field(uid, 8, 7) + field(0, 8, 7) + field(size, 12, 11)
            + field(mtime, 12, 11) + b" " * 8 + kind + link.ljust(100, b"\0") + b"ustar\0" + b"00").ljust(512, b"\0")
    return text[:148] + b"%06o\0 " % sum(text) + text[156:]


def entry(name, content=b"", **fields):
    return header(name, **{"size": len(content)} | fields) + content + bytes(-len(content) % 512)


def extended(*records):
    """A header of PAX, (key, value) each, for the entry behind it."""
    text = b""
    for key, value in records:
        body = b" " + key + b"=" + value + b"\n"
        length = next(n for n in range(len(body), len(body) + 20) if n == len(str(n)) + len(body))
        text += str(length).encode() + body
    return entry(b"pax", text, kind=b"x")


def link(name, target):
    return entry(name, kind=b"2", link=target)


def hard_link(name, target, content=b""):
    return entry(name, content, kind=b"1", link=target)


def named(name, content=b"1", mode=stat.S_IFREG | 0o644):
    """An entry of a zip whose name is not made better by zipfile."""
    info = zipfile.ZipInfo("x")
    info.filename, info.external_attr = name, mode << 16
    return info, content
