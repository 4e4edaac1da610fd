"""Fixtures that several suites use: places and mounts, the container engine, the images that they run, the intake."""

import functools
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from engine import docker, have_base_image  # noqa: E402
from harness import BUNDLER, INJECTOR, ROOT, Intake, made, pip_packages  # noqa: E402
from mounts import Mounts  # noqa: E402


@pytest.fixture(scope="session")
def executables():
    for at in (INJECTOR, BUNDLER):
        if not os.access(at, os.X_OK):
            pytest.exit(f"{at} is not there: run scripts/build first", 2)


@pytest.fixture
def place(executables):
    """An empty directory of this test. pytest's own tmp_path is closed to other users."""
    at = pathlib.Path(tempfile.mkdtemp(prefix="injector-test-"))
    at.chmod(0o755)
    yield at
    if os.geteuid() != 0:
        subprocess.run(["chmod", "-R", "u+rwX", at], check=False)
    shutil.rmtree(at)


@pytest.fixture
def target(place):
    at = place / "target"
    at.mkdir()
    at.chmod(0o755)
    return at


@pytest.fixture
def mount(place):
    if os.geteuid() != 0:
        pytest.skip("needs root: mounts a file system")
    mounts = Mounts(place)
    yield mounts
    mounts.close()


@pytest.fixture(scope="session")
def engine():
    if shutil.which("docker") is None:
        pytest.skip("no container engine: docker is not on the PATH")
    done = docker("version", "--format", "{{.Server.Version}}", timeout=60)
    if done.returncode:
        pytest.skip("no container engine answers: " + done.stderr.strip().split("\n")[-1])


@pytest.fixture(scope="session")
def base_image(engine):
    return have_base_image("debian:bookworm")


@pytest.fixture(scope="session")
def image_of(base_image):
    """A function: the image of a library (ECOSYSTEM/NAME), as scripts/build --all makes it from this tree."""

    @functools.cache
    def image(library):
        return made(ROOT / "scripts/image", f"libraries/{library}", timeout=1800).stdout.split()[-1]

    return image


@pytest.fixture(scope="session")
def java_image(image_of):
    return image_of("java/dd-java-agent")


@pytest.fixture(scope="session")
def otlp():
    """What the intake needs to understand OTLP."""
    pip_packages("intake")


@pytest.fixture
def intake():
    """A listener of the test's own; with the fixture otlp it understands OTLP too."""
    with Intake() as listener:
        yield listener
