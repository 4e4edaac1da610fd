"""What the server counts, read by Prometheus' own reader."""

import shutil
import subprocess

import pytest

from reviews import review

PODS = [  # all that gives a label a value: reasons, a version, an image with what its grammar allows
    {"admission.datadoghq.com/java-lib.version": "v1"},
    {"admission.datadoghq.com/java-lib.version": "v0.\"\\\n"},
    {"admission.datadoghq.com/java-lib.custom-image": "registry.example:5000/a/b:c@sha256:" + "0" * 64},
    {"instrumentation.opentelemetry.io/inject-java": "true", "instrumentation.opentelemetry.io/inject-nginx": "true"},
    {},
]


def test_are_what_prometheus_reads(world):
    promtool = shutil.which("promtool")
    if not promtool:
        pytest.skip("promtool is not on the PATH")
    for annotations in PODS:
        pod = {"metadata": {"name": "counted", "annotations": annotations}, "spec": {"containers": [{"name": "app", "image": "app"}]}}
        review(world, pod, "default")
    status, text = world.server.get("/metrics")
    assert status == 200 and 'version="custom"' in text and 'reason="unknown-version"' in text
    done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, ""), text
