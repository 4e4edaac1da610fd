"""The power goes in the middle of an install: all that there is afterwards is what the disk below an ext4 or an xfs had
got by then, with the journal's last entries, or without. Then the same install runs again.

`interposer` counts the calls, so that the power goes at each moment that matters, and the shutdown ioctl of the file
system is the power cut: nothing that is in memory reaches the disk after it.
"""

import collections
import shlex
import subprocess

import pytest

import harness
from life import only_line
from one_name import BEFORE, OneName, packed, supervised  # noqa: F401 (a fixture)

EVERY = 1 if harness.LONG else 10  # of the calls that neither publish nor wait for the disk
AFTER = None  # the moment behind the end of the run
# What is there before, and whether the journal's end is written: it is what can part a fallback's names from its bytes.
STARTS = [("nothing", False), ("nothing", True), ("old", False), ("old", True), ("fallback", True)]
KINDS = {"ext4": lambda mount: mount.ext4(16 << 20), "xfs": lambda mount: mount.xfs()}

pytestmark = pytest.mark.usefixtures("supervised")


@pytest.fixture
def bundles(place):
    return packed(place)


@pytest.mark.parametrize("options", [(), ("--fsync",)], ids=["plain", "fsync"])
@pytest.mark.parametrize("start, log", STARTS, ids=lambda v: {False: "no journal", True: "journal"}.get(v, v))
@pytest.mark.parametrize("kind", KINDS)
def test_power_loss(mount, bundles, capsys, kind, start, log, options):
    """With --fsync names are whole whenever it goes, and new once the run has said so. Without it, files of the new
    version can end too early. Either way the next run ends as ever."""
    at = KINDS[kind](mount)
    disk, seen = OneName(at / "target", *bundles), collections.Counter()
    cut = mount.power_cut(at, log)
    options = [*options, *disk.options(start)]
    for moment in [*disk.moments(start, EVERY, options), AFTER]:
        disk.fresh(start)
        done, _ = disk.install(moment, shlex.join(cut), options)
        if moment is AFTER:
            subprocess.run(cut, check=True)
        mount.again(at)
        state = disk.state_of_names()
        seen[state] += 1
        line = only_line(done, 0, 74)
        assert state in (*BEFORE[start], "new") or state == "wrong bytes" and "--fsync" not in options, (moment, done.stderr)
        assert ": installed: " not in line or "--fsync" not in options or state == "new", (moment, done.stderr)
        disk.installs_again(moment)
    with capsys.disabled():
        print(f"\n  power loss, {kind}, {start}, {'with' if log else 'without'} the journal's end, "
              f"{'--fsync' if '--fsync' in options else 'no --fsync'}: {sum(seen.values())} points, {dict(seen)} ", end="")


@pytest.mark.parametrize("kind", [*KINDS, "overlay"])
@pytest.mark.parametrize("before", ["nothing", "installed without it"])
def test_fsync_is_done_when_it_says_so(mount, bundles, kind, before):
    """Also where there is nothing to be installed any more, and where an overlay lies between."""
    disk = KINDS.get(kind, KINDS["ext4"])(mount)
    at = mount.overlay(lambda lower: None, disk) if kind == "overlay" else disk
    volume = OneName(at / "target", *bundles)
    volume.fresh("nothing")
    if before != "nothing":
        harness.expect(harness.install(volume.new, volume.target), 0, "installed")
    only_line(harness.install(volume.new, volume.target, "--fsync"), 0)
    subprocess.run(mount.power_cut(disk, False), check=True)
    if kind == "overlay":
        mount.unmount(at)
    mount.again(disk)
    found = OneName((disk / "upper/target") if kind == "overlay" else volume.target, *bundles)
    found.holds(found.new)
