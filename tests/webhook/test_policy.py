"""What `webhook policy` prints, in a real API server and without a webhook: Pods as they are stored."""

import contextlib

import json

import pytest

from golden import check_injected, plain
from harness import run, until
from server import CONFIGURATION, WEBHOOK, write_inputs

JAVA, OTHER = "admission.datadoghq.com/java-lib.version", "instrumentation.opentelemetry.io/inject-java"
AGENT = "-javaagent:/injector/dd-java-agent.jar"
HOST = "DD_AGENT_HOST<status.hostIP"
NEW = [HOST, f"JAVA_TOOL_OPTIONS={AGENT}"]
CONFIGURED = CONFIGURATION | {"architectures": ["amd64", "arm64"]}



def printed(where, *options, configuration=CONFIGURED):
    where.mkdir(exist_ok=True)
    return run(WEBHOOK, "policy", *write_inputs(where, configuration), *options)


@contextlib.contextmanager
def applied(client, spaces, where, *options, probe, configuration=CONFIGURED):
    """While the context lasts the policy is there, and in force."""
    done = printed(where, *options, configuration=configuration)
    assert done.returncode == 0, done.stderr
    things = json.loads(done.stdout)["items"]
    for thing in things:
        client.create(thing)

    def in_force():
        answer = client.create_pod(spaces(ours=False), probe, dry=True)
        return "injector/status" in answer.json["metadata"].get("annotations", {})

    try:
        try:
            until(in_force)
        except BaseException:
            print(json.dumps(client.done("GET", client.path(things[0]) + "/" + things[0]["metadata"]["name"]).get("status")))
            raise
        yield
    finally:
        for thing in things:
            client.remove(thing)
        until(lambda: not in_force())


def pod(containers=1, annotations=None, labels=None, env=None, **spec):
    """A Pod of some containers that asks for a library; the rest is what a test is about."""
    names = [f"app{number}" for number in range(containers)]
    metadata = {"name": "shop", "annotations": {JAVA: "v1"} if annotations is None else annotations}
    if labels:
        metadata["labels"] = labels
    made = [{"name": name, "image": "registry.example/app:1"} | ({"env": env} if env else {}) for name in names]
    return {"metadata": metadata, "spec": {"containers": made} | spec}


def with_container(**changes):
    made = pod()
    made["spec"]["containers"][0] |= changes
    return made


ASKS = pod()
RESTRICTED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"}}
GUARANTEED = {name: {"cpu": "100m", "memory": "128Mi", "ephemeral-storage": "1Gi"} for name in ("requests", "limits")}

# name → (kind of namespace, Pod, what its containers have, what its init container has)
INJECTED = {
    "plain": ("plain", ASKS, {"app0": NEW}, {}),
    "two containers": ("plain", pod(2), {"app0": NEW, "app1": NEW}, {}),
    "restricted": ("restricted", pod(containers=1, securityContext={"runAsNonRoot": True}) | {}, {"app0": NEW}, {}),
    "root": ("plain", pod(securityContext={"runAsUser": 0}), {"app0": NEW},
             {"securityContext": {"runAsUser": 65532}}),
    "guaranteed": ("plain", with_container(resources=GUARANTEED), {"app0": NEW}, {"resources": GUARANTEED}),
    "quota": ("quota", with_container(resources=GUARANTEED), {"app0": NEW}, {"resources": GUARANTEED}),
    "literal": ("plain", pod(env=[{"name": "A", "value": "b"}, {"name": "JAVA_TOOL_OPTIONS", "value": "-Xmx1g"}]),
                {"app0": [HOST, "A=b", f"JAVA_TOOL_OPTIONS=-Xmx1g {AGENT}"]}, {}),
    "literal that has it": ("plain", pod(env=[{"name": "JAVA_TOOL_OPTIONS", "value": f"{AGENT} -Xmx1g"}]),
                            {"app0": [HOST, f"JAVA_TOOL_OPTIONS={AGENT} -Xmx1g"]}, {}),
    "the image sets it": ("plain", with_container(image="registry.example/tuned:2"),
                          {"app0": [HOST, f"JAVA_TOOL_OPTIONS=-Xmx1g {AGENT}"]}, {}),
    "another name twice": ("plain", pod(env=[{"name": "A", "value": "b"}, {"name": "A", "value": "c"}]),
                           {"app0": NEW + ["A=b", "A=c"]}, {}),
    "its own agent": ("plain", pod(env=[{"name": "DD_AGENT_HOST", "value": "own"}]),
                      {"app0": [NEW[1], "DD_AGENT_HOST=own"]}, {}),
    "labels": ("plain", pod(labels={"tags.datadoghq.com/service": "shop", "tags.datadoghq.com/app0.env": "test"}),
               {"app0": NEW + ["DD_SERVICE=shop", "DD_ENV=test"]}, {}),
    "an init container of its own": ("plain", pod(initContainers=[{"name": "own", "image": "own"}]), {"app0": NEW}, {}),
    "linux by affinity": ("plain", pod(affinity={"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
        "nodeSelectorTerms": [{"matchExpressions": [{"key": "kubernetes.io/os", "operator": "NotIn", "values": ["windows"]},
                                                    {"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"]}]}]}}}),
                          {"app0": NEW}, {}),
}
for name, entry in INJECTED.items():  # the configuration's nodes are of two kinds, the image for one
    if name != "linux by affinity":
        entry[1]["spec"]["nodeSelector"] = {"kubernetes.io/arch": "amd64"}
INJECTED["restricted"][1]["spec"]["containers"][0]["securityContext"] = RESTRICTED

FROM = {"name": "JAVA_TOOL_OPTIONS", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
UNTOUCHED = {
    "valueFrom": pod(env=[FROM]),
    "twice": pod(env=[{"name": "JAVA_TOOL_OPTIONS", "value": "-Xmx1g"}, {"name": "JAVA_TOOL_OPTIONS", "value": "-Xmx2g"}]),
    "not asked": pod(annotations={}),
    "asked for in another vocabulary": pod(annotations={OTHER: "true"}),
    "another version": pod(annotations={JAVA: "v1.63"}),
    "custom image": pod(annotations={JAVA: "v1", "admission.datadoghq.com/java-lib.custom-image": "own"}),
    "one container": pod(annotations={JAVA: "v1", "admission.datadoghq.com/app0.java-lib.version": "v1.63"}),
    "envFrom": pod(annotations={JAVA: "v1", "injector/env-from": "JAVA_TOOL_OPTIONS"}),
    "switched off": pod(labels={"admission.datadoghq.com/enabled": "false"}),
    "mirror": pod(annotations={JAVA: "v1", "kubernetes.io/config.mirror": "x"}),
    "host network": pod(hostNetwork=True),
    "windows": pod(os={"name": "windows"}),
    "windows by selector": pod(nodeSelector={"kubernetes.io/os": "windows"}),
    "another architecture": pod(nodeSelector={"kubernetes.io/arch": "arm64"}),
    "any architecture": pod(),
    "another injector": pod(initContainers=[{"name": "datadog-lib-java-init", "image": "x"}]),
    "name taken": pod(initContainers=[{"name": "injector-dd-java-agent", "image": "x"}]),
    "volume taken": pod(volumes=[{"name": "injector", "emptyDir": {}}]),
    "mount taken": with_container(volumeMounts=[{"name": "v", "mountPath": "/injector/below"}]),
    "mount above taken": with_container(volumeMounts=[{"name": "v", "mountPath": "/"}]),
    "too little memory": with_container(resources={"limits": {"memory": "16Mi"}}),
    "too little storage": with_container(resources={"limits": {"ephemeral-storage": "1Mi"}}),
}
for name, made in UNTOUCHED.items():
    if name not in ("any architecture", "another architecture", "windows by selector"):
        made["spec"]["nodeSelector"] = {"kubernetes.io/arch": "amd64"}
    if name.startswith("mount"):
        made["spec"]["volumes"] = [{"name": "v", "emptyDir": {}}]


@pytest.fixture(scope="module")
def policy(have_webhook, client, spaces, tmp_path_factory):
    with applied(client, spaces, tmp_path_factory.mktemp("policy"), "--library", "dd-java-agent", probe=INJECTED["plain"][1]):
        yield


@pytest.fixture(scope="module")
def originals(have_webhook, client, spaces):
    """How each Pod is stored where there is no policy; made before there is one."""
    def stored(kind, pod):
        answer = client.create_pod(spaces(kind, ours=False), pod, dry=True)
        assert answer.accepted, answer
        return answer.json

    return {name: stored(kind, pod) for name, (kind, pod, _, _) in INJECTED.items()} | \
        {name: stored("plain", pod) for name, pod in UNTOUCHED.items() if name != "mirror"}


def create(client, namespace, pod):
    answer = client.create_pod(namespace, pod)
    assert answer.accepted, answer
    client.delete_pod(namespace, answer.json["metadata"]["name"])
    return answer.json


@pytest.mark.parametrize("name", INJECTED)
def test_injected(name, originals, policy, client, spaces):
    kind, pod, containers, init = INJECTED[name]
    golden = {"injected": {"dd-java-agent": "1.64.0"}, "containers": containers, "init": {"dd-java-agent": init}}
    check_injected(create(client, spaces(kind, ours=False), pod), originals[name], golden)


@pytest.mark.parametrize("name", [name for name in UNTOUCHED if name != "mirror"])
def test_untouched(name, originals, policy, client, spaces):
    assert plain(create(client, spaces(ours=False), UNTOUCHED[name])) == plain(originals[name])


def test_not_in_a_system_namespace(policy, client, spaces):
    pod = create(client, spaces("kube-system"), INJECTED["plain"][1])
    assert "initContainers" not in pod["spec"]


def test_many_variables(policy, client, spaces):
    """More than a policy may look at: the Pod is accepted, with all of it or as it was."""
    for count in (100, 1500):
        pod = json.loads(json.dumps(INJECTED["plain"][1]))
        pod["spec"]["containers"][0]["env"] = [{"name": f"V{number}", "value": "x" * 20} for number in range(count)]
        stored = create(client, spaces(ours=False), pod)
        done = "initContainers" in stored["spec"]
        assert done == ("volumes" in stored["spec"] and any(v["name"] == "injector" for v in stored["spec"]["volumes"]))
        assert len(stored["spec"]["containers"][0]["env"]) == count + (2 if done else 0)
        assert done or count > 100


def test_a_rule(have_webhook, client, spaces, tmp_path):
    """Its namespaces, its profile; Pods that ask are another's."""
    rule = {"name": "payments", "profile": "payments", "objectSelector": {"matchLabels": {"tier": "shop"}}}
    asked = pod(labels={"tier": "shop"})
    silent = pod(annotations={}, labels={"tier": "shop"})
    with applied(client, spaces, tmp_path, "--library", "dd-java-agent", "--rule", "payments", "--version", "v1.63.0", probe=silent,
                 configuration=CONFIGURATION | {"rules": [rule]}):
        stored = create(client, spaces(ours=False), silent)
        assert json.loads(stored["metadata"]["annotations"]["injector/libraries"]) == {"dd-java-agent": "1.63.0"}
        assert {"name": "TEAM", "value": "payments"} in stored["spec"]["containers"][0]["env"]
        for other in (asked, pod(annotations={}), pod(annotations={}, labels={"tier": "shop", "admission.datadoghq.com/enabled": "false"})):
            assert "initContainers" not in create(client, spaces(ours=False), other)["spec"]


def test_opentelemetry(have_webhook, client, spaces, tmp_path):
    """The first container that is no sidecar, or those that are listed; a list of attributes, as far as they are known."""
    probe = pod(annotations={OTHER: "true"}, labels={"app.kubernetes.io/name": "shop", "app.kubernetes.io/version": "7"})
    probe["spec"]["containers"] = [{"name": name, "image": "x"} for name in ("istio-proxy", "app", "other")]
    probe["spec"]["containers"][1]["env"] = [{"name": "OTEL_RESOURCE_ATTRIBUTES", "value": "own=1, team=own"}]
    profiles = {"default": CONFIGURATION["profiles"]["attributes"]}
    with applied(client, spaces, tmp_path, "--library", "opentelemetry-javaagent", probe=probe,
                 configuration=CONFIGURATION | {"profiles": profiles, "rules": []}):
        def injected(pod):
            stored = create(client, spaces(ours=False), pod)
            return {c["name"]: {e["name"]: e.get("value") for e in c["env"]} for c in stored["spec"]["containers"] if "env" in c}

        usual = injected(probe)
        assert usual["app"]["OTEL_RESOURCE_ATTRIBUTES"] == "zone=$(ZONE),service.name=shop,service.version=7,own=1, team=own"
        assert list(usual["app"])[0] == "ZONE"
        assert "JAVA_TOOL_OPTIONS" in usual["app"] and set(usual) == {"app"}
        probe["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"] = "other"
        other = injected(probe)["other"]
        assert "JAVA_TOOL_OPTIONS" in other
        assert other["OTEL_RESOURCE_ATTRIBUTES"] == "team=profile,zone=$(ZONE),service.name=shop,service.version=7"
        del probe["metadata"]["labels"]["app.kubernetes.io/name"]
        assert injected(probe)["other"]["OTEL_RESOURCE_ATTRIBUTES"] == "service.name=profile,team=profile,zone=$(ZONE),service.version=7"
        probe["metadata"]["annotations"]["instrumentation.opentelemetry.io/container-names"] = "app, istio-proxy"
        assert {name for name, env in injected(probe).items() if "JAVA_TOOL_OPTIONS" in env} == {"app", "istio-proxy"}


@pytest.mark.parametrize("options, said", [
    (["--library", "none"], "has no library none"), (["--library", "opentelemetry-go"], "runs beside"),
    (["--library", "dd-java-agent", "--version", "7"], "has no version 7; there is 1.64.0"),
    (["--library", "dd-java-agent", "--rule", "none"], "has no rule none")])
def test_what_there_is_not(have_webhook, options, said, tmp_path):
    done = printed(tmp_path, *options)
    assert (done.returncode, done.stdout) == (64, "") and said in done.stderr
