"""The image of every library, as scripts/build --all makes it: what is in it, and that it says so."""

import json
import re
import sys

import pytest

from engine import docker, inspect, layers
from harness import ROOT, pip_packages, run, tree

LIBRARIES = sorted(f"{at.parent.parent.name}/{at.parent.name}" for at in ROOT.glob("libraries/*/*/library.json"))
RESTRICTED = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--network", "none"]
LINKED = {"openssl", "glibc", "gcc-12", "cli11", "fmtlib", "spdlog", "nlohmann-json3"}


@pytest.fixture(scope="module", params=LIBRARIES)
def library(request):
    return request.param


@pytest.fixture(scope="module")
def image(library, image_of):
    return image_of(library)


@pytest.fixture(scope="module")
def entries(image, tmp_path_factory):
    found = layers(image, tmp_path_factory.mktemp("image"))
    assert len(found) == 1, "the root is one layer"
    return found[0]


@pytest.fixture(scope="module")
def manifest(image):
    return json.loads(docker("run", "--rm", *RESTRICTED, image, "inspect", "--output", "json").stdout)


@pytest.fixture(scope="module")
def fallback(entries):
    """The manifest of the fallback, or None."""
    at = entries.get("fallback/manifest.json")
    return at and json.loads(at.content)


@pytest.fixture(scope="module")
def sbom(entries):
    return json.loads(entries["sbom.spdx.json"].content)


def locator(package):
    return package["externalRefs"][0]["referenceLocator"]


def artifacts(sbom):
    return [package for package in sbom["packages"] if package["SPDXID"].startswith("SPDXRef-Artifact-")]


def shown_of(bundle, manifest):
    """What ls says of all that a bundle holds."""
    shown = {"file": lambda e: "-rwxr-xr-x" if e["mode"] == "0755" else "-rw-r--r--",
             "directory": lambda e: "drwxr-xr-x", "symlink": lambda e: "lrwxrwxrwx"}
    payload = {f"{bundle}/payload/{e['path']}": shown[e["type"]](e) + " 0:0" for e in manifest["entries"]}
    return payload | {bundle: "drwxr-xr-x 0:0", f"{bundle}/manifest.json": "-rw-r--r-- 0:0", f"{bundle}/payload": "drwxr-xr-x 0:0"}


def test_holds_what_was_meant_and_nothing_else(entries, manifest, fallback):
    licences = {path: entry.shown for path, entry in entries.items() if path.startswith("licenses/")}
    assert set(licences.values()) <= {"-rw-r--r-- 0:0", "drwxr-xr-x 0:0"}
    bundles = shown_of("bundle", manifest) | (shown_of("fallback", fallback) if fallback else {})
    assert {path: entry.shown for path, entry in entries.items()} == licences | bundles | {
        "injector": "-rwxr-xr-x 0:0",
        "licenses": "drwxr-xr-x 0:0",
        "sbom.spdx.json": "-rw-r--r-- 0:0",
        "target": "drwxr-xr-x 65532:65532",
    }
    for bundle, of in (("bundle", manifest), ("fallback", fallback or {"entries": []})):
        payload = [path for path in entries if path.startswith(f"{bundle}/payload/") and entries[path].sha256]
        assert {e["path"]: e["sha256"] for e in of["entries"] if e["type"] == "file"} == \
            {path.removeprefix(f"{bundle}/payload/"): entries[path].sha256 for path in payload}
    assert len({e["path"].split("/")[0] for e in manifest["entries"]}) == 1, "a library switches at once"


def test_the_fallback_is_of_the_library(library, manifest, fallback, entries):
    """Small, and under every name that the environment has; Python and Go need none."""
    if library.split("/")[0] in ("python", "go"):
        assert fallback is None and not [path for path in entries if path.startswith("fallback")]
        return
    assert (fallback["name"], fallback["version"], fallback["environment"]) == (manifest["name"], "fallback", manifest["environment"])
    there = {e["path"]: e["type"] for e in fallback["entries"]}
    library_has = {e["path"]: e["type"] for e in manifest["entries"]}
    for path in re.findall(r"\$\{target\}/([^ :]+)", " ".join(v["value"] for v in fallback["environment"])):
        assert there[path] == library_has[path]
    assert sum(e.get("size", 0) for e in fallback["entries"]) <= 16 << 10


def test_times_are_normalised(entries):
    assert {entry.mtime for entry in entries.values()} == {0}


def test_is_configured_for_restricted_pods(image, library, manifest, sbom):
    config, (ecosystem, name) = inspect(image)["Config"], library.split("/")
    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == ["/injector"]
    assert not config.get("Cmd") and not config.get("Volumes") and not config.get("ExposedPorts")
    prefix = "org.opencontainers.image."
    labels = {key.removeprefix(prefix): value for key, value in config["Labels"].items() if key.startswith(prefix)}
    licences = json.loads((ROOT / f"libraries/{library}/library.json").read_text())["licenses"]
    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?|unknown", labels.pop("revision"))
    assert name in labels.pop("description")
    assert labels == {"title": f"injector-{ecosystem}", "version": manifest["version"],
                      "licenses": sbom["packages"][0]["licenseDeclared"]}
    assert set(licences.split(" AND ")) | {"Apache-2.0", "LGPL-2.1-or-later"} <= set(labels["licenses"].split(" AND "))


def test_installs_with_nothing_allowed(image, manifest, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    out.chmod(0o777)
    for reason in ("installed", "already-installed"):
        done = docker("run", "--rm", *RESTRICTED, "--user", "12345:0", "--memory", "64m", "--volume", f"{out}:/target", image)
        assert done.returncode == 0 and f"injector: {reason}: " in done.stderr, done.stderr
    assert set(tree(out, skip=(".injector",))) == {e["path"] for e in manifest["entries"]}


def test_a_volume_in_memory_counts_against_the_limit(image, manifest):
    """What does not fit is a line, and no OOM kill: in Kubernetes an emptyDir of medium Memory."""
    limit = 64 << 20
    distinct = {e["sha256"]: e["size"] for e in manifest["entries"] if e["type"] == "file"}
    done = docker("run", "--rm", *RESTRICTED, "--user", "0:0", "--memory", str(limit), "--tmpfs", "/target", image)
    fits = sum(distinct.values()) < limit
    assert done.returncode in ((0, 75) if fits else (75,)), done.stderr
    assert done.returncode == 0 or "injector: out-of-memory: /target: " in done.stderr, done.stderr


def test_sbom_names_every_artifact(library, entries, sbom):
    lock = [line.split(maxsplit=1) for line in (ROOT / f"libraries/{library}/SHA256SUMS").read_text().splitlines()]
    found = [[p["checksums"][0]["checksumValue"], p["packageFileName"]] for p in artifacts(sbom)]
    assert found == lock
    for package in artifacts(sbom):
        assert re.fullmatch(r"pkg:(maven|pypi|npm|nuget|golang)/.+@[^@]+", locator(package)), package
        assert package["versionInfo"] == locator(package).rpartition("@")[2]


def test_sbom_names_our_own_parts(entries, sbom):
    known = {package["SPDXID"]: package for package in sbom["packages"]}
    linked = [known[r["relatedSpdxElement"]] for r in sbom["relationships"]
              if (r["spdxElementId"], r["relationshipType"]) == ("SPDXRef-Program", "STATIC_LINK")]
    assert {package["name"] for package in linked} == LINKED
    assert all(locator(package).startswith(f"pkg:deb/debian/{package['name']}@") for package in linked)
    standing_in = [package for package in sbom["packages"] if package["name"] == "injector-fallback"]
    files = {path: entry.sha256 for path, entry in entries.items() if path.startswith("fallback/payload/") and entry.sha256}
    assert {p["packageFileName"][1:]: p["checksums"][0]["checksumValue"] for p in standing_in} == files
    assert {p["licenseDeclared"] for p in standing_in} <= {"Apache-2.0"}
    assert known["SPDXRef-Program"]["checksums"][0]["checksumValue"] == entries["injector"].sha256


def test_sbom_is_valid(entries, tmp_path):
    where = pip_packages("images")
    (tmp_path / "sbom.spdx.json").write_bytes(entries["sbom.spdx.json"].content)
    program = "import sys; from spdx_tools.spdx.clitools.pyspdxtools import main; sys.exit(main())"
    done = run(sys.executable, "-c", program, "--infile", tmp_path / "sbom.spdx.json", env={"PYTHONPATH": str(where)})
    assert done.returncode == 0, done.stdout + done.stderr


def test_carries_the_licences(entries, sbom):
    """Ours, those of what is linked, and what the artifacts have, at their package URL."""
    names = {locator(package).removeprefix("pkg:") for package in artifacts(sbom)}
    ours = {"LICENSE", "libssl-dev", "libc6", "gcc-12-base", "libcli11-dev", "libfmt-dev", "libspdlog-dev", "nlohmann-json3-dev"}
    files = {path.removeprefix("licenses/") for path, entry in entries.items()
             if path.startswith("licenses/") and entry.sha256}
    assert ours <= files
    for path in files - ours:
        assert any(path.startswith(name + "/") for name in names), path
