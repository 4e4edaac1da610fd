"""File systems that pods have volumes on: a library's whole life on each, and nothing foreign lost."""

import os
import pytest

import harness
from life import FOREIGN, PRECIOUS, Life
from steps import flip

# -s: with one thread, a close has had its effect before the directory is removed.
KINDS = {
    "tmpfs": lambda mount: mount.tmpfs("size=16m"),
    "ext4": lambda mount: mount.ext4(16 << 20),
    "xfs": lambda mount: mount.xfs(),
    "btrfs": lambda mount: mount.btrfs(),
    "bind": lambda mount: mount.bind(made(mount, "bound")),
    "overlay": lambda mount: mount.overlay(lambda lower: None),
    "bindfs": lambda mount: mount.fuse("bindfs", "-s", made(mount, "source")),
    "mergerfs": lambda mount: mount.fuse("mergerfs", f"{made(mount, 'one')}:{made(mount, 'two')}"),
    "unionfs": lambda mount: mount.fuse("unionfs", "-s", "-o", "cow", layers(mount)),
}


def made(mount, name):
    at = mount.place / name
    at.mkdir()
    return at


def layers(mount):
    return f"{made(mount, 'upper')}=RW:{made(mount, 'lower')}=RO"


@pytest.fixture(params=KINDS)
def volume(request, mount, bundles):
    return Life(KINDS[request.param](mount), *bundles)


def test_a_whole_life(volume):
    volume.whole()


def test_a_directory_in_the_way(volume):
    volume.replaces()


@pytest.fixture
def overlay(mount, bundles):
    """An overlay whose lower layer, which an image brought, already holds what fill puts there."""
    def make(fill):
        def foreign_too(lower):
            harness.write_tree(lower, FOREIGN)
            fill(lower)
        return Life(mount.overlay(foreign_too), *bundles)
    return make


def installed(bundle, damage=lambda lower: None):
    def fill(lower):
        harness.expect(harness.install(bundle, lower), 0, "installed")
        damage(lower)
    return fill


def test_overlay_above_the_same_version(overlay, bundles):
    life = overlay(installed(bundles[0]))
    life.rests(life.old)


def test_overlay_above_the_old_version(overlay, bundles):
    """A directory of the lower layer cannot be renamed there: EXDEV, for ever."""
    life = overlay(installed(bundles[0]))
    life.upgrades()
    life.repairs()


def test_overlay_above_a_damaged_version(overlay, bundles):
    life = overlay(installed(bundles[0], lambda lower: flip(lower / "agent/core/a.so")))
    life.installs(life.old)


def test_overlay_above_a_directory_in_the_way(overlay):
    life = overlay(lambda lower: harness.write_tree(lower, {"agent/data/precious": PRECIOUS}))
    """It cannot be moved there, and to copy all that a stranger may have is not our trade: it stays."""
    done = harness.install(life.new, life.target, "--replace")
    harness.expect(done, 73, "name-taken", life.target / "agent", "a lower layer")
    assert (life.target / "agent/data/precious").read_text() == PRECIOUS
    assert [at for at in os.listdir(life.target / ".injector") if at == "replaced"] == []
