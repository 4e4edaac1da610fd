"""The example Pods, as text: what a reader copies."""

import re

import pytest

from harness import ROOT

PODS = sorted((ROOT / "images/pods").glob("*.yaml"))


@pytest.mark.parametrize("pod", PODS, ids=lambda pod: pod.stem)
def test_names_its_service(pod):
    """By the variable of its library, as the Pod is called; else a backend shows unknown_service."""
    text = pod.read_text()
    name = re.search(r"^  name: (\S+)$", text, re.MULTILINE)[1]
    variable = "DD_SERVICE" if "DD_TRACE_AGENT_URL" in text else "OTEL_SERVICE_NAME"
    assert re.search(rf"- name: {variable}( #.*)?\n +value: {name}\n", text), text


@pytest.mark.parametrize("file", ["images/pods/java.yaml", "images/deployment.yaml"])
def test_readme_shows(file):
    assert f"```yaml\n{(ROOT / file).read_text()}```" in (ROOT / "README.md").read_text()
