"""An image whose bundle is signed: by bundler, and by whatever else prints a signature."""

import pytest

from engine import docker, inspect, layers
from harness import BUNDLER, ROOT, expect, made, run

LIBRARY = "java/opentelemetry-javaagent"


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    where = tmp_path_factory.mktemp("keys")
    assert run(BUNDLER, "keygen", "--private", where / "key.pem", "--public", where / "key.pub").returncode == 0
    where.chmod(0o755)
    return where


@pytest.fixture(scope="module")
def signed(image_of, keys):
    """signed(option, value) makes it; afterwards the name is the unsigned one's again."""
    image = image_of(LIBRARY)
    unsigned = inspect(image)["Id"]

    def make(*signing):
        assert made(ROOT / "scripts/image", *signing, f"libraries/{LIBRARY}", timeout=1800).stdout.split()[-1] == image
        made_id = inspect(image)["Id"]
        docker("tag", unsigned, image)
        return made_id

    yield make
    docker("tag", unsigned, image)


def verify(image, key):
    return docker("run", "--rm", "--volume", f"{key}:/key.pub:ro", image, "verify", "--public-key", "/key.pub",
                  "--log-format", "text")


def test_signed_by_bundler(image_of, signed, keys, tmp_path):
    expect(verify(image_of(LIBRARY), keys / "key.pub"), 65, "signature-missing")
    image = signed("--key", keys / "key.pem")
    expect(verify(image, keys / "key.pub"), 0, "verified")
    found, unsigned = layers(image, tmp_path), layers(image_of(LIBRARY), tmp_path)
    assert len(found) == 1, "the root is one layer"
    manifests = [path for path in unsigned[0] if path.endswith("/manifest.json") and path.count("/") == 1]
    assert found[0].keys() - unsigned[0].keys() == {f"{path}.sig" for path in manifests}
    assert all(entry.sha256 == unsigned[0][path].sha256 for path, entry in found[0].items() if path in unsigned[0])
    assert {found[0][f"{path}.sig"].shown for path in manifests} == {"-rw-r--r-- 0:0"}
    assert {entry.mtime for entry in found[0].values()} == {0}
    assert not (ROOT / "build/signatures" / LIBRARY.split("/")[1]).exists(), "a plain docker build would take it"


def test_signed_by_a_command(signed, keys):
    command = f"f() {{ openssl pkeyutl -sign -inkey '{keys}/key.pem' -rawin -in \"$1\" | base64; }}; f"
    expect(verify(signed("--sign", command), keys / "key.pub"), 0, "verified")
