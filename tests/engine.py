"""What the tests that need a container engine share: how to call it and how to look into an image."""

import hashlib
import json
import stat
import tarfile

import pytest

from harness import ROOT, run


def docker(*argv, **kwargs):
    return run("docker", *argv, **kwargs)


def build_image(name, *argv, context=ROOT, timeout=1800):
    """Builds an image, or fails the test with the end of what the build printed."""
    done = docker("build", "--tag", name, *argv, context, timeout=timeout)
    if done.returncode:
        pytest.fail(f"docker build --tag {name}: " + (done.stdout + done.stderr)[-3000:], pytrace=False)
    return name


def inspect(image):
    done = docker("image", "inspect", image)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)[0]


class Entry:
    """An entry of a layer. `shown` is what ls says of it: -rw-r--r-- 0:0. A hard link counts as a file without bytes."""

    def __init__(self, member, content):
        kind = stat.S_IFDIR if member.isdir() else stat.S_IFLNK if member.issym() else stat.S_IFREG
        self.shown = f"{stat.filemode(kind | member.mode)} {member.uid}:{member.gid}"
        self.mode, self.mtime, self.size = stat.S_IMODE(member.mode), member.mtime, member.size
        self.sha256 = None if content is None else hashlib.sha256(content).hexdigest()


def layers(image, where):
    """Every entry of every layer: [{path: Entry}]."""
    saved = where / "image.tar"
    done = docker("save", "--output", saved, image)
    assert done.returncode == 0, done.stderr
    found = []
    with tarfile.open(saved) as outer:
        for name in json.load(outer.extractfile("manifest.json"))[0]["Layers"]:
            with tarfile.open(fileobj=outer.extractfile(name)) as layer:
                entries = {}
                for entry in layer:
                    content = layer.extractfile(entry).read() if entry.isreg() else None
                    entries[entry.name.removeprefix("./").rstrip("/")] = Entry(entry, content)
                found.append(entries)
    return found
