"""The volume fills up, turns read-only or loses what it holds while the injector is at work, by the kernel's own hand."""

import collections
import os
import re
import shlex
import subprocess

import pytest

import harness
from life import only_line
from mounts import Mounts
from one_name import BEFORE, OneName, packed, supervised  # noqa: F401 (a fixture)
from steps import BINARY, flip

EVERY = 1 if harness.LONG else 12


@pytest.fixture
def bundles(place):
    return packed(place)


def shell(script):
    subprocess.run(["sh", "-c", script], check=True, stdout=subprocess.PIPE)


def eats_bytes(at):
    return f"cat /dev/zero > {at}/eaten 2> /dev/null; true", f"rm {at}/eaten"


def eats_inodes(at):
    return (f"mkdir {at}/eaten; i=0; while true > {at}/eaten/$i; do i=$((i + 1)); done 2> /dev/null; true",
            f"rm -r {at}/eaten")


def subvolume(mount):
    at = mount.btrfs()
    shell(f"btrfs quota enable {at} && btrfs subvolume create {at}/volume")
    return at / "volume"


def has_a_quota(at):
    # From outside: whoever is beyond his quota cannot change it either.
    return f"btrfs qgroup limit 1 {at}", f"btrfs qgroup limit none 0/$(btrfs inspect-internal rootid {at}) {at.parent}"


def gets_read_only(at):
    """What ext4 does itself where its disk fails."""
    device = subprocess.run(["findmnt", "-no", "SOURCE", at], stdout=subprocess.PIPE, text=True, check=True)
    switch = f"/sys/fs/ext4/{os.path.basename(device.stdout.strip())}/trigger_fs_error"
    if not os.access(switch, os.W_OK):
        pytest.skip(f"cannot write {switch} here")
    return f"echo 1 > {switch}", None


# How it is made, what happens to it, and what the run ends with then.
EXHAUSTED = {
    "tmpfs, bytes": (lambda mount: mount.tmpfs("size=2m"), eats_bytes, 75, "no-space"),
    "tmpfs, inodes": (lambda mount: mount.tmpfs("size=4m,nr_inodes=64"), eats_inodes, 75, "no-space|no-inodes"),
    "ext4, bytes": (lambda mount: mount.ext4(8 << 20), eats_bytes, 75, "no-space"),
    "ext4, inodes": (lambda mount: mount.ext4(8 << 20, "-N", "64"), eats_inodes, 75, "no-space|no-inodes"),
    "btrfs, quota": (subvolume, has_a_quota, 75, "no-space"),
    "ext4, read-only": (lambda mount: mount.ext4(8 << 20, "-e", "remount-ro"), gets_read_only, 73, "target-read-only"),
}


@pytest.mark.usefixtures("supervised")
@pytest.mark.parametrize("start", BEFORE)
@pytest.mark.parametrize("what", EXHAUSTED)
def test_exhausted_from_a_call_on(mount, bundles, capsys, what, start):
    """Names are whole, and once the cause is gone the next run ends as ever. With a fallback it is what is there then."""
    make, exhaust, code, reason = EXHAUSTED[what]
    at = make(mount)
    volume, seen = OneName(at / "target", *bundles), collections.Counter()
    options, (act, undo) = volume.options(start), exhaust(at)
    for moment in volume.moments(start, EVERY, options):
        volume.fresh(start)
        done, _ = volume.install(moment, act, options)
        line, state = only_line(done, 0 if options else code, 0), volume.state_of_names()
        failed = re.match(f"injector: ({reason}): ", line)
        seen[f"{failed[1]}: {state}" if failed else state] += 1
        assert failed or ": installed: " in line, line
        assert state in ((*BEFORE[start], "new") if failed else ("new",)), (moment, done.stderr)
        shell(undo) if undo else mount.again(at)
        volume.installs_again(moment)
    with capsys.disabled():
        print(f"\n  exhausted, {what}, {start}: {sum(seen.values())} points, {dict(sorted(seen.items()))} ", end="")
    assert f"{reason.split('|')[0]}: {start}" in seen


@pytest.mark.usefixtures("supervised")
@pytest.mark.parametrize("start", ["nothing", "old"])
def test_a_volume_that_is_frozen_for_a_while(mount, bundles, start):
    """Nobody can be told then, and nothing is lost: the run goes on when the volume does."""
    at = mount.ext4(8 << 20)
    volume = OneName(at / "target", *bundles)
    for moment in volume.moments(start, 20)[::3]:
        volume.fresh(start)
        # The thaw is under way before the freeze: what waits for a frozen volume cannot be ended.
        done, _ = volume.install(moment, f"(sleep 0.3; fsfreeze -u {at}) > /dev/null 2>&1 & fsfreeze -f {at}")
        harness.expect(done, 0, "installed")
        volume.rests(volume.new)


@pytest.fixture
def thin(mount):
    """An ext4 that promises more than the tmpfs below it has; grow() makes good on it."""
    below = mount.tmpfs("size=12m")
    above = Mounts(below)
    try:
        at = above.ext4(64 << 20, "-N", "64")
        again = f"umount {at} && mount -o loop {below}/image-0 {at}"
        yield at, lambda: shell(again), lambda: shell(f"mount -o remount,size=100m {below}")
    finally:
        above.close()


LARGE = {"agent/large": os.urandom(20 << 20), "agent/small": "small\n"}


def test_a_late_error_with_fsync(place, thin):
    """What the volume took and then could not write is an error, and nothing of it is published."""
    at, again, grow = thin
    bundle = harness.pack(place, LARGE)
    done = harness.install(bundle, at, "--fsync")
    only_line(done, 73, 74, 75)  # 73: the file system gave up first, and can only be read now
    assert not (at / "agent").exists()
    again()
    assert not (at / "agent").exists()
    grow()
    harness.expect(harness.install(bundle, at, "--fsync"), 0, "installed")
    again()
    harness.expect(harness.injector("verify", "--target", at), 0, "verified")


def test_a_late_error_without_fsync(place, thin):
    """Nobody has been told when the run ends, and it says installed; the next look that is not into memory tells."""
    at, again, grow = thin
    bundle = harness.pack(place, LARGE)
    harness.expect(harness.install(bundle, at), 0, "installed")
    again()
    assert harness.injector("verify", "--target", at).returncode in (65, 66)
    grow()
    harness.expect(harness.install(bundle, at), 0, "installed")
    again()
    harness.expect(harness.injector("verify", "--target", at), 0, "verified")


RANDOM = os.urandom(100_000)  # found once on the disk


@pytest.fixture
def bad(mount):
    """A btrfs, and damage(content), which flips a byte wherever that is on its disk: a read gives EIO then."""
    at = mount.btrfs("-d", "single", "-m", "single")

    def damage(content):
        image = at.with_name(at.name.replace("mounted", "image"))

        def flip_all():
            places = [found.start() for found in re.finditer(re.escape(content[4096:8192]), image.read_bytes())]
            assert places
            for place in places:
                flip(image, place)
        mount.again(at, flip_all)
    return at, damage


def test_a_bundle_on_a_bad_disk(place, target, bad):
    at, damage = bad
    bundle = harness.pack(at, {"agent/core/a.so": BINARY, "agent/random": RANDOM})
    damage(RANDOM)
    harness.expect(harness.install(bundle, target), 74, "io-error", bundle / "payload/agent/random")
    harness.expect(harness.injector("verify", "--bundle", bundle), 74, "io-error", bundle / "payload/agent/random")
    assert harness.payload_of(target) == {} and harness.leftovers(target) == []


@pytest.mark.parametrize("where", ["agent/random", ".injector/demo/manifest.json"])
def test_an_installed_file_on_a_bad_disk(place, bad, where):
    """What cannot be read is as wrong as other bytes: it comes anew."""
    at, damage = bad
    many = {f"agent/{os.urandom(20).hex()}": "x" for _ in range(60)}  # so that the record has its own blocks
    bundle = harness.pack(place, many | {"agent/core/a.so": BINARY, "agent/random": RANDOM})
    target = harness.write_tree(at / "target", {})
    harness.expect(harness.install(bundle, target), 0, "installed")
    damage((target / where).read_bytes())
    done = harness.injector("verify", "--target", target)
    harness.expect(done, 74, "io-error", target / where)
    done = harness.install(bundle, target)
    harness.expect(done, 0, "installed")
    harness.expect(harness.install(bundle, target), 0, "already-installed")
    harness.expect(harness.injector("verify", "--target", target), 0, "verified")
    assert harness.payload_of(target) == harness.tree(bundle / "payload") and harness.leftovers(target) == []
