"""A cluster of kind with the images of the tests, and for each test a namespace that enforces restricted Pod Security.

KUBECONFIG and INJECTOR_TEST_CLUSTER (default: kind) say which cluster; `kind create cluster` makes one.
"""

import secrets
import shutil

import pytest

from cluster import CLUSTER, Namespace, done, until
from engine import build_image
from harness import ROOT, run


@pytest.fixture(scope="session")
def cluster(engine):
    """The name of a cluster that answers."""
    for tool in ("kind", "kubectl"):
        if not shutil.which(tool):
            pytest.skip(f"no Kubernetes: {tool} is not installed")
    if CLUSTER not in run("kind", "get", "clusters").stdout.split():
        pytest.skip(f"no Kubernetes: kind has no cluster {CLUSTER!r}")
    ready = run("kubectl", "--context", f"kind-{CLUSTER}", "get", "--raw", "/readyz")
    if ready.returncode != 0:
        pytest.skip(f"no Kubernetes: {ready.stderr.strip()}")
    return CLUSTER


@pytest.fixture(scope="session")
def load(cluster):
    """Makes an image of the engine known to the cluster, under a tag that is never pulled; returns that name."""

    def load(image, name):
        name = f"injector-test-{name}:1"
        done("docker", "tag", image, name)
        done("kind", "load", "docker-image", name, "--name", cluster, timeout=300)
        return name

    return load


@pytest.fixture(scope="session")
def injector_image(java_image, load):
    return load(java_image, "injector")


@pytest.fixture(scope="session")
def app_image(base_image, load):
    """A web application for the JVM, built without any tracer."""
    done("mvn", "-B", "-q", "-f", ROOT / "tests/apps/java/pom.xml", "package", timeout=600)
    dockerfile, context = ROOT / "tests/apps/java/Dockerfile", ROOT / "build/apps/java"
    return load(build_image("injector-test-build-app", "--file", dockerfile, context=context), "app")


@pytest.fixture(scope="session")
def intake_image(base_image, otlp, load):
    return load(build_image("injector-test-build-intake", "--file", ROOT / "tests/intake/Dockerfile"), "intake")


@pytest.fixture
def namespace(cluster, request, tmp_path):
    space = Namespace(f"injector-test-{secrets.token_hex(4)}")
    space.apply(tmp_path, {
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": space.name, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
    })
    until("a service account", lambda: space.try_kubectl("get", "serviceaccount", "default").returncode == 0)
    failed = request.session.testsfailed
    yield space
    if request.session.testsfailed > failed:
        space.show()
    space.kubectl("delete", "namespace", space.name, "--wait=false")


@pytest.fixture
def intake(namespace, intake_image, tmp_path):
    """The listener as a Pod, and its address as a tracing library needs it."""
    namespace.apply(tmp_path, {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "intake"},
        "spec": {
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{
                "name": "intake", "image": intake_image,
                "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
            }],
        },
    })
    until("the intake answers", lambda: namespace.get("intake", 8126, "/info"))
    return f"http://{namespace.pod('intake')['status']['podIP']}:8126"
