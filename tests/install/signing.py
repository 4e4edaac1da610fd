"""What the tests of signatures share: keys, and the openssl command as the second implementation."""

import base64
import subprocess

import harness

GENERATE = {
    "Ed25519": ["-algorithm", "ED25519"],
    "ECDSA P-256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
}
ALGORITHMS = list(GENERATE)


def openssl(*argv, input=None):
    """What it prints, as bytes."""
    return subprocess.run(["openssl", *map(str, argv)], input=input, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE).stdout


class Keys:
    """A pair in files: private and public."""

    def __init__(self, where, name, *algorithm):
        self.private, self.public = where / f"{name}.pem", where / f"{name}.pub"
        openssl("genpkey", *algorithm, "-out", self.private)
        openssl("pkey", "-in", self.private, "-pubout", "-out", self.public)


def keys(where, algorithm="Ed25519", name=None):
    return Keys(where, name or algorithm.replace(" ", "-"), *GENERATE[algorithm])


def signature(bundle):
    return bundle / "manifest.json.sig"


def bundler(*argv, **kwargs):
    return harness.run(harness.BUNDLER, *argv, **kwargs)


def sign(bundle, key):
    done = bundler("sign", "--bundle", bundle, "--key", key)
    assert done.returncode == 0, done.stderr
    return bundle


def signed_by_openssl(key, content):
    """The base64 text of its signature."""
    if b"ED25519" in openssl("pkey", "-in", key, "-noout", "-text"):
        return base64.b64encode(openssl("pkeyutl", "-sign", "-inkey", key, "-rawin", "-in", content))
    return base64.b64encode(openssl("dgst", "-sha256", "-sign", key, content))


def openssl_accepts(public, bundle, scratch):
    raw = scratch / "raw.sig"
    raw.write_bytes(base64.b64decode(signature(bundle).read_bytes(), validate=True))
    manifest = bundle / "manifest.json"
    if b"ED25519" in openssl("pkey", "-pubin", "-in", public, "-noout", "-text"):
        argv = ["pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-in", manifest, "-sigfile", raw]
    else:
        argv = ["dgst", "-sha256", "-verify", public, "-signature", raw, manifest]
    return harness.run("openssl", *argv).returncode == 0


def verify(bundle, *publics, **kwargs):
    return harness.injector("verify", "--bundle", bundle, *given(publics), **kwargs)


def given(publics):
    return [part for public in publics for part in ("--public-key", public)]
