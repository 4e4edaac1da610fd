"""usage: wheels.py LIBRARY DIRECTORY

Fills DIRECTORY with a folder of wheels for each tree of LIBRARY (cp312-musl-x86_64: interpreter, libc, machine), as
LIBRARY/requirements.txt locks them. pip fetches them and checks the hashes; a release with one wheel for everybody is
fetched once. The trees share such files by hard links.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from pip._vendor.packaging.markers import Marker

# The newest first. A Debian 11 has glibc 2.31; every musl since Alpine 3.13 takes musllinux_1_2.
PLATFORMS = {
    "glibc": [f"manylinux_2_{minor}" for minor in range(31, 4, -1)] + ["manylinux2014", "manylinux2010", "manylinux1"],
    "musl": ["musllinux_1_2", "musllinux_1_1", "musllinux_1_0"],
}


def requirements(text):
    """The lock's entries: (NAME==VERSION, marker or None, hashes)."""
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            what, *hashes = re.split(r"\s+--hash=", line.strip())
            name, _, marker = what.partition(";")
            yield name.strip(), Marker(marker) if marker.strip() else None, hashes


def environment(python, machine):
    """What the markers are about. A tree serves every patch release, so it has what the first one needs."""
    return {"implementation_name": "cpython", "implementation_version": f"{python}.0", "os_name": "posix",
            "platform_machine": machine, "platform_python_implementation": "CPython", "platform_release": "",
            "platform_system": "Linux", "platform_version": "", "python_full_version": f"{python}.0",
            "python_version": python, "sys_platform": "linux", "extra": ""}


def jobs(lock, trees):
    """{trees: requirements}: what one run of pip fetches for all of these trees."""
    found = {}
    for name, marker, hashes in lock:
        wanted = [tree for tree in trees if marker is None or marker.evaluate(environment(tree[1], tree[3]))]
        # two files are a wheel and its source
        for group in [tuple(wanted)] if len(hashes) <= 2 else [(tree,) for tree in wanted]:
            if group:
                found.setdefault(group, []).append(" ".join([name, *(f"--hash={h}" for h in hashes)]))
    return found


def fetch(group, wanted, directory):
    _, python, libc, machine = group[0]
    with tempfile.TemporaryDirectory(dir=directory.parent) as work:
        pathlib.Path(work, "requirements.txt").write_text("\n".join(wanted) + "\n")
        platforms = [f"--platform={platform}_{machine}" for platform in PLATFORMS[libc]]
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input",
                        "--no-deps", "--only-binary=:all:", "--require-hashes", "--implementation=cp",
                        f"--python-version={python}", *platforms, f"--dest={work}/wheels",
                        f"--requirement={work}/requirements.txt"], check=True)
        for wheel in pathlib.Path(work, "wheels").iterdir():
            for tree in group:
                os.link(wheel, directory / tree[0] / wheel.name)


def share(directory):
    """Makes wheels of one name, fetched for several trees, one file."""
    seen = {}
    for wheel in sorted(directory.glob("*/*.whl")):
        first = seen.setdefault(wheel.name, wheel)
        if not wheel.samefile(first):
            wheel.unlink()
            os.link(first, wheel)


def main(library, directory):
    trees = []
    for artifact in json.loads((library / "library.json").read_text())["artifacts"]:
        name, minor, libc, machine = re.fullmatch(r"(cp3(\d+)-(glibc|musl)-(\w+))", artifact["from"]).groups()
        trees.append((name, f"3.{minor}", libc, machine))
        (directory / name).mkdir()
    work = jobs(requirements((library / "requirements.txt").read_text()), trees)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(fetch, group, wanted, directory) for group, wanted in work.items()]:
            done.result()
    share(directory)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        main(*map(pathlib.Path, sys.argv[1:]))
    except subprocess.CalledProcessError:
        sys.exit(1)  # pip has said why
