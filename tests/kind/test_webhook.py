"""The chart in a real cluster: helm install with the agent's address, one annotation, and a request gives its span."""

import dataclasses
import json
import shutil

import pytest

from cluster import CLUSTER, done, until
from harness import ROOT, made
from rows import ROWS, ask, assert_traced
from test_java import damaged_image, init_status  # noqa: F401: a fixture

INJECTED = [row for row in ROWS if not row.sidecar]
SIDECARS = [row for row in ROWS if row.sidecar]
RELEASE = "injector"


def helm(*argv):
    done("helm", *argv, "--kube-context", f"kind-{CLUSTER}", timeout=600)


@pytest.fixture(scope="module")
def image(image_of, load):
    """The webhook's, with the catalog of the libraries' images, which are made before."""
    for row in ROWS:
        image_of(f"{row.language}/{row.library}")
    return load(made(ROOT / "scripts/image", "webhook", timeout=1800).stdout.split()[-1], "webhook")


@pytest.fixture(scope="module")
def catalog(image, image_of, load):
    """That catalog, with the names that the images have in the cluster."""
    whole = json.loads((ROOT / "build/catalog.json").read_text())
    entries = {entry["name"]: entry for entry in whole["libraries"]}
    for row in ROWS:
        version = entries[row.library]["versions"][0]
        version["image"] = load(image_of(f"{row.language}/{row.library}"), row.library)
        version.pop("digest", None)
    return whole


@pytest.fixture(scope="module")
def asking(catalog):
    """A function: the annotation in which a library is asked for, {name: value}."""
    names = {entry["name"]: entry["names"] for entry in catalog["libraries"]}

    def asking(library):
        if "datadog" in names[library]:
            return {f"admission.datadoghq.com/{names[library]['datadog']}-lib.version": "latest"}
        return {f"instrumentation.opentelemetry.io/inject-{names[library]['opentelemetry']}": "true"}

    return asking


@pytest.fixture(scope="module")
def webhook(image, catalog, namespaces, intake, tmp_path_factory):
    """The chart, installed as a user does; the namespace of its Pods."""
    if not shutil.which("helm"):
        pytest.skip("helm is not on the PATH")
    where = tmp_path_factory.mktemp("chart")
    (where / "catalog.json").write_text(json.dumps(catalog))
    address = intake.url.removeprefix("http://").rsplit(":", 1)[0]
    name, tag = image.split(":")
    with namespaces(where) as space:
        helm("install", RELEASE, ROOT / "charts/injector", "--namespace", space.name, "--set", f"agentHost={address}",
             "--set", f"otlpEndpoint={intake.url}", "--set", "sidecars=true", "--set-json",
             'sidecarResources={"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}}', "--set-string", f"image.name={name},image.tag={tag}",
             "--set-file", f"catalog={where / 'catalog.json'}", "--wait", "--timeout", "180s")
        yield space
        helm("uninstall", RELEASE, "--namespace", space.name)


SECURITY = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def template(image, annotations, **container):
    return {"metadata": {"labels": {"app": "x"}, "annotations": annotations},
            "spec": {"securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
                     "containers": [{"name": "app", "image": image, "securityContext": SECURITY} | container]}}


def deployment(name, pod):
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
            "spec": {"selector": {"matchLabels": {"app": name}},
                     "template": pod | {"metadata": pod["metadata"] | {"labels": {"app": name}}}}}


def pod_of(space, name):
    """The name of a workload's Pod, once there is one."""
    def found():
        return space.kubectl("get", "pods", "-l", f"app={name}", "-o", "jsonpath={.items[*].metadata.name}").split()
    return until(f"a Pod of {name}", found)[0]


def injected_pod(webhook, space, name):
    """The same, of a workload that asks. On a machine without time the webhook says that it is overloaded, and lets a Pod go
    without it, as it promises: then the next Pod is looked at."""
    def found():
        pod = pod_of(space, name)
        if "injector/status" in space.pod(pod)["metadata"]["annotations"]:
            return pod
        logs = webhook.kubectl("logs", "--selector", "app.kubernetes.io/name=injector", "--container", "server", "--tail=-1")
        assert [line for line in logs.splitlines() if f'"{name}"' in line and "overloaded" in line], logs
        space.kubectl("delete", "pod", pod)
        return None

    return until(f"an injected Pod of {name}", found, seconds=240)


@pytest.fixture(scope="module")
def deployments(webhook, asking, namespaces, load_app, tmp_path_factory):
    """All at once, in one namespace."""
    where = tmp_path_factory.mktemp("deployments")
    with namespaces(where) as space:
        for row in INJECTED:
            space.apply(where, deployment(row.library, template(load_app(row.language), asking(row.library))))
        yield space


def assert_injected(row, image_of, webhook, space, intake):
    """Of the Deployment that has the library's name."""
    pod = injected_pod(webhook, space, row.library)
    named = dataclasses.replace(row, service=row.library)  # after the Deployment
    assert_traced(named, image_of(f"{row.language}/{row.library}"), intake, space, pod)
    found = space.pod(pod)
    assert found["metadata"]["annotations"]["injector/status"] == "injected"
    assert [s["restartCount"] for s in found["status"]["initContainerStatuses"]] == [0]


@pytest.mark.parametrize("row", INJECTED, ids=str)
def test_one_annotation_and_a_request_gives_its_span(row, image_of, webhook, deployments, intake):
    assert_injected(row, image_of, webhook, deployments, intake)


def test_a_copy_to_debug_is_as_injected_as_the_pod(webhook, deployments):
    """It has the annotations, and all that came of them."""
    pod = injected_pod(webhook, deployments, "ddtrace")
    deployments.kubectl("debug", pod, "--copy-to=copy", "--container=app", "--profile=restricted", "--",
                        "python3", "-c", "import ddtrace, time; print(ddtrace.__file__, flush=True); time.sleep(600)")
    until("the copy runs", lambda: deployments.kubectl("get", "pod", "copy", "-o", "jsonpath={.status.containerStatuses[0].started}") == "true")
    assert until("it says where ddtrace is", lambda: deployments.kubectl("logs", "copy", "-c", "app")).startswith("/injector/ddtrace/")
    copy, of = deployments.pod("copy")["spec"], deployments.pod(pod)["spec"]
    for what in ("initContainers", "volumes"):
        assert [each["name"] for each in copy[what]] == [each["name"] for each in of[what]]
    assert copy["containers"][0]["env"] == of["containers"][0]["env"]


@pytest.mark.parametrize("row", SIDECARS, ids=str)
def test_what_runs_beside_the_application_gives_its_span(row, image_of, webhook, asking, namespaces, load_app, intake, tmp_path):
    """The Pod says that nobody is root, and gives amounts, and so the sidecar has those of the rule."""
    program = {"instrumentation.opentelemetry.io/otel-go-auto-target-exe": "/app/hello"}
    resources = {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}}
    with namespaces(tmp_path, row.enforce) as space:
        space.apply(tmp_path, deployment(row.library, template(load_app(row.language), asking(row.library) | program, resources=resources)))
        assert_injected(row, image_of, webhook, space, intake)


def test_helm_test(webhook):
    helm("test", RELEASE, "--namespace", webhook.name)


def test_who_does_not_ask_is_left_alone(webhook, namespace, load_app, tmp_path):
    namespace.apply(tmp_path, deployment("plain", template(load_app("python"), {})))
    pod = namespace.pod(pod_of(namespace, "plain"))
    assert "initContainers" not in pod["spec"] and "annotations" not in pod["metadata"]


@pytest.mark.parametrize("how", ["valueFrom", "envFrom"])
def test_what_the_pod_sets_elsewhere_is_joined_in_a_running_jvm(webhook, asking, image_of, namespace, load_app, intake, tmp_path, how):
    namespace.kubectl("create", "configmap", "options", "--from-literal=JAVA_TOOL_OPTIONS=-Dmine=1")
    annotations = asking("dd-java-agent")
    if how == "valueFrom":
        container = {"env": [{"name": "JAVA_TOOL_OPTIONS", "valueFrom": {"configMapKeyRef": {"name": "options", "key": "JAVA_TOOL_OPTIONS"}}}]}
    else:
        container = {"envFrom": [{"configMapRef": {"name": "options"}}]}
        annotations |= {"injector/env-from": "JAVA_TOOL_OPTIONS"}
    namespace.apply(tmp_path, deployment("java-app", template(load_app("java"), annotations, **container)))
    pod = injected_pod(webhook, namespace, "java-app")
    assert_traced(ROWS[0], image_of("java/dd-java-agent"), intake, namespace, pod)
    assert "Picked up JAVA_TOOL_OPTIONS: -Dmine=1 -javaagent:/injector/dd-java-agent.jar" in namespace.kubectl("logs", pod, "-c", "app")


def test_a_damaged_image_holds_nobody_back(webhook, damaged_image, namespace, load_app, tmp_path):  # noqa: F811
    annotations = {"admission.datadoghq.com/java-lib.custom-image": damaged_image}
    namespace.apply(tmp_path, deployment("java-app", template(load_app("java"), annotations)))
    pod = injected_pod(webhook, namespace, "java-app")
    ask(namespace, pod)
    end = init_status(namespace.pod(pod))["state"]["terminated"]
    assert end["exitCode"] == 0 and "digest-mismatch" in end["message"], end
    assert "injector: digest-mismatch: " in namespace.kubectl("describe", "pod", pod)


def test_a_job_that_is_not_restarted(webhook, asking, namespace, load_app, tmp_path):
    pod = template(load_app("python"), asking("ddtrace"),
                   command=["python3", "-c", "import os; print(os.environ['PYTHONPATH'], *sorted(os.listdir('/injector')))"])
    pod["spec"]["restartPolicy"] = "Never"
    pod["metadata"]["labels"] = {"app": "batch"}
    namespace.apply(tmp_path, {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "batch"},
                               "spec": {"backoffLimit": 0, "template": pod}})
    until("the Job is complete", lambda: namespace.kubectl("get", "job", "batch", "-o", "jsonpath={.status.succeeded}") == "1")
    assert namespace.kubectl("logs", "job/batch", "-c", "app") == "/injector/ddtrace .injector ddtrace\n"
    variables = {v["name"]: v.get("value") for v in namespace.pod(pod_of(namespace, "batch"))["spec"]["containers"][0]["env"]}
    assert variables["DD_SERVICE"] == "batch"
