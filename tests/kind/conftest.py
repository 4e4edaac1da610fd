"""A cluster of kind, the images of the tests, and an intake in it.

KUBECONFIG and INJECTOR_TEST_CLUSTER (default: kind) say which cluster; `kind create cluster` makes one.
"""

import contextlib
import functools
import shutil

import pytest

from apps import app_image
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
    """A function: makes an image of the engine known to the cluster, under a tag that is never pulled; its name there."""

    @functools.cache
    def load(image, name):
        name = f"injector-test-{name}:1"
        done("docker", "tag", image, name)
        done("kind", "load", "docker-image", name, "--name", cluster, timeout=600)
        return name

    return load


@pytest.fixture(scope="session")
def load_app(base_image, load):
    """A function: the name in the cluster of a language's web application."""
    return functools.cache(lambda language: load(app_image(language), f"app-{language}"))


@pytest.fixture(scope="session")
def namespaces(cluster, request):
    """A function: a context with a namespace that enforces a Pod Security Standard; what failed in it is shown."""

    @contextlib.contextmanager
    def namespace(where, enforce="restricted"):
        space = Namespace.create(where, enforce)
        failed = request.session.testsfailed
        yield space
        if request.session.testsfailed > failed:
            space.show()
        space.kubectl("delete", "namespace", space.name, "--wait=false")

    return namespace


@pytest.fixture
def namespace(namespaces, tmp_path):
    with namespaces(tmp_path) as space:
        yield space


class Intake:
    """The listener as a Pod."""

    def __init__(self, space):
        self.space, self.url = space, f"http://{space.pod('intake')['status']['podIP']}:8126"

    def spans(self, address):
        """What the Pod of that address sent."""
        return [span for span in self.space.get_json("intake", 8126, "/spans") if span["from"] == address]


@pytest.fixture(scope="session")
def intake(namespaces, base_image, otlp, load, tmp_path_factory):
    """One listener for all: a span says which Pod it is from."""
    where = tmp_path_factory.mktemp("intake")
    image = load(build_image("injector-test-build-intake", "--file", ROOT / "tests/intake/Dockerfile"), "intake")
    with namespaces(where) as space:
        space.apply(where, {
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "intake"},
            "spec": {
                "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
                "containers": [{
                    "name": "intake", "image": image,
                    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                }],
            },
        })
        until("the intake answers", lambda: space.get("intake", 8126, "/info"))
        yield Intake(space)


def pytest_collection_modifyitems(items):
    """What looks into another user's process is root, as docs/go.md says: there is no such row for a sidecar."""
    items[:] = [item for item in items if not (item.name.startswith("test_any_uid_and_nothing_to_write")
                                               and item.callspec.params["row"].sidecar)]
