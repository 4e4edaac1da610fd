"""bundler catalog: versions and vocabularies come into catalog.json, and a mistake leaves it as it was."""

import hashlib
import json
import threading

import pytest

import harness

VOCABULARIES = sorted(harness.ROOT.glob("libraries/vocabularies/*.json"))
LIBRARIES = sorted(at.parent for at in harness.ROOT.glob("libraries/*/*/library.json"))
SIDECAR = {"program": "a/agent", "capabilities": ["KILL"], "variable": "PROGRAM"}
ENVIRONMENT = [{"name": "A", "value": "${target}/a", "merge": "append", "separator": " "}]


def catalog(place, *options):
    return harness.run(harness.BUNDLER, "catalog", "--catalog", place / "catalog.json", *options)


def contents(place):
    return json.loads((place / "catalog.json").read_text())


def library(place, name="demo", **keys):
    at = place / "libraries" / name
    document = {"name": name, "version": "1", "artifacts": [], "environment": ENVIRONMENT} | keys
    harness.write_tree(at, {"library.json": json.dumps(document)})
    return at


def manifest(place, version, name="demo", sizes=(1, 2)):
    digest = hashlib.sha256().hexdigest()
    entries = [{"path": f"f{i}", "type": "file", "mode": "0644", "size": size, "sha256": digest}
               for i, size in enumerate(sizes)]
    at = place / f"{name}-{version}.json"
    at.write_text(json.dumps({"schemaVersion": 1, "name": name, "version": version, "environment": ENVIRONMENT,
                              "entries": entries}))
    return at


def add(place, version, *options, name="demo", image="injector-x:demo", **keys):
    return catalog(place, "--library", library(place, name, **keys), "--manifest", manifest(place, version, name),
                   "--image", image, *options)


def test_a_version(place):
    done = add(place, "1.2.3", "--digest", "sha256:" + "a" * 64, "--architecture", "arm64", "--architecture", "amd64",
               names={"words": "snake"}, sidecar=SIDECAR)
    assert done.returncode == 0 and done.stdout == ""
    assert done.stderr == f"bundler: catalogued: {place}/catalog.json: demo 1.2.3 (exit 0)\n"
    assert contents(place) == {"schemaVersion": 1, "vocabularies": [], "libraries": [{
        "name": "demo", "names": {"words": "snake"}, "sidecar": SIDECAR, "versions": [{
            "version": "1.2.3", "image": "injector-x:demo", "digest": "sha256:" + "a" * 64,
            "architectures": ["amd64", "arm64"], "bytes": 3, "entries": 2, "environment": ENVIRONMENT}]}]}


def test_the_architecture_is_this_machines_in_the_words_of_kubernetes(place):
    assert add(place, "1").returncode == 0
    machine = harness.run("uname", "-m").stdout.strip()
    words = {"x86_64": "amd64", "aarch64": "arm64"}
    assert contents(place)["libraries"][0]["versions"][0]["architectures"] == [words.get(machine, machine)]


def test_versions_stand_newest_first_and_libraries_by_name(place):
    for version in ["1.9.0", "1.10.0", "1.10.0-rc1", "0.2"]:
        assert add(place, version).returncode == 0
    assert add(place, "7", name="another").returncode == 0
    first, second = contents(place)["libraries"]
    assert first["name"] == "another"
    assert [one["version"] for one in second["versions"]] == ["1.10.0", "1.10.0-rc1", "1.9.0", "0.2"]


def test_the_same_version_is_replaced(place):
    for version, image in ("1.0", "a:1"), ("2.0", "a:2"), ("1.0.0", "a:3"):
        assert add(place, version, image=image).returncode == 0
    versions = contents(place)["libraries"][0]["versions"]
    assert [(one["version"], one["image"]) for one in versions] == [("2.0", "a:2"), ("1.0.0", "a:3")]


def test_what_library_json_says_holds_for_all_versions(place):
    add(place, "1", names={"words": "snake"})
    add(place, "2", names={"words": "python"})
    assert contents(place)["libraries"][0]["names"] == {"words": "python"}


def test_vocabularies(place):
    assert add(place, "1").returncode == 0
    options = [text for path in VOCABULARIES for text in ("--vocabulary", path)]
    done = catalog(place, *options)
    assert done.returncode == 0, done.stderr
    assert "the vocabulary datadog, the vocabulary opentelemetry (exit 0)" in done.stderr
    assert contents(place)["vocabularies"] == [json.loads(path.read_text()) for path in VOCABULARIES]
    before = (place / "catalog.json").read_bytes()
    assert catalog(place, *options).returncode == 0
    assert (place / "catalog.json").read_bytes() == before


def test_every_library_has_a_word_and_none_shares_it(place):
    for at in LIBRARIES:
        done = catalog(place, "--library", at, "--manifest", manifest(place, "1", at.name), "--image",
                       f"injector-{at.parent.name}:{at.name}", *(x for v in VOCABULARIES for x in ("--vocabulary", v)))
        assert done.returncode == 0, done.stderr
    found = contents(place)
    assert {one["name"] for one in found["libraries"]} == {at.name for at in LIBRARIES}
    assert all(set(one["names"]) <= {v["name"] for v in found["vocabularies"]} and one["names"]
               for one in found["libraries"])
    assert [one["name"] for one in found["libraries"] if "sidecar" in one] == ["opentelemetry-go"]
    words = {(vocabulary, word) for one in found["libraries"] for vocabulary, word in one["names"].items()}
    for vocabulary in found["vocabularies"]:
        assert all((vocabulary["name"], one["library"]) in words for one in vocabulary["selections"])


@pytest.mark.parametrize("options, code, text", [
    ([], 64, "--manifest or --vocabulary is required"),
    (["--manifest", "M"], 64, "--library"),
    (["--library", "L", "--vocabulary", "V"], 64, "--manifest"),
    (["--manifest", "M", "--library", "L", "--image", "registry.example:5000/a:b"], 64, "no image without registry"),
    (["--manifest", "M", "--library", "L", "--image", "a", "--digest", "sha256:ab"], 64, "no digest"),
    (["--manifest", "M", "--library", "L", "--image", "a", "--architecture", "AMD"], 64, "no architecture"),
    (["--manifest", "M", "--library", "L", "--image", "a", "--architecture", "b", "--architecture", "b"], 65,
     "stands out of order, or twice"),
    (["--manifest", "absent", "--library", "L", "--image", "a"], 66, "input-not-found: absent: does not exist"),
    (["--manifest", "O", "--library", "L", "--image", "a"], 65, "is of other, not of demo"),
    (["--manifest", "W", "--library", "W2", "--image", "a"], 65, "two that are called snake in words"),
    (["--vocabulary", "M"], 65, "manifest-invalid"),
    (["--vocabulary", "absent"], 66, "absent: does not exist"),
])
def test_a_mistake_leaves_the_catalog_as_it_was(place, options, code, text):
    assert add(place, "1", names={"words": "snake"}).returncode == 0
    before = (place / "catalog.json").read_bytes()
    paths = {"M": manifest(place, "2"), "L": place / "libraries/demo", "V": VOCABULARIES[0],
             "O": manifest(place, "1", "other"), "W": manifest(place, "1", "third"),
             "W2": library(place, "third", names={"words": "snake"})}
    names = set(place.iterdir())
    done = catalog(place, *(paths.get(option, option) for option in options))
    assert done.returncode == code and text in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert (place / "catalog.json").read_bytes() == before
    assert set(place.iterdir()) == names


@pytest.mark.parametrize("present, text", [("", "is not JSON"), ("[]", "an object is missing"),
                                           ('{"schemaVersion": 2, "libraries": [], "vocabularies": []}', "is not 1")])
def test_a_catalog_that_is_none_is_not_overwritten(place, present, text):
    (place / "catalog.json").write_text(present)
    done = add(place, "1")
    assert done.returncode == 65 and text in done.stderr
    assert (place / "catalog.json").read_text() == present


def test_where_there_is_no_directory(place):
    done = harness.run(harness.BUNDLER, "catalog", "--catalog", place / "absent/catalog.json", "--vocabulary",
                       VOCABULARIES[0])
    assert done.returncode == 73 and "target-missing" in done.stderr


@pytest.mark.parametrize("keys, text", [({"names": 1}, "names: an object is missing"),
                                        ({"names": {"words": "a.b"}}, "names.words is not [a-z0-9]"),
                                        ({"names": {"W": "a"}}, "is no vocabulary's name"),
                                        ({"sidecar": 1}, "sidecar: an object is missing"),
                                        ({"sidecar": SIDECAR | {"program": "/a"}}, "program is no path in a payload")])
def test_words_that_cannot_be(place, keys, text):
    done = add(place, "1", **keys)
    assert done.returncode == 65 and text in done.stderr, done.stderr
    assert not (place / "catalog.json").exists()


def test_readers_find_the_old_catalog_or_the_new_one_whole(place):
    assert add(place, "1").returncode == 0
    over, seen = threading.Event(), []

    def read():
        while not over.is_set():
            seen.append(len(contents(place)["libraries"][0]["versions"]))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in range(2, 12):
            assert add(place, str(number)).returncode == 0
    finally:
        over.set()
        reader.join()
    assert seen == sorted(seen) and len(contents(place)["libraries"][0]["versions"]) == 11
