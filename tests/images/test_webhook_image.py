"""The webhook's image, as scripts/image webhook makes it."""

import json
import sys

import pytest

from engine import docker, inspect, layers
from harness import ROOT, made, pip_packages, run
from test_every_image import LINKED, RESTRICTED, locator

POD = ROOT / "images/pods/java.yaml"


@pytest.fixture(scope="module")
def image(base_image):
    return made(ROOT / "scripts/image", "webhook", timeout=1800).stdout.split()[-1]


@pytest.fixture(scope="module")
def entries(image, tmp_path_factory):
    found = layers(image, tmp_path_factory.mktemp("image"))
    assert len(found) == 1, "the root is one layer"
    return found[0]


@pytest.fixture(scope="module")
def sbom(entries):
    return json.loads(entries["sbom.spdx.json"].content)


def test_holds_what_was_meant_and_nothing_else(entries):
    assert {path: entry.shown for path, entry in entries.items() if not path.startswith("licenses/")} == {
        "webhook": "-rwxr-xr-x 0:0", "catalog.json": "-rw-r--r-- 0:0", "sbom.spdx.json": "-rw-r--r-- 0:0",
        "licenses": "drwxr-xr-x 0:0"}
    assert {entry.mtime for entry in entries.values()} == {0}
    assert entries["catalog.json"].content == (ROOT / "build/catalog.json").read_bytes()


def test_runs_where_nothing_is_allowed(image, entries):
    """With its own catalog, as any user."""
    config = inspect(image)["Config"]
    assert (config["User"], config["Entrypoint"]) == ("65532:65532", ["/webhook"])
    done = docker("run", "--rm", *RESTRICTED, "--user", "12345:0", "--memory", "32m", "--volume", f"{POD}:/pod.yaml:ro", image,
                  "explain", "-f", "/pod.yaml")
    assert done.returncode == 0 and "not-asked" in done.stdout, done.stdout + done.stderr
    labels = config["Labels"]
    assert labels["org.opencontainers.image.title"] == "injector-webhook"
    assert image == f"injector-webhook:{labels['org.opencontainers.image.version']}"


def test_says_what_it_carries(entries, sbom, tmp_path):
    known = {package["SPDXID"]: package for package in sbom["packages"]}
    linked = [known[r["relatedSpdxElement"]] for r in sbom["relationships"]
              if (r["spdxElementId"], r["relationshipType"]) == ("SPDXRef-Program", "STATIC_LINK")]
    assert {package["name"] for package in linked} == LINKED | {"boost1.81", "libyaml"}
    assert all(locator(package).startswith(f"pkg:deb/debian/{package['name']}@") for package in linked)
    assert known["SPDXRef-Program"]["checksums"][0]["checksumValue"] == entries["webhook"].sha256
    licences = {path.removeprefix("licenses/") for path, entry in entries.items() if path.startswith("licenses/") and entry.sha256}
    assert {"LICENSE", "libssl-dev", "libboost1.81-dev", "libyaml-dev"} <= licences
    (tmp_path / "sbom.spdx.json").write_bytes(entries["sbom.spdx.json"].content)
    program = "import sys; from spdx_tools.spdx.clitools.pyspdxtools import main; sys.exit(main())"
    done = run(sys.executable, "-c", program, "--infile", tmp_path / "sbom.spdx.json", env={"PYTHONPATH": str(pip_packages("images"))})
    assert done.returncode == 0, done.stdout + done.stderr
