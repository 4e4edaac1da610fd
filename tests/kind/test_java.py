"""The README's Pod: what happens to that Pod when something is wrong."""

import random

import pytest

from cluster import done, until
from engine import build_image
from rows import ROWS, assert_traced

ROW, JAR = ROWS[0], "dd-java-agent.jar"


def test_fs_group(namespace, intake, java_image, load, load_app, tmp_path):
    """A volume whose group, and modes, the kubelet sets."""
    pod = namespace.parsed(tmp_path, ROW.pod(load(java_image, ROW.library), load_app("java"), intake.url))
    uid = random.randrange(1_000_000_000, 2_000_000_000)
    pod["spec"]["securityContext"] |= {"runAsUser": uid, "runAsGroup": 0, "fsGroup": uid}
    namespace.apply(tmp_path, pod)
    assert_traced(ROW, java_image, intake, namespace, "java-app")


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


def init_status(pod):
    return pod["status"].get("initContainerStatuses", [{}])[0]


def test_damaged_bundle_keeps_the_pod_in_init(namespace, damaged_image, load_app, tmp_path):
    namespace.apply(tmp_path, ROW.pod(damaged_image, load_app("java")))

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
