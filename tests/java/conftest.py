"""The application of the Java tests, on this machine's JVM and on others."""

import pytest

from engine import build_image
from harness import ROOT, made, run


@pytest.fixture(scope="session")
def jar():
    """The application, built without any tracer."""
    made("mvn", "-B", "-q", "-f", ROOT / "tests/apps/java/pom.xml", "package", timeout=600)
    return ROOT / "build/apps/java/jars/hello.jar"


@pytest.fixture(scope="session", params=[("bullseye", "11"), ("forky", "25")], ids=["11", "25"])
def image(engine, jar, request):
    """The application on another Java than this machine's, from the Debian that has it."""
    suite, version = request.param
    base = run(ROOT / "scripts/base-image", f"debian:{suite}", timeout=1200)
    if base.returncode:
        pytest.skip(f"no Java {version}: {base.stderr.strip().splitlines()[-1:]}")
    return build_image(f"injector-test-java-{version}", "--build-arg", f"BASE=debian:{suite}", "--build-arg",
                       f"JRE=openjdk-{version}-jre-headless", "--file", ROOT / "tests/apps/java/Dockerfile",
                       context=ROOT / "build/apps/java")
