"""The README's Pod in a real cluster, under restricted Pod Security."""

import json
import random
import re

import pytest

from cluster import done, until
from engine import build_image
from harness import ROOT

SNIPPET = ROOT / "images/pods/java.yaml"
INJECTOR, APP = "registry.example/injector-java:1.0.0", "registry.example/java-app:1.0.0"
AGENT = "http://datadog-agent.datadog.svc:8126"
JAR = "dd-java-agent.jar"


def snippet(injector=INJECTOR, app=APP, agent=AGENT):
    """The README's Pod with other image names and another agent's address, and nothing else changed."""
    text = SNIPPET.read_text()
    for old, new in ((INJECTOR, injector), (APP, app), (AGENT, agent)):
        assert text.count(old) == 1, f"{old} must be there once"
        text = text.replace(old, new)
    return text


def init_status(pod):
    return pod["status"].get("initContainerStatuses", [{}])[0]


def spans(namespace):
    return json.loads(namespace.get("intake", 8126, "/spans") or "[]")


def ask(namespace):
    assert until("the application answers", lambda: namespace.get("java-app", 8080, "/hello")) == "hello\n"


def assert_traced(namespace):
    """The agent that our lock names reports itself, and a request gives a span."""
    lock = (ROOT / "libraries/java/dd-java-agent/SHA256SUMS").read_text()
    version = re.search(r" dd-java-agent-(.+)\.jar$", lock, re.MULTILINE).group(1)
    ask(namespace)
    agents = until("the agent reports itself", lambda: json.loads(namespace.get("intake", 8126, "/agents") or "[]"))
    assert agents[0]["language"] == "jvm" and agents[0]["tracer"].split("~")[0] == version, agents
    span = until("a span", lambda: spans(namespace), seconds=60)[0]
    assert (span["operation"], span["resource"], span["status"], span["error"]) == \
        ("servlet.request", "GET /hello", 200, False), span


def test_readme_shows_this_pod():
    assert f"```yaml\n{SNIPPET.read_text()}```" in (ROOT / "README.md").read_text()


def test_snippet_sets_what_the_manifest_says(java_image):
    wanted = done("docker", "run", "--rm", java_image, "env", "--output", "kubernetes")
    pairs = [line.strip() for line in wanted.splitlines() if line.strip() and not line.strip().startswith("#")]
    assert pairs
    assert [pair for pair in pairs if pair.removeprefix("- ") not in SNIPPET.read_text()] == []


def test_application_is_traced(namespace, intake, injector_image, app_image, tmp_path):
    namespace.apply(tmp_path, snippet(injector_image, app_image, intake))
    assert_traced(namespace)
    pod = namespace.pod("java-app")
    status = init_status(pod)
    assert pod["spec"]["initContainers"][0]["resources"]["limits"] == {"cpu": "50m", "memory": "64Mi"}
    assert status["restartCount"] == 0, status
    assert status["state"]["terminated"]["message"].startswith("injector: installed: "), status


@pytest.mark.parametrize("fs_group", [False, True], ids=["uid", "uid-and-fsGroup"])
def test_any_uid(namespace, intake, injector_image, app_image, tmp_path, fs_group):
    """A uid that no image knows, as OpenShift gives them, for both containers."""
    pod = namespace.parsed(tmp_path, snippet(injector_image, app_image, intake))
    uid = random.randrange(1_000_000_000, 2_000_000_000)
    pod["spec"]["securityContext"] |= {"runAsUser": uid, "runAsGroup": 0} | ({"fsGroup": uid} if fs_group else {})
    namespace.apply(tmp_path, pod)
    assert_traced(namespace)


def test_without_the_injector_no_span(namespace, intake, app_image, tmp_path):
    """The proof that the other tests prove something: the application's image holds no tracer."""
    pod = namespace.parsed(tmp_path, snippet(app=app_image, agent=intake))
    del pod["spec"]["initContainers"], pod["spec"]["volumes"], pod["spec"]["containers"][0]["volumeMounts"]
    pod["spec"]["containers"][0]["env"] = [v for v in pod["spec"]["containers"][0]["env"] if v["name"] != "JAVA_TOOL_OPTIONS"]
    namespace.apply(tmp_path, pod)
    ask(namespace)
    with pytest.raises(AssertionError, match="not within"):
        until("a span", lambda: spans(namespace), seconds=10)


@pytest.fixture
def damaged_image(java_image, load, tmp_path):
    """The image with one byte of the library flipped."""
    container = done("docker", "create", java_image).strip()
    try:
        done("docker", "cp", f"{container}:/bundle/payload/{JAR}", tmp_path / JAR)
    finally:
        done("docker", "rm", container)
    content = bytearray((tmp_path / JAR).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / JAR).write_bytes(content)
    (tmp_path / "Dockerfile").write_text(f"FROM {java_image}\nCOPY {JAR} /bundle/payload/{JAR}\n")
    return load(build_image("injector-test-build-damaged", context=tmp_path), "damaged")


def test_damaged_bundle_keeps_the_pod_in_init(namespace, damaged_image, app_image, tmp_path):
    namespace.apply(tmp_path, snippet(damaged_image, app_image))

    def ended():
        status = init_status(namespace.pod("java-app"))
        return status.get("state", {}).get("terminated") or status.get("lastState", {}).get("terminated")

    end = until("the init container ends", ended)
    assert end["exitCode"] == 65, end
    line = end["message"].removesuffix("\n")
    assert line.startswith("injector: digest-mismatch: ") and f"payload/{JAR}: SHA-256 is " in line, line
    assert line.endswith(" (exit 65)") and "\n" not in line and len(line) <= 1024, line
    pod = namespace.pod("java-app")
    assert pod["status"]["phase"] == "Pending"
    assert pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "PodInitializing"
    assert "injector: digest-mismatch: " in namespace.kubectl("describe", "pod", "java-app")
