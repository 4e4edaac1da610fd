"""scripts/catalog: what it writes of an image is what the image says of itself."""

import json

from engine import docker, inspect
from harness import ROOT, run


def test_an_image_in_the_catalog(image_of, place):
    image = image_of("java/dd-java-agent")
    at = place / "catalog.json"
    done = run(ROOT / "scripts/catalog", "--output", at, "libraries/java/dd-java-agent")
    assert done.returncode == 0 and done.stdout.strip() == str(at), done.stderr
    found = json.loads(at.read_text())
    manifest = json.loads(docker("run", "--rm", image, "inspect", "--output", "json").stdout)
    assert [(one["name"], one["names"]) for one in found["libraries"]] == [("dd-java-agent", {"datadog": "java"})]
    about = inspect(image)
    digests = [one.partition("@")[2] for one in about["RepoDigests"]]
    version = found["libraries"][0]["versions"][0]
    assert version.pop("digest", None) == (digests[0] if digests else None)
    assert version == {"version": manifest["version"], "image": image, "architectures": [about["Architecture"]],
                       "bytes": sum(entry.get("size", 0) for entry in manifest["entries"]),
                       "entries": len(manifest["entries"]), "environment": manifest["environment"]}
    assert [one["name"] for one in found["vocabularies"]] == ["datadog", "opentelemetry"]


def test_a_library_without_an_image_is_left_out(place):
    place.joinpath("docker").write_text("#!/bin/sh\n[ \"$1\" = version ]\n")
    place.joinpath("docker").chmod(0o755)
    done = run(ROOT / "scripts/catalog", "--output", place / "catalog.json", "libraries/java/dd-java-agent",
               env={"PATH": f"{place}:/usr/bin:/bin"})
    assert done.returncode == 0 and "libraries/java/dd-java-agent is left out" in done.stderr, done.stderr
    assert json.loads(place.joinpath("catalog.json").read_text())["libraries"] == []
