"""The catalog of the tests: this repository's libraries and vocabularies, with versions and images that nobody has."""

import json

from harness import ROOT

DIGEST = "sha256:" + "1f00c2de" * 8
OLDER = "sha256:" + "0badcafe" * 8
BYTES = 25132456
VERSIONS = {  # newest first: (version, digest or "", architectures)
    "dd-java-agent": [("1.64.0", DIGEST, ["amd64"]), ("1.63.2", OLDER, ["amd64"]), ("1.63.0", OLDER, ["amd64"]),
                      ("1.9.0", "", ["amd64"]), ("0.110.0", "", ["amd64"])],
    "ddtrace": [("4.0.1", DIGEST, ["amd64", "arm64"])],
}
ONE = [("2.0.0", DIGEST, ["amd64", "arm64"])]


def image_of(library, version):
    return f"injector-{library}:{version}"


def catalog():
    """catalog.json as a dictionary."""
    libraries = []
    for at in sorted((ROOT / "libraries").glob("*/*/library.json"), key=lambda at: at.parent.name):
        library = json.loads(at.read_text())
        libraries.append({
            "name": library["name"], "names": library["names"]} | ({"sidecar": library["sidecar"]} if "sidecar" in library else {}) | {
            "versions": [{"version": version, "image": image_of(library["name"], version)}
                         | ({"digest": digest} if digest else {})
                         | {"architectures": architectures, "bytes": BYTES, "entries": 1, "environment": library["environment"]}
                         for version, digest, architectures in VERSIONS.get(library["name"], ONE)]})
    vocabularies = [json.loads(at.read_text()) for at in sorted((ROOT / "libraries/vocabularies").glob("*.json"))]
    return {"schemaVersion": 1, "libraries": libraries, "vocabularies": vocabularies}
