"""charts/injector, as helm renders it, and the plain YAML that is made of it."""

import functools
import json
import re
import shutil

import pytest
import yaml

from harness import ROOT, run

CHART = ROOT / "charts/injector"
OWN = "injector/"  # what begins our own labels and annotations
VARIANTS = {
    "default": [],
    "agent": ["--set", "agentHost=datadog-agent.datadog.svc", "--set", "registry=registry.example/observability"],
    "rules": ["--set-json", json.dumps([{"name": f"rule-{n}", "profile": "p", "objectSelector": {"matchLabels": {"n": f"{n}"}}}
                                        for n in range(4)]).join(["rules=", ""])],
    "cert-manager": ["--set", "certificates=cert-manager"],
    "existing": ["--set", "certificates=existing,certificateSecret=mine,caBundle=bWluZQ=="],
}


@pytest.fixture(scope="module", autouse=True)
def helm():
    if not shutil.which("helm"):
        pytest.skip("helm is not on the PATH")


@functools.cache
def render(*options, namespace="observability", release="injector"):
    done = run("helm", "template", release, CHART, "--namespace", namespace, "--skip-tests", *options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def objects(*options, **kwargs):
    return [thing for thing in yaml.safe_load_all(render(*options, **kwargs)) if thing]


def one(kind, things):
    (found,) = [thing for thing in things if thing["kind"] == kind]
    return found


def pod(things):
    return one("Deployment", things)["spec"]["template"]["spec"]


def refused(*options):
    done = run("helm", "template", "injector", CHART, *options)
    assert done.returncode != 0, done.stdout
    return done.stderr


def configuration(*options):
    return yaml.safe_load(one("ConfigMap", objects(*options))["data"]["configuration.yaml"])


def variables(vocabulary, *options):
    return {v["name"]: v.get("value") or v["valueFrom"]["fieldRef"]["fieldPath"]
            for v in configuration(*options)["profiles"]["default"]["variables"] if v["vocabulary"] == vocabulary}


@pytest.mark.parametrize("variant", VARIANTS)
def test_renders_the_same_twice(variant):
    first = run("helm", "template", "injector", CHART, *VARIANTS[variant])
    assert first.returncode == 0, first.stderr
    assert first.stdout == run("helm", "template", "injector", CHART, *VARIANTS[variant]).stdout
    for template in CHART.glob("templates/**/*"):  # what would differ between two clusters, or in a minute
        assert not template.is_file() or not re.search(
            r"{{[^}]*(\b(lookup|rand|now|date|uuid|gen[A-Z])|Revision|Capabilities)", template.read_text()), template


def test_everything_stays_in_the_namespace_of_the_release():
    here, other = (re.sub("checksum/.*", "", render(namespace=space)) for space in ("here-it-is", "other"))
    assert here.replace("here-it-is", "other") == other
    cluster_wide = {"ClusterRole", "ClusterRoleBinding", "MutatingWebhookConfiguration"}
    for thing in objects():
        assert (thing["metadata"].get("namespace") == "observability") != (thing["kind"] in cluster_wide), thing


def test_the_plain_yaml_is_made_of_the_chart(tmp_path):
    made = run(ROOT / "scripts/deploy")
    assert made.returncode == 0, made.stderr
    assert made.stdout == (ROOT / "deploy/injector.yaml").read_text(), "run scripts/deploy > deploy/injector.yaml"
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not on the PATH")
    built = run("kubectl", "kustomize", ROOT / "deploy")
    assert built.returncode == 0, built.stderr

    def named(text):
        return sorted((t["kind"], t["metadata"]["name"], json.dumps(t, sort_keys=True)) for t in yaml.safe_load_all(text) if t)
    assert named(built.stdout) == named(made.stdout)


def prefixes_of(vocabulary):
    """What begins the labels and annotations in which a vocabulary asks, or names what is not supported."""
    names = [request["annotation"] for request in vocabulary["requests"]] + vocabulary.get("unsupported", [])
    names += [vocabulary["switch"]["label"]] if "switch" in vocabulary else []
    return {name.split("/")[0] + "/" for name in names}


def test_whoever_asks_is_asked_about():
    """The default entry's condition has the prefixes of all vocabularies, and no other."""
    entry = one("MutatingWebhookConfiguration", objects())["webhooks"][0]
    (expression,) = [c["expression"] for c in entry["matchConditions"] if c["name"] == "asks"]
    vocabularies = [json.loads(at.read_text()) for at in (ROOT / "libraries/vocabularies").glob("*.json")]
    assert len(vocabularies) >= 2
    wanted = {OWN}.union(*map(prefixes_of, vocabularies))
    assert set(re.findall(r"'([a-z.]+/)'", expression)) == wanted
    for condition in entry["matchConditions"]:  # a key that is absent is an error without them, and then nobody calls us
        assert not re.search(r"(?<!\?)\.(labels|annotations)\b(?!\.orValue)", condition["expression"])
        assert condition["expression"].count(".orValue({})") == condition["expression"].count(".?")


def test_the_entries():
    things = objects(*VARIANTS["rules"])
    entries = one("MutatingWebhookConfiguration", things)["webhooks"]
    assert [e["clientConfig"]["service"]["path"] for e in entries] == [f"/mutate/rule-{n}" for n in range(4)] + ["/mutate"]
    assert [r["name"] for r in configuration(*VARIANTS["rules"])["rules"]] == [f"rule-{n}" for n in range(4)]
    for n, entry in enumerate(entries[:-1]):
        assert entry["objectSelector"] == {"matchLabels": {"n": f"{n}"}}
        assert [c["name"] for c in entry["matchConditions"]] == ["no-mirror"]
    for entry in entries:
        assert {key: entry[key] for key in ("failurePolicy", "timeoutSeconds", "reinvocationPolicy", "sideEffects",
                                            "admissionReviewVersions", "matchPolicy")} == {
            "failurePolicy": "Ignore", "timeoutSeconds": 2, "reinvocationPolicy": "IfNeeded", "sideEffects": "None",
            "admissionReviewVersions": ["v1"], "matchPolicy": "Equivalent"}
        assert entry["rules"] == [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
                                   "resources": ["pods"], "scope": "Namespaced"}]
        assert entry["namespaceSelector"]["matchExpressions"][-1]["values"] == \
            ["kube-system", "kube-node-lease", "kube-public", "observability"]
        assert "caBundle" not in entry["clientConfig"]


def test_sidecars_have_an_entry_of_their_own():
    """For who asks in namespaces where Pod Security lets everything pass; explain can tell from the configuration."""
    options = (*VARIANTS["rules"][:1], VARIANTS["rules"][1].replace(", {\"name\": \"rule-3\"", "|").split("|")[0] + "]",
               "--set", "sidecars=true")
    things = objects(*options)
    *rules, sidecars, default = one("MutatingWebhookConfiguration", things)["webhooks"]
    assert len(rules) == 3 and sidecars["clientConfig"]["service"]["path"] == "/mutate/sidecars"
    assert sidecars["matchConditions"] == default["matchConditions"]
    assert sidecars["namespaceSelector"] == default["namespaceSelector"] | {
        "matchLabels": {"pod-security.kubernetes.io/enforce": "privileged"}}
    assert configuration(*options, "--set", "sidecarResources.requests.cpu=50m")["rules"][3] == {
        "name": "sidecars", "profile": "default", "sidecars": True, "sidecarResources": {"requests": {"cpu": "50m"}},
        "namespaceSelector": {"matchLabels": {"pod-security.kubernetes.io/enforce": "privileged"}}}
    assert "maxItems" in refused(*VARIANTS["rules"], "--set", "sidecars=true")


def test_a_node_without_time_ends_no_replica():
    """With Kubernetes' second and three tries both were restarted at once on a machine with a load of 100."""
    server = pod(objects())["containers"][0]
    assert server["readinessProbe"]["timeoutSeconds"] >= 10
    assert server["livenessProbe"]["timeoutSeconds"] * server["livenessProbe"]["failureThreshold"] >= 60


def test_a_rule_keeps_its_namespaces():
    rule = {"name": "a", "profile": "p", "namespaceSelector": {
        "matchLabels": {"team": "x"}, "matchExpressions": [{"key": "tier", "operator": "Exists"}]}}
    things = objects("--set-json", f"rules={json.dumps([rule])}", "--set", "excludedNamespaces={cni}")
    selector = one("MutatingWebhookConfiguration", things)["webhooks"][0]["namespaceSelector"]
    assert selector["matchLabels"] == {"team": "x"}
    assert selector["matchExpressions"][0] == {"key": "tier", "operator": "Exists"}
    assert selector["matchExpressions"][1]["values"][-1] == "cni"


def test_the_certificates_container_may_do_two_things():
    things = objects()
    rules = [(t["kind"], rule) for t in things if t["kind"] in ("Role", "ClusterRole") for rule in t["rules"]]
    webhook, secret = one("MutatingWebhookConfiguration", things), one("Secret", things)
    assert sorted(rules, key=lambda r: r[0]) == [
        ("ClusterRole", {"apiGroups": ["admissionregistration.k8s.io"], "resources": ["mutatingwebhookconfigurations"],
                         "resourceNames": [webhook["metadata"]["name"]], "verbs": ["get", "patch"]}),
        ("Role", {"apiGroups": [""], "resources": ["secrets"], "resourceNames": [secret["metadata"]["name"]],
                  "verbs": ["get", "patch"]})]
    assert "data" not in secret and "stringData" not in secret  # helm and kubectl take no field back that they do not own
    assert pod(things)["automountServiceAccountToken"] is False
    mounts = {c["name"]: {m["name"] for m in c["volumeMounts"]} for c in pod(things)["containers"]}
    assert mounts == {"server": {"configuration", "certificates"}, "certificate": {"certificates", "token"}}
    arguments = dict(a.removeprefix("--").split("=") for a in pod(things)["containers"][1]["args"] if "=" in a)
    assert arguments == {"namespace": "observability", "secret": secret["metadata"]["name"], "directory": "/certificates",
                         "webhook": webhook["metadata"]["name"], "service": one("Service", things)["metadata"]["name"]}


@pytest.mark.parametrize("variant", ["cert-manager", "existing"])
def test_without_it_nobody_may_do_anything(variant):
    things = objects(*VARIANTS[variant])
    assert not {t["kind"] for t in things} & {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "Secret"}
    assert [c["name"] for c in pod(things)["containers"]] == ["server"]
    assert [v for v in pod(things)["volumes"] if "projected" in v] == []
    assert one("NetworkPolicy", things)["spec"]["egress"] == []
    secret = next(v["secret"]["secretName"] for v in pod(things)["volumes"] if v["name"] == "certificates")
    client = one("MutatingWebhookConfiguration", things)
    if variant == "existing":
        assert secret == "mine" and client["webhooks"][0]["clientConfig"]["caBundle"] == "bWluZQ=="
    else:
        leaf = next(t for t in things if t["kind"] == "Certificate" and t["spec"]["secretName"] == secret)
        assert client["metadata"]["annotations"] == {
            "cert-manager.io/inject-ca-from": f"observability/{leaf['metadata']['name']}"}
        assert leaf["spec"]["dnsNames"] == ["injector.observability.svc"]


def test_the_agent_is_all_that_is_given():
    agent, traces = ("--set", "agentHost=datadog-agent.datadog.svc"), {"OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}
    assert variables("datadog", *agent) == {"DD_AGENT_HOST": "datadog-agent.datadog.svc", "DD_TRACE_AGENT_TIMEOUT": "2"}
    assert variables("opentelemetry", *agent) == {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://datadog-agent.datadog.svc:4318"} | traces
    assert variables("datadog") == {"DD_AGENT_HOST": "status.hostIP", "DD_TRACE_AGENT_TIMEOUT": "2"}
    assert variables("opentelemetry") == {"INJECTOR_AGENT_HOST": "status.hostIP",
                                          "OTEL_EXPORTER_OTLP_ENDPOINT": "http://$(INJECTOR_AGENT_HOST):4318"} | traces
    other = ("--set", "agentHost=fd00::1,agentPort=8127")
    assert variables("datadog", *other)["DD_TRACE_AGENT_PORT"] == "8127"
    assert variables("opentelemetry", *other)["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://[fd00::1]:4318"
    collector = ("--set", "otlpEndpoint=http://collector.observability.svc:4318")
    assert variables("opentelemetry", *collector) == {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector.observability.svc:4318"} | traces


def test_a_configuration_wins():
    mine = {"mountPath": "/x", "registry": "other.example", "profiles": {"default": {"variables": []}, "p": {"rename": {"A": "B"}}}}
    made = configuration(*VARIANTS["agent"], "--set-json", f"configuration={json.dumps(mine)}")
    assert made == mine | {"namespace": "observability"}
    assert configuration(*VARIANTS["agent"])["registry"] == "registry.example/observability"


def test_what_changes_the_configuration_starts_new_pods():
    """So that it is in force, and a new entry trusted, once helm says so."""
    def checksum(*options):
        return one("Deployment", objects(*options))["spec"]["template"]["metadata"]["annotations"]["checksum/configuration"]
    values = ([], VARIANTS["agent"], VARIANTS["rules"], ["--set", "catalog=x"], ["--set", "configuration.mountPath=/x"])
    assert len({checksum(*options) for options in values}) == len(values)
    assert checksum("--set", "replicas=3") == checksum()


def test_the_catalog_comes_from_the_image_or_from_a_file(tmp_path):
    def argument(things):
        return next(a for a in pod(things)["containers"][0]["args"] if a.startswith("--catalog="))
    assert argument(objects()) == "--catalog=/catalog.json"
    text = '{"schemaVersion": 1, "libraries": [], "vocabularies": [], "x": "{{ .Values }}\\u007f"}\n'
    (tmp_path / "catalog.json").write_text(text)
    things = objects("--set-file", f"catalog={tmp_path / 'catalog.json'}")
    assert argument(things) == "--catalog=/configuration/catalog.json"
    assert one("ConfigMap", things)["data"]["catalog.json"] == text


@pytest.mark.parametrize("options, said", [
    (["agenthost=x"], "agenthost"), (["agentHost=http://x"], "agentHost"), (["certificates=none"], "certificates"),
    (["certificates=existing"], "certificateSecret"), (["replicas=0"], "replicas"), (["registry=https://x"], "registry"),
    (["rules[0].name=A,rules[0].profile=p"], "rules"), (["rules[0].name=a"], "profile"),
    ([",".join(f"rules[{n}].name=a{n},rules[{n}].profile=p" for n in range(5))], "rules"),
])
def test_a_wrong_value_is_refused(options, said):
    assert said in refused(*(word for option in options for word in ("--set", option)))
