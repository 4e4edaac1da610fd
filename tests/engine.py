"""What the tests that need a container engine share: how to call it and how to look into an image."""

import hashlib
import json
import stat
import tarfile

import pytest

from harness import ROOT, run


def docker(*argv, **kwargs):
    return run("docker", *argv, **kwargs)


def have_base_image(name):
    """Sees to it that the engine has what a Dockerfile starts from: pulled, or a stand-in of the same name."""
    done = run(ROOT / "scripts/base-image", name, timeout=1200)
    if done.returncode:
        pytest.fail("scripts/base-image: " + done.stderr[-3000:], pytrace=False)
    return name


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
    """An entry of a layer. `shown` is what ls says of it: -rw-r--r-- 0:0. A hard link has the content of what it names,
    and no size of its own."""

    def __init__(self, member, content):
        kind = stat.S_IFDIR if member.isdir() else stat.S_IFLNK if member.issym() else stat.S_IFREG
        self.shown = f"{stat.filemode(kind | member.mode)} {member.uid}:{member.gid}"
        self.mode, self.mtime, self.size = stat.S_IMODE(member.mode), member.mtime, member.size
        self.link = member.linkname if member.issym() else None
        self.content = content if member.size < 1 << 20 else None
        self.sha256 = None if content is None else hashlib.sha256(content).hexdigest()

    def becomes(self, entry):
        self.content, self.sha256 = entry.content, entry.sha256


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
                for member in layer:
                    content = layer.extractfile(member).read() if member.isreg() else None
                    entries[member.name.removeprefix("./").rstrip("/")] = entry = Entry(member, content)
                    if member.islnk():
                        entry.becomes(entries[member.linkname.removeprefix("./")])
                found.append(entries)
    saved.unlink()
    return found
