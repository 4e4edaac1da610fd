"""Fixtures that several suites use: the container engine, the images that they run, the intake."""

import os
import pathlib
import re
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from engine import build_image, docker  # noqa: E402
from harness import ROOT, Intake, run  # noqa: E402


@pytest.fixture(scope="session")
def engine():
    if shutil.which("docker") is None:
        pytest.skip("no container engine: docker is not on the PATH")
    done = docker("version", "--format", "{{.Server.Version}}", timeout=60)
    if done.returncode:
        pytest.skip("no container engine answers: " + done.stderr.strip().split("\n")[-1])


@pytest.fixture(scope="session")
def base_image(engine):
    """What the Dockerfiles start from: pulled, or a stand-in of the same name."""
    done = run(ROOT / "scripts/base-image", timeout=1200)
    if done.returncode:
        pytest.fail("scripts/base-image: " + done.stderr[-3000:], pytrace=False)
    return "debian:bookworm"


@pytest.fixture(scope="session")
def java_version():
    pom = (ROOT / "libraries/java/dd-java-agent/pom.xml").read_text()
    return re.search(r"com.datadoghq.*?<version>([^<]+)<", pom, re.DOTALL).group(1)


@pytest.fixture(scope="session")
def java_arguments(java_version):
    """The arguments of `docker build` for a release: without VERSION and REVISION those labels are empty."""
    return ["--file", ROOT / "Dockerfile.java", "--build-arg", f"VERSION={java_version}", "--build-arg", "REVISION=0123abc"]


@pytest.fixture(scope="session")
def java_image(base_image, java_arguments):
    """The image of Dockerfile.java, built from this tree; INJECTOR_TEST_JAVA_IMAGE names one that is there."""
    return os.environ.get("INJECTOR_TEST_JAVA_IMAGE") or build_image("injector-java:test", *java_arguments)


@pytest.fixture(scope="session")
def otlp():
    """What the intake needs to understand OTLP."""
    done = run(ROOT / "tests/intake/install", timeout=300)
    if done.returncode:
        pytest.skip("no OTLP: tests/intake/install: " + done.stderr.strip().split("\n")[-1])


@pytest.fixture
def intake():
    """A listener of the test's own; with the fixture otlp it understands OTLP too."""
    with Intake() as listener:
        yield listener
