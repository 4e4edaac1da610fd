"""cosign reads our signatures and we read cosign's."""

import shutil

import pytest

import harness
from signing import ALGORITHMS, keys, openssl, sign, signature, verify
from steps import FILES, flip


@pytest.fixture
def cosign(place):
    """cosign(command, …), without a network: no transparency log, no password."""
    if shutil.which("cosign") is None:
        pytest.skip("no cosign on the PATH: go install github.com/sigstore/cosign/v2/cmd/cosign@latest")

    def run(*argv):
        return harness.run("cosign", *argv, cwd=place, env={"COSIGN_PASSWORD": "", "HOME": str(place)})

    return run


@pytest.fixture
def bundle(place):
    return harness.pack(place, FILES)


def cosign_accepts(cosign, public, bundle):
    done = cosign("verify-blob", "--insecure-ignore-tlog", "--key", public, "--signature", signature(bundle),
                  bundle / "manifest.json")
    assert ("Verified OK" in done.stderr) == (done.returncode == 0), done.stderr
    return done.returncode == 0


def cosign_signs(cosign, key, bundle, *more):
    done = cosign("sign-blob", "--yes", "--tlog-upload=false", "--key", key, *more, bundle / "manifest.json")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_cosign_reads_what_bundler_signs(place, bundle, cosign, algorithm):
    pair = keys(place, algorithm)
    sign(bundle, pair.private)
    assert cosign_accepts(cosign, pair.public, bundle)
    flip(bundle / "manifest.json")
    assert not cosign_accepts(cosign, pair.public, bundle)


def test_injector_reads_what_cosign_signs(place, target, bundle, cosign):
    """With a key of its own, as a file and as it prints it."""
    assert cosign("generate-key-pair").returncode == 0
    cosign_signs(cosign, "cosign.key", bundle, "--output-signature", signature(bundle))
    assert cosign_accepts(cosign, "cosign.pub", bundle)
    harness.expect(harness.install(bundle, target, "--public-key", place / "cosign.pub"), 0, "installed")
    signature(bundle).write_text(cosign_signs(cosign, "cosign.key", bundle))
    harness.expect(verify(bundle, place / "cosign.pub"), 0, "verified")
    harness.expect(verify(bundle, keys(place, "ECDSA P-256").public), 65, "signature-invalid")


def test_both_sign_with_one_key(place, bundle, cosign):
    pair = keys(place, "ECDSA P-256")
    assert cosign("import-key-pair", "--key", pair.private, "--output-key-prefix", "imported").returncode == 0
    assert openssl("pkey", "-pubin", "-in", place / "imported.pub") == pair.public.read_bytes()
    cosign_signs(cosign, "imported.key", bundle, "--output-signature", signature(bundle))
    harness.expect(verify(bundle, pair.public), 0, "verified")
    sign(bundle, pair.private)
    assert cosign_accepts(cosign, "imported.pub", bundle)


def test_the_private_key_of_cosign_is_for_cosign(place, bundle, cosign):
    assert cosign("generate-key-pair").returncode == 0
    done = harness.run(harness.BUNDLER, "sign", "--bundle", bundle, "--key", place / "cosign.key")
    assert done.returncode == 65 and "holds a ENCRYPTED SIGSTORE PRIVATE KEY, not a PRIVATE KEY" in done.stderr
