"""File systems that are smaller or worse than most, mounted for a test."""

import fcntl
import os
import shutil
import subprocess

import pytest

import harness

BLKFLSBUF = 0x1261  # of ioctl: nothing of the disk is in memory any more
FAULTY = harness.ROOT / "build/bin/faulty"


def require_fuse():
    """Skips the test where no FUSE file system can be mounted, whoever brings it."""
    if not os.access("/dev/fuse", os.W_OK):
        pytest.skip("no /dev/fuse here")


def is_free(device):
    """Whether no file system has it any more."""
    try:
        os.close(os.open(device, os.O_RDONLY | os.O_EXCL))
    except OSError:
        return False
    return True


class Mounts:
    """Mounts below a place, each at a new directory, which its method returns."""

    def __init__(self, place):
        self.place, self.mounted = place, []

    def _at(self, *command):
        """Runs a command that mounts something at the directory behind it."""
        at = self.place / f"mounted-{len(self.mounted)}"
        at.mkdir()
        done = subprocess.run([*command, at], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"cannot mount here: {done.stderr.strip()}")
        self.mounted.append(at)
        return at

    def _mount(self, *argv):
        return self._at("mount", *argv)

    def _image(self, kind, size, *mkfs):
        if shutil.which(f"mkfs.{kind}") is None:
            pytest.skip(f"no mkfs.{kind} here")
        image = self.place / f"image-{len(self.mounted)}"
        with open(image, "wb") as file:
            file.truncate(size)
        subprocess.run([f"mkfs.{kind}", "-q", *mkfs, image], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
        return self._mount("-t", kind, "-o", "loop", image)

    def tmpfs(self, options):
        return self._mount("-t", "tmpfs", "-o", options, "injector-test")

    def ext4(self, size, *mkfs):
        at = self._image("ext4", size, "-F", "-m", "0", *mkfs)
        (at / "lost+found").rmdir()
        return at

    def xfs(self):
        return self._image("xfs", 320 << 20)  # the least that mkfs.xfs takes is 300 MB

    def btrfs(self, *mkfs):
        return self._image("btrfs", 128 << 20, *mkfs)

    def bind(self, directory):
        return self._mount("--bind", directory)

    def overlay(self, fill, layers=None):
        """An overlay above what fill(directory) puts into the lower layer; its layers lie in that directory."""
        layers = layers or self.tmpfs("size=64m")
        for name in ("lower", "upper", "work"):
            (layers / name).mkdir()
        fill(layers / "lower")
        options = ",".join(f"{name}dir={layers / name}" for name in ("lower", "upper", "work"))
        return self._mount("-t", "overlay", "-o", options, "injector-test")

    def faulty(self, source, *options, fail=None):
        """A directory seen through volumes/faulty.cpp; fail: {call: errno}."""
        require_fuse()
        if not os.access(FAULTY, os.X_OK):
            pytest.skip(f"{FAULTY} is not there: libfuse3-dev was not when the tests were built")
        failing = [f"--fail={call}={number}" for call, number in (fail or {}).items()]
        return self._at(FAULTY, *options, *failing, source)

    def fuse(self, *command):
        """A FUSE file system of somebody else."""
        require_fuse()
        if shutil.which(command[0]) is None:
            pytest.skip(f"no {command[0]} here")
        return self._at(*command)

    def read_only(self, at, yes=True):
        subprocess.run(["mount", "-o", f"remount,{'ro' if yes else 'rw'}", at], check=True)

    def again(self, at, meanwhile=lambda: None):
        """Unmounts what xfs() and its like made, and mounts it again: all that there is now was on the disk."""
        done = subprocess.run(["findmnt", "-no", "SOURCE", at], stdout=subprocess.PIPE, text=True, check=True)
        with open(done.stdout.strip(), "rb") as disk:  # so that the loop device stays: to make it anew takes as long again
            subprocess.run(["umount", at], check=True)
            # A container that is just being made has a copy of every mount, and with it of what is to be gone.
            harness.until(lambda: is_free(disk.name))
            fcntl.ioctl(disk, BLKFLSBUF)
            meanwhile()
            subprocess.run(["mount", done.stdout.strip(), at], check=True)

    @staticmethod
    def power_cut(at, log):
        """The command after which the disk below an ext4 or an xfs gets nothing more; log: the journal's entries, and
        not the data that they tell of, are the last that it gets."""
        return ["xfs_io", "-x", "-c", "shutdown -f" if log else "shutdown", str(at)]

    def unmount(self, at):
        self.mounted.remove(at)
        subprocess.run(["umount", at], check=True)

    def close(self):
        while self.mounted:
            self.unmount(self.mounted[-1])
