"""What the README says of Kubernetes, run as it is written there: scripts/demo-kubernetes."""

import shutil

import pytest

from cluster import Namespace
from harness import PATIENCE, ROOT, run

SPAN = "span: service=shop operation=servlet.request resource='GET /hello' status=200 error=False by java "


def demo(*argv):
    # the tests share the build folder: the demo must not configure theirs away
    return run(ROOT / "scripts/demo-kubernetes", "--timeout", PATIENCE, *argv, env={"INJECTOR_TESTS": "ON"}, timeout=1800)


@pytest.fixture
def tools(cluster):
    if not shutil.which("helm"):
        pytest.skip("helm is not on the PATH")
    return cluster


@pytest.mark.parametrize("how", ["helm install", "kubectl apply"])
def test_two_commands_and_a_span(how, tools, base_image, otlp):
    shown = demo("--cluster", tools, *(["--plain"] if how == "kubectl apply" else []))
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert f"\n==> What the README says\n{how} " in shown.stdout
    assert shown.stdout.splitlines()[-1].startswith(SPAN), shown.stdout
    left = Namespace("default").kubectl("get", "--ignore-not-found", "-o", "name", "namespace/injector", "namespace/datadog",
                                        "deployment/shop", "mutatingwebhookconfiguration/injector")
    assert left == ""


def test_what_is_there_already_is_left_alone(tools):
    """A cluster that has an agent of its own."""
    default = Namespace("default")
    default.kubectl("create", "namespace", "datadog")
    try:
        refused = demo("--cluster", tools)
        assert refused.returncode == 1
        assert "demo-kubernetes: the cluster has namespace/datadog already" in refused.stderr
        assert default.kubectl("get", "namespaces", "-o", "name").split().count("namespace/datadog") == 1
    finally:
        default.kubectl("delete", "namespace", "datadog")


def test_no_such_cluster(tools):
    refused = demo("--cluster", "no-such-cluster")
    assert refused.returncode == 69
    assert "kind create cluster --name no-such-cluster" in refused.stderr
