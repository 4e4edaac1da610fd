"""usage: wheels.py LIBRARY DIRECTORY PYTHON...

Fills DIRECTORY with folders of wheels as LIBRARY's requirements.txt locks them: py3.12 for what any CPython 3.12 can
load, cp3.12-musl-x86_64 for what is compiled for it, a libc and a machine. pip fetches them and checks the hashes; a
release that has one wheel for everybody is fetched once, and is one file.
"""

import collections
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from pip._vendor.packaging.markers import Marker

# The newest first. A Debian 11 has glibc 2.31; every musl since Alpine 3.13's takes musllinux_1_2, but for what
# libraries/python/start.py says of RELR.
PLATFORMS = {
    "glibc": [f"manylinux_2_{minor}" for minor in range(31, 4, -1)] + ["manylinux2014", "manylinux2010", "manylinux1"],
    "musl": ["musllinux_1_2", "musllinux_1_1", "musllinux_1_0"],
}
# Compiled only for a speed that nobody waits for here: their pure wheels save 6 MB.
PURE = {"charset-normalizer"}
MACHINE = "x86_64"

Folder = collections.namedtuple("Folder", "name python libc")


def requirements(text):
    """The lock's entries: (NAME==VERSION, marker or None, hashes)."""
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            what, *hashes = re.split(r"\s+--hash=", line.strip())
            name, _, marker = what.partition(";")
            yield name.strip(), Marker(marker) if marker.strip() else None, hashes


def environment(python):
    """What the markers are about. A tree serves every patch release, so it has what the first one needs."""
    return {"implementation_name": "cpython", "implementation_version": f"{python}.0", "os_name": "posix",
            "platform_machine": MACHINE, "platform_python_implementation": "CPython", "platform_release": "",
            "platform_system": "Linux", "platform_version": "", "python_full_version": f"{python}.0",
            "python_version": python, "sys_platform": "linux", "extra": ""}


def jobs(lock, folders):
    """{(folder, …): requirements}: what one run of pip fetches for all of these folders."""
    found = {}
    for name, marker, hashes in lock:
        # two files are one wheel, for everybody, and its source
        shared = len(hashes) <= 2 or name.partition("==")[0] in PURE
        wanted = [f for f in folders if bool(f.libc) != shared
                  and (marker is None or marker.evaluate(environment(f.python)))]
        for group in [tuple(wanted)] if shared else [(folder,) for folder in wanted]:
            if group:
                found.setdefault(group, []).append(" ".join([name, *(f"--hash={h}" for h in hashes)]))
    return found


def fetch(group, wanted, directory):
    first = group[0]
    if first.libc:
        tags = ["--implementation=cp", *(f"--platform={platform}_{MACHINE}" for platform in PLATFORMS[first.libc])]
    else:
        tags = ["--implementation=py", "--abi=none", "--platform=any"]
    with tempfile.TemporaryDirectory(dir=directory.parent) as work:
        pathlib.Path(work, "requirements.txt").write_text("\n".join(wanted) + "\n")
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input",
                        "--no-deps", "--only-binary=:all:", "--require-hashes", f"--python-version={first.python}", *tags,
                        f"--dest={work}/wheels", f"--requirement={work}/requirements.txt"], check=True)
        for wheel in pathlib.Path(work, "wheels").iterdir():
            for folder in group:
                os.link(wheel, directory / folder.name / wheel.name)


def share(directory):
    """Makes wheels of one name, fetched for several folders, one file."""
    seen = {}
    for wheel in sorted(directory.glob("*/*.whl")):
        first = seen.setdefault(wheel.name, wheel)
        if not wheel.samefile(first):
            wheel.unlink()
            os.link(first, wheel)


def main(library, directory, pythons):
    folders = [Folder(f"py{python}", python, None) for python in pythons]
    folders += [Folder(f"cp{python}-{libc}-{MACHINE}", python, libc) for python in pythons for libc in PLATFORMS]
    for folder in folders:
        (directory / folder.name).mkdir()
    work = jobs(requirements((library / "requirements.txt").read_text()), folders)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(fetch, group, wanted, directory) for group, wanted in work.items()]:
            done.result()
    share(directory)


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    try:
        main(*map(pathlib.Path, sys.argv[1:3]), sys.argv[3:])
    except subprocess.CalledProcessError:
        sys.exit(1)  # pip has said why
