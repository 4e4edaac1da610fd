"""A file system of our own (faulty.cpp) with one fault at a time: what NFS, SMB, vfat and FUSE do differently.

Where an install is possible at all, its whole life is as on any other. Where it is not: the documented code and one
line, and each name as it was.
"""

import errno
import typing

import pytest

import harness
from life import FOREIGN, Life
from steps import FILES, NEXT


class Fault(typing.NamedTuple):
    options: tuple = ()
    fail: dict = {}
    modes: bool = True  # False: one mode for everything
    links: bool = True  # False: no symbolic links


def fails(**errnos):
    return Fault(fail={call: getattr(errno, name) for call, name in errnos.items()})


def one_mode(mode, **errnos):
    return fails(**errnos)._replace(options=(f"--mode={mode}",), modes=False)


BEARABLE = {
    "none": Fault(),
    "statfs says nothing": Fault(("--statfs-zeros",)),
    "one inode number, 0": Fault(("--inode=0",)),
    "one inode number, 1": Fault(("--inode=1",)),
    "short reads": Fault(("--short-reads",)),
    "what is removed while it is open stays": Fault(("--hide-removed",)),
    "as NFS: that, and no flags of renameat2": fails(rename2="EINVAL")._replace(options=("--hide-removed",)),
    "as SMB: one mode, no links, no flags": one_mode("0777", link="EOPNOTSUPP", rename2="EINVAL"),
    "as vfat: one mode, no links of any kind": one_mode("0755", link="EPERM", symlink="EPERM", chmod="EPERM")._replace(
        links=False),
    "no symbolic links": fails(symlink="EPERM")._replace(links=False),
    "no flags of renameat2": fails(rename2="EINVAL"),
    "no links, no flags": fails(link="EPERM", rename2="EINVAL"),
} | {f"statfs {name}": fails(statfs=name) for name in ("ENOSYS", "EACCES", "EIO")
} | {f"link {name}": fails(link=name) for name in ("EPERM", "EMLINK", "EXDEV", "ENOSYS", "EOPNOTSUPP")
} | {f"renameat2 {name}": fails(rename2=name) for name in ("ENOSYS", "EOPNOTSUPP")
} | {f"chmod {name}": fails(chmod=name) for name in ("EPERM", "ENOSYS", "EOPNOTSUPP")
} | {f"one mode, {mode}": one_mode(mode) for mode in ("0777", "0755", "0770", "0700")
} | {f"one mode, {mode}, and chmod is refused": one_mode(mode, chmod="EPERM") for mode in ("0777", "0755")
} | {f"attributes {name}": fails(removexattr=name) for name in ("EIO", "EINVAL", "EPERM")}


def without_links(files):
    return {path: content for path, content in files.items() if not isinstance(content, tuple) or content[0] != "link"}


@pytest.fixture(params=BEARABLE)
def bearable(request, mount, place, target):
    fault = BEARABLE[request.param]
    files = (FILES, NEXT) if fault.links else (without_links(FILES), without_links(NEXT))
    bundles = [harness.pack(place, each, version=version) for each, version in zip(files, ("1.0.0", "2.0.0"))]
    return Life(mount.faulty(target, *fault.options, fail=fault.fail), *bundles, fault.modes)


def test_a_whole_life(bearable):
    bearable.whole()


def test_a_directory_in_the_way(bearable):
    bearable.replaces()


# What cannot be borne: the code and the reason of the table in README.md, and what the line names.
UNBEARABLE = {
    ("flock", "ENOSYS"): (74, "io-error", "lock"),
    ("flock", "EOPNOTSUPP"): (74, "io-error", "lock"),
    ("flock", "ENOLCK"): (74, "io-error", "lock"),
    ("write", "EIO"): (74, "io-error", ""),
    ("write", "ENOSPC"): (75, "no-space", ""),
    ("write", "EDQUOT"): (75, "no-space", ""),
    ("write", "EFBIG"): (74, "io-error", ""),
    ("write", "ENOMEM"): (75, "out-of-memory", ""),
    ("write", "EAGAIN"): (74, "io-error", ""),
    ("flush", "EIO"): (74, "io-error", ""),
    ("flush", "ENOSPC"): (75, "no-space", ""),
    ("flush", "EDQUOT"): (75, "no-space", ""),
    ("mkdir", "ENOSPC"): (75, "no-space", ""),
    ("mkdir", "EMFILE"): (75, "too-many-files", ""),
    ("symlink", "EPERM"): (73, "target-not-writable", "agent/current"),
    ("readdir", "EIO"): (74, "io-error", ""),
}


@pytest.mark.parametrize("start", ["empty", "old", "in the way"])
@pytest.mark.parametrize("call, error", UNBEARABLE)
def test_what_cannot_be_borne(mount, target, bundles, call, error, start):
    harness.write_tree(target, FOREIGN)
    plain = Life(target, *bundles)
    if start == "old":
        plain.installs(plain.old)
    if start == "in the way":
        harness.write_tree(target, {"agent/data/precious": "precious"})
    before = plain.state()
    faulty = mount.faulty(target, fail={call: getattr(errno, error)})
    code, reason, named = UNBEARABLE[call, error]
    harness.expect(harness.install(plain.new, faulty, "--replace"), code, reason, faulty, named)
    assert plain.state() == before
    # Once the fault is gone, the next run ends as any other.
    plain.installs(plain.new, "--replace")
    if start == "in the way":
        assert [at.read_text() for at in target.rglob("precious")] == ["precious"]


@pytest.mark.parametrize("start", ["empty", "old"])
def test_nothing_can_be_removed(mount, target, bundles, start):
    """A store that only ever gains: what a run leaves is a warning, and what is installed is installed."""
    harness.write_tree(target, FOREIGN)
    plain = Life(target, *bundles)
    if start == "old":
        plain.installs(plain.old)
    faulty = mount.faulty(target, fail={"unlink": errno.EPERM, "rmdir": errno.EPERM})
    harness.expect(harness.install(plain.new, faulty), 0, "installed")
    harness.expect(harness.install(plain.new, faulty), 0, "already-installed")
    harness.expect(harness.install(plain.new, target), 0, "already-installed")
    plain.rests(plain.new)


def test_size_limit_without_links(mount, place, target):
    """Where no file can be a link of another, every copy counts."""
    bundle = harness.pack(place, {f"agent/{i}": bytes(100_000) for i in range(20)})
    faulty = mount.faulty(target, fail={"link": errno.EPERM})
    harness.expect(harness.install(bundle, faulty, "--size-limit", "1000000"), 75, "no-space", faulty)
    assert harness.payload_of(target) == {} and harness.leftovers(target) == []
    harness.expect(harness.install(bundle, target, "--size-limit", "1000000"), 0, "installed")
