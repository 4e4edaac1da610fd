"""Signatures, against the openssl command: what is believed and what is refused, and that nothing is read before."""

import base64
import os
import re
import shutil

import pytest

import harness
from signing import (ALGORITHMS, bundler, given, keys, openssl, openssl_accepts, sign, signature,
                     signed_by_openssl, verify)
from steps import FILES, NEXT, assert_installed, flip, needs_root, needs_strace, replace, rewrite, unchanged, untouched


@pytest.fixture(params=ALGORITHMS)
def pair(request, place):
    return keys(place, request.param)


@pytest.fixture
def ed(place):
    return keys(place)


@pytest.fixture
def bundle(place):
    return harness.pack(place, FILES)


@pytest.fixture
def signed(bundle, ed):
    return sign(bundle, ed.private)


def refused(target, bundle, *argv, reason="signature-invalid", code=65, parts=("manifest.json.sig",), **kwargs):
    """Neither installed nor verified, and nothing of the target is touched."""
    with unchanged(target):
        harness.expect(harness.install(bundle, target, *argv, **kwargs), code, reason, *parts)
    assert not (target / ".injector").exists()
    return harness.expect(harness.injector("verify", "--bundle", bundle, *argv, **kwargs), code, reason, *parts)


def test_openssl_reads_what_bundler_signs(place, bundle, pair):
    sign(bundle, pair.private)
    assert openssl_accepts(pair.public, bundle, place)
    flip(bundle / "manifest.json")
    assert not openssl_accepts(pair.public, bundle, place)


def test_injector_reads_what_openssl_signs(target, bundle, pair):
    signature(bundle).write_bytes(signed_by_openssl(pair.private, bundle / "manifest.json"))
    harness.expect(verify(bundle, pair.public), 0, "verified")
    harness.expect(harness.install(bundle, target, *given([pair.public])), 0, "installed")
    harness.expect(harness.install(bundle, target, *given([pair.public])), 0, "already-installed")


def test_injector_reads_what_bundler_signs(target, bundle, pair):
    sign(bundle, pair.private)
    harness.expect(harness.install(bundle, target, *given([pair.public])), 0, "installed")


def test_one_flipped_bit_anywhere(place, pair):
    bundle = sign(harness.pack(place, {"a": "1"}), pair.private)
    for path, step in ((signature(bundle), 1), (bundle / "manifest.json", 1 if harness.LONG else 9)):
        for at in range(0, path.stat().st_size, step):
            content = path.read_bytes()
            path.write_bytes(content[:at] + bytes([content[at] ^ (1 << at % 8)]) + content[at + 1:])
            harness.expect(verify(bundle, pair.public), 65, "signature-invalid", signature(bundle))
            path.write_bytes(content)
    harness.expect(verify(bundle, pair.public), 0, "verified")


def test_unsigned(target, bundle, ed):
    line = refused(target, bundle, *given([ed.public]), reason="signature-missing")
    assert "Sign the bundle, or install from a signed image" in line


def test_by_another_key(place, target, signed, pair):
    other = keys(place, name="other")
    assert "--public-key" in refused(target, signed, *given([other.public]))
    refused(target, signed, *given([keys(place, "ECDSA P-256", "third").public]))


def test_of_another_bundle(place, target, bundle, ed):
    other = sign(harness.pack(place, NEXT, version="2.0.0"), ed.private)
    shutil.copy(signature(other), signature(bundle))
    refused(target, bundle, *given([ed.public]))


def test_rotation(place, target, signed, ed):
    other = keys(place, "ECDSA P-256", "other")
    for publics in ([ed.public, other.public], [other.public, ed.public]):
        harness.expect(verify(signed, *publics), 0, "verified")
        variable = {"INJECTOR_PUBLIC_KEY": ":".join(map(str, publics))}
        harness.expect(verify(signed, env=variable), 0, "verified")
    harness.expect(harness.install(signed, target, env=variable), 0, "installed")
    replace(signature(signed), signed_by_openssl(other.private, signed / "manifest.json"))
    harness.expect(verify(signed, *publics), 0, "verified")
    harness.expect(verify(signed, ed.public), 65, "signature-invalid")
    # An option wins over the variable, also to be stricter.
    harness.expect(verify(signed, ed.public, env=variable), 65, "signature-invalid")


def test_who_replaces_payload_and_manifest_together(place, target, signed, ed):
    evil = harness.pack(place, FILES | {"boot.py": "import evil\n"}, name="evil")
    rewrite(evil, lambda document: document.update(name="demo"))
    for own_signature in (False, True):
        shutil.copy(signature(signed), signature(evil))
        if own_signature:
            sign(evil, keys(place, name="evil").private)
        refused(target, evil, *given([ed.public]))
    harness.expect(harness.install(evil, target), 0, "installed")  # what a key is for


def test_nothing_is_believed_before(place, target, bundle, pair):
    """What a parser could be fooled by does not reach it; signed, it does."""
    for content in (b"\0garbage", b'{"schemaVersion": 2}', b"[" * 100000):
        replace(bundle / "manifest.json", content)
        signature(bundle).unlink(missing_ok=True)
        refused(target, bundle, *given([pair.public]), reason="signature-missing")
        signature(bundle).write_bytes(signed_by_openssl(keys(place, name="other").private, bundle / "manifest.json"))
        refused(target, bundle, *given([pair.public]))
        signature(bundle).write_bytes(signed_by_openssl(pair.private, bundle / "manifest.json"))
        refused(target, bundle, *given([pair.public]), reason="manifest-invalid", parts=("manifest.json",))


def test_a_signature_does_not_replace_the_hashes(target, signed, ed):
    flip(signed / "payload/agent/core/a.so")
    with unchanged(target):
        harness.expect(harness.install(signed, target, *given([ed.public])), 65, "digest-mismatch")


SIGNATURES = {
    "empty": lambda p, good: p.write_bytes(b""),
    "a newline alone": lambda p, good: p.write_bytes(b"\n"),
    "1 MB": lambda p, good: p.write_bytes(good * 10000),
    "1 MB of line ends": lambda p, good: p.write_bytes(good + b"\n" * 1000000),
    "raw": lambda p, good: p.write_bytes(bytes(range(64))),
    "not padded": lambda p, good: p.write_bytes(good.rstrip(b"=")),
    "a blank": lambda p, good: p.write_bytes(good + b" "),
    "a NUL": lambda p, good: p.write_bytes(good + b"\0"),
    "twice": lambda p, good: p.write_bytes(good + b"\n" + good),
    "PEM": lambda p, good: p.write_bytes(b"-----BEGIN SIGNATURE-----\n" + good + b"\n-----END SIGNATURE-----\n"),
    "another encoding of the same bytes": lambda p, good: p.write_bytes(good[:-3] + bytes([good[-3] + 1]) + b"=="),
}
NO_FILES = {
    "symlink": lambda p, good: (p.with_name("real").write_bytes(good), p.symlink_to("real")),
    "FIFO": lambda p, good: os.mkfifo(p),
    "directory": lambda p, good: p.mkdir(),
    "device": lambda p, good: os.mknod(p, 0o20666, os.makedev(1, 5)),  # /dev/zero
}


@pytest.mark.parametrize("kind", SIGNATURES)
def test_what_is_no_signature(target, signed, ed, kind):
    good = signature(signed).read_bytes()
    assert len(good) == 88 and good.endswith(b"==")
    SIGNATURES[kind](signature(signed), good)
    refused(target, signed, *given([ed.public]))


@pytest.mark.parametrize("kind", NO_FILES)
def test_a_signature_that_is_no_file(target, signed, ed, kind):
    if kind == "device" and os.geteuid() != 0:
        pytest.skip("needs root: makes a device")
    good = signature(signed).read_bytes()
    signature(signed).unlink()
    NO_FILES[kind](signature(signed), good)
    with unchanged(target):
        done = harness.install(signed, target, *given([ed.public]))
    assert done.returncode == 65
    assert re.match(r"injector: signature-(missing|invalid): .*manifest\.json\.sig: ", harness.last_line(done))


@pytest.mark.parametrize("write", [lambda good: good + b"\n", lambda good: good + b"\r\n", lambda good: b"\n" + good,
                                   lambda good: good[:64] + b"\n" + good[64:] + b"\n",
                                   lambda good: good[:76] + b"\r\n" + good[76:] + b"\r\n"])
def test_line_ends_in_a_signature(signed, ed, write):
    signature(signed).write_bytes(write(signature(signed).read_bytes()))
    harness.expect(verify(signed, ed.public), 0, "verified")


@needs_root
def test_a_signature_that_this_user_may_not_read(place, target, signed, ed, user):
    signature(signed).chmod(0o600)
    done = user(12345, "verify", "--bundle", signed, "--public-key", ed.public)
    harness.expect(done, 65, "signature-missing", signature(signed))


GOOD_KEYS = {
    "as openssl writes it": lambda text: text,
    "CRLF": lambda text: text.replace(b"\n", b"\r\n"),
    "no newline at the end": lambda text: text.rstrip(b"\n"),
    "empty lines around": lambda text: b"\n\n" + text + b"\n\n",
    "one long line": lambda text: b"-----BEGIN PUBLIC KEY-----\n" + b"".join(text.split(b"\n")[1:-2]) +
                                  b"\n-----END PUBLIC KEY-----\n",
}
BAD_KEYS = {
    "empty": lambda text: b"",
    "1 MB": lambda text: text + b"\n" * (1 << 20),
    "two": lambda text: text + text,
    "text behind": lambda text: text + b"x",
    "text before": lambda text: b"key:\n" + text,
    "a byte-order mark": lambda text: b"\xef\xbb\xbf" + text,
    "UTF-16": lambda text: text.decode().encode("utf-16"),
    "cut": lambda text: text[:60],
    "no end": lambda text: text.replace(b"-----END PUBLIC KEY-----", b""),
    "another end": lambda text: text.replace(b"END PUBLIC", b"END PRIVATE"),
    "not base64": lambda text: text.replace(b"\nM", b"\n*", 1),
    "a byte less": lambda text: b"\n".join([*text.split(b"\n")[:1], base64.b64encode(der(text)[:-1]), *text.split(b"\n")[2:]]),
    "a byte more": lambda text: b"\n".join([*text.split(b"\n")[:1], base64.b64encode(der(text) + b"\0"), *text.split(b"\n")[2:]]),
    "DER": lambda text: der(text),
    "private": lambda text: openssl("genpkey", "-algorithm", "ED25519"),
    "X25519": lambda text: generated("-algorithm", "X25519"),
    "Ed448": lambda text: generated("-algorithm", "ED448"),
    "RSA": lambda text: generated("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    "P-384": lambda text: generated("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"),
    "secp256k1": lambda text: generated("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"),
    "P-256 by its numbers": lambda text: generated("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt",
                                                   "ec_param_enc:explicit"),
}


def der(public):
    return openssl("pkey", "-pubin", "-pubout", "-outform", "DER", input=public)


def generated(*algorithm):
    return openssl("pkey", "-pubout", input=openssl("genpkey", *algorithm))


@pytest.mark.parametrize("kind", GOOD_KEYS)
def test_forms_of_a_key(place, bundle, pair, kind):
    sign(bundle, pair.private)
    pair.public.write_bytes(GOOD_KEYS[kind](pair.public.read_bytes()))
    harness.expect(verify(bundle, pair.public), 0, "verified")
    pair.private.write_bytes(GOOD_KEYS[kind](pair.private.read_bytes().replace(b"PRIVATE", b"PUBLIC"))
                             .replace(b"PUBLIC", b"PRIVATE"))
    sign(bundle, pair.private)
    harness.expect(verify(bundle, pair.public), 0, "verified")


@pytest.mark.parametrize("kind", BAD_KEYS)
def test_what_is_no_key(place, target, signed, ed, kind):
    bad = place / "bad.pub"
    bad.write_bytes(BAD_KEYS[kind](ed.public.read_bytes()))
    # Also beside one that fits: never one key less.
    for publics in ([bad], [ed.public, bad], [bad, ed.public]):
        refused(target, signed, *given(publics), reason="key-invalid", parts=(bad,))


@pytest.mark.parametrize("kind", NO_FILES)
def test_a_key_that_is_no_file(place, target, signed, ed, kind):
    if kind == "device" and os.geteuid() != 0:
        pytest.skip("needs root: makes a device")
    at = place / "key"
    NO_FILES[kind](at, ed.public.read_bytes())
    if kind == "symlink":  # as in a ConfigMap
        harness.expect(verify(signed, at), 0, "verified")
    else:
        refused(target, signed, *given([at]), reason="key-invalid", parts=(at,))


def test_a_key_that_is_not_there(place, target, signed, ed):
    for publics in ([place / "no"], [ed.public, place / "no"], [ed.public / "no"]):
        refused(target, signed, *given(publics), reason="key-not-found", code=66, parts=(publics[-1],))
    (place / "dangling").symlink_to("no")
    refused(target, signed, *given([place / "dangling"]), reason="key-not-found", code=66, parts=("dangling",))
    refused(target, signed, reason="key-not-found", code=66, parts=("/no/key",),
            env={"INJECTOR_PUBLIC_KEY": f"{ed.public}:/no/key"})


@needs_root
def test_a_key_that_this_user_may_not_read(signed, ed, user):
    ed.public.chmod(0o600)
    harness.expect(user(12345, "verify", "--bundle", signed, "--public-key", ed.public), 74, "io-error", ed.public)


@pytest.mark.parametrize("value", ["", ":", "FILE:", ":FILE", "FILE::FILE"])
def test_names_of_keys_that_are_empty(target, signed, ed, value):
    value = value.replace("FILE", str(ed.public))
    with untouched(target):
        harness.expect(harness.install(signed, target, "--public-key", value), 64, "usage", "--public-key")
        if value:
            done = harness.install(signed, target, env={"INJECTOR_PUBLIC_KEY": value})
            harness.expect(done, 64, "usage", "INJECTOR_PUBLIC_KEY")


def test_an_empty_variable_counts_as_unset(target, bundle):
    harness.expect(harness.install(bundle, target, env={"INJECTOR_PUBLIC_KEY": ""}), 0, "installed")


@pytest.mark.parametrize("command", ["install", "verify", "run"])
def test_every_command_that_takes_it(place, target, ed, command):
    bundle = harness.pack(place, {"tool": ("exec", "#!/bin/sh\necho ran\n")})
    argv = [command, "--log-format", "text", "--bundle", bundle, *given([ed.public])]
    argv += ["--target", target] if command == "install" else ["tool"] if command == "run" else []
    harness.expect(harness.run(harness.INJECTOR, *argv), 65, "signature-missing")
    sign(bundle, ed.private)
    done = harness.run(harness.INJECTOR, *argv)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ("ran\n" if command == "run" else "")
    if command == "install":
        done = harness.run(harness.INJECTOR, "run", "--log-format", "text", "--target", target, *given([ed.public]), "tool")
        assert (done.returncode, done.stdout) == (0, "ran\n"), done.stderr
        replace(target / "tool", b"#!/bin/sh\necho evil\n", 0o755)
        record = target / ".injector/demo/manifest.json"
        evil = harness.pack(place, {"tool": ("exec", "#!/bin/sh\necho evil\n")}, version="6.6.6")
        replace(record, (evil / "manifest.json").read_bytes())
        assert harness.run(harness.INJECTOR, "run", "--target", target, "tool").stdout == "evil\n"
        done = harness.run(harness.INJECTOR, "run", "--log-format", "text", "--target", target, *given([ed.public]), "tool")
        harness.expect(done, 65, "signature-invalid", ".injector/demo/manifest.json.sig")
        assert done.stdout == ""


@needs_strace
def test_without_keys_nothing_is_asked(place, target, signed, ed):
    """No look at the signature, and with keys none at any openssl.cnf."""
    def opened(*argv, **kwargs):
        done = harness.run("strace", "-f", "-qq", "-e", "trace=%file,read", "-o", place / "trace", harness.INJECTOR,
                           "install", "--bundle", signed, "--target", target, "--log-format", "text", *argv, **kwargs)
        assert done.returncode == 0, done.stderr
        return (place / "trace").read_text()

    assert "manifest.json.sig" not in opened()
    (place / "openssl.cnf").write_text("openssl_conf = nonsense\n[nonsense]\nproviders = nonsense\n")
    trace = opened(*given([ed.public]), env={"OPENSSL_CONF": str(place / "openssl.cnf")})
    assert "manifest.json.sig" in trace and "openssl.cnf" not in trace, trace


# The record


def record(target, name="manifest.json.sig"):
    return target / ".injector/demo" / name


def test_the_record_keeps_it(target, signed, ed):
    harness.expect(harness.install(signed, target, *given([ed.public])), 0, "installed")
    assert record(target).read_bytes() == signature(signed).read_bytes()
    assert record(target).stat().st_mode & 0o777 == 0o644
    assert harness.leftovers(target) == []
    shutil.rmtree(signed)
    harness.expect(harness.injector("verify", "--target", target, *given([ed.public])), 0, "verified")


def test_a_record_without_gets_it(target, signed, ed):
    harness.expect(harness.install(signed, target), 0, "installed")
    assert not record(target).exists()
    verify_target = ["verify", "--target", target, *given([ed.public])]
    harness.expect(harness.injector(*verify_target), 65, "signature-missing", ".injector/demo/manifest.json.sig")
    with harness_payload_untouched(target):
        harness.expect(harness.install(signed, target, *given([ed.public])), 0, "installed")
    harness.expect(harness.injector(*verify_target), 0, "verified")
    with untouched(target):
        harness.expect(harness.install(signed, target, *given([ed.public])), 0, "already-installed")
        harness.expect(harness.install(signed, target), 0, "already-installed")


class harness_payload_untouched:
    """No byte and no inode of the library changes."""

    def __init__(self, target):
        self.target = target

    def look(self):
        return {p: e for p, e in harness.identities(self.target).items() if not p.startswith(".injector")}

    def __enter__(self):
        self.before = self.look()

    def __exit__(self, *_):
        assert self.look() == self.before


WRONG_RECORDS = {"flipped": flip, "empty": lambda p: p.write_bytes(b""), "gone": os.unlink,
                 "large": lambda p: p.write_bytes(b"x" * (1 << 20)),
                 "directory": lambda p: (p.unlink(), p.mkdir(), (p / "x").write_text("x")),
                 "FIFO": lambda p: (p.unlink(), os.mkfifo(p)),
                 "symlink": lambda p: (p.unlink(), p.symlink_to("/etc/passwd"))}


@pytest.mark.parametrize("kind", WRONG_RECORDS)
def test_a_signature_of_the_record_that_is_wrong_is_mended(target, signed, ed, kind):
    harness.install(signed, target, *given([ed.public]))
    WRONG_RECORDS[kind](record(target))
    done = harness.injector("verify", "--target", target, *given([ed.public]))
    assert done.returncode == 65 and "injector: signature-" in done.stderr, done.stderr
    with harness_payload_untouched(target):
        harness.expect(harness.install(signed, target, *given([ed.public])), 0, "installed")
    harness.expect(harness.injector("verify", "--target", target, *given([ed.public])), 0, "verified")
    assert harness.leftovers(target) == []


def test_who_writes_to_the_volume_cannot_sign(place, target, signed, ed):
    harness.install(signed, target, *given([ed.public]))
    evil = harness.pack(place, FILES | {"boot.py": "import evil\n"}, version="1.0.1")
    replace(target / "boot.py", b"import evil\n")
    replace(record(target, "manifest.json"), (evil / "manifest.json").read_bytes())
    harness.expect(harness.injector("verify", "--target", target), 0, "verified")
    done = harness.injector("verify", "--target", target, *given([ed.public]))
    harness.expect(done, 65, "signature-invalid")
    harness.expect(harness.install(signed, target, *given([ed.public])), 0, "installed")
    assert (target / "boot.py").read_text() == FILES["boot.py"]


def test_an_upgrade_takes_its_signature_along(place, target, signed, ed):
    harness.install(signed, target, *given([ed.public]))
    new = sign(harness.pack(place, NEXT, version="2.0.0"), ed.private)
    harness.expect(harness.install(new, target, *given([ed.public])), 0, "installed")
    assert record(target).read_bytes() == signature(new).read_bytes()
    harness.expect(harness.injector("verify", "--target", target, *given([ed.public])), 0, "verified")
    # Without a key none is kept: one that is another version's would be a lie.
    harness.expect(harness.install(signed, target), 0, "installed")
    assert not record(target).exists()
    assert_installed(target, signed)


def test_a_dry_run_verifies_too(target, bundle, ed):
    with untouched(target):
        done = harness.install(bundle, target, "--dry-run", *given([ed.public]))
        harness.expect(done, 65, "signature-missing")
        sign(bundle, ed.private)
        harness.expect(harness.install(bundle, target, "--dry-run", *given([ed.public])), 0, "would-install")


# bundler


def test_keygen(place, target, bundle):
    private, public = place / "new.pem", place / "new.pub"
    done = bundler("keygen", "--private", private, "--public", public, umask=0o077)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(rf"bundler: generated: {public}: Ed25519, .*{private} \(exit 0\)\n", done.stderr)
    assert private.stat().st_mode & 0o7777 == 0o600 and public.stat().st_mode & 0o7777 == 0o644
    assert private.read_bytes() == openssl("pkey", "-in", private)
    assert public.read_bytes() == openssl("pkey", "-in", private, "-pubout")
    sign(bundle, private)
    assert openssl_accepts(public, bundle, place)
    harness.expect(harness.install(bundle, target, *given([public])), 0, "installed")
    bundler("keygen", "--private", place / "2.pem", "--public", place / "2.pub")
    assert (place / "2.pem").read_bytes() != private.read_bytes()


@pytest.mark.parametrize("there", ["private", "public", "both"])
def test_keygen_overwrites_nothing(place, there):
    for name in ("private", "public"):
        if there in (name, "both"):
            (place / name).write_text("precious")
    before = harness.identities(place)
    done = bundler("keygen", "--private", place / "private", "--public", place / "public")
    assert done.returncode == 73 and "name-taken" in done.stderr, done.stderr
    assert harness.identities(place) == before


def test_keygen_one_file_for_both(place):
    done = bundler("keygen", "--private", place / "key", "--public", place / "key")
    assert done.returncode == 73 and not (place / "key").exists(), done.stderr


def test_a_signature_is_reproducible(place, bundle, ed):
    first = signature(sign(bundle, ed.private)).read_bytes()
    again = sign(harness.pack(place / "again", FILES), ed.private)
    assert signature(again).read_bytes() == first
    assert signature(again).stat().st_mtime == 0 and again.stat().st_mtime == 0
    bundler("sign", "--bundle", again, "--key", ed.private, env={"SOURCE_DATE_EPOCH": "77"})
    assert signature(again).read_bytes() == first and signature(again).stat().st_mtime == 77
    assert signature(again).stat().st_mode & 0o7777 == 0o644
    assert sorted(p.name for p in again.iterdir()) == ["manifest.json", "manifest.json.sig", "payload"]


def expect_bundler(done, code, reason, *parts):
    lines = done.stderr.splitlines()
    assert done.returncode == code and len(lines) == 1, done.stderr
    assert lines[0].startswith(f"bundler: {reason}: ") and lines[0].endswith(f"(exit {code})"), lines
    for part in parts:
        assert str(part) in lines[0], lines


def test_what_is_not_signed(place, signed, ed):
    """The old signature stays, and nothing else comes."""
    with untouched(signed):
        expect_bundler(bundler("sign", "--bundle", signed, "--key", place / "no"), 66, "key-not-found", place / "no")
        expect_bundler(bundler("sign", "--bundle", place / "no", "--key", ed.private), 66, "bundle-not-found")
        expect_bundler(bundler("sign", "--bundle", place, "--key", ed.private), 66, "bundle-not-found", "manifest.json")
    rewrite(signed, lambda document: document.update(schemaVersion=2))
    with untouched(signed):
        expect_bundler(bundler("sign", "--bundle", signed, "--key", ed.private), 65, "manifest-invalid")


PRIVATE_KEYS = {
    "public": lambda ed: (ed.public.read_bytes(), "holds a PUBLIC KEY, not a PRIVATE KEY"),
    "encrypted": lambda ed: (openssl("pkcs8", "-topk8", "-in", ed.private, "-passout", "pass:x"),
                             "holds a ENCRYPTED PRIVATE KEY, not a PRIVATE KEY"),
    "SEC 1": lambda ed: (openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout"), "EC PRIVATE KEY"),
    "RSA": lambda ed: (openssl("genpkey", "-algorithm", "RSA"), "neither an Ed25519 key nor"),
    "P-384": lambda ed: (openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"), "neither"),
    "X25519": lambda ed: (openssl("genpkey", "-algorithm", "X25519"), "neither"),
    "two": lambda ed: (ed.private.read_bytes() * 2, "more than one key"),
    "text behind": lambda ed: (ed.private.read_bytes() + b"x", "text behind"),
    "bytes behind": lambda ed: (b"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhCAAAA\n"
                                b"-----END PRIVATE KEY-----\n", "PKCS #8"),
    "garbage": lambda ed: (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "PKCS #8"),
    "empty": lambda ed: (b"", "no PEM file"),
    "1 MB": lambda ed: (b"\n" * (1 << 20), "4096"),
}


@pytest.mark.parametrize("kind", PRIVATE_KEYS)
def test_what_is_no_private_key(place, bundle, ed, kind):
    content, part = PRIVATE_KEYS[kind](ed)
    (place / "bad.pem").write_bytes(content)
    with untouched(bundle):
        expect_bundler(bundler("sign", "--bundle", bundle, "--key", place / "bad.pem"), 65, "key-invalid",
                       place / "bad.pem", part)


# --minimum-version; what is older than what: core/version_order_test.cpp


@pytest.mark.parametrize("there, minimum, old", [
    ("1.0.0", "1.0.0", False), ("1.0.0", "1.0.1", True), ("1.10.0", "1.9.9", False), ("1.9.9", "1.10", True),
    ("2.0.0-rc.1", "2.0.0", True), ("2.0.0", "2.0.0-rc.1", False), ("4.12.0rc2", "4.12.0", True),
    ("1.0.0+build.9", "1.0.0+build.10", False), ("latest", "0.0.1", True)])
def test_minimum_version(place, target, ed, there, minimum, old):
    bundle = sign(harness.pack(place, {"tool": ("exec", "#!/bin/sh\necho ran\n")}, version=there), ed.private)
    argv = ["--minimum-version", minimum, *given([ed.public])]
    variable = {"INJECTOR_MINIMUM_VERSION": minimum}
    run = harness.run(harness.INJECTOR, "run", "--log-format", "text", "--bundle", bundle, *argv, "tool")
    if not old:
        harness.expect(harness.install(bundle, target, *argv), 0, "installed")
        harness.expect(harness.injector("verify", "--target", target, *argv), 0, "verified")
        harness.expect(harness.injector("verify", "--bundle", bundle, env=variable), 0, "verified")
        assert run.stdout == "ran\n"
        return
    with unchanged(target):
        harness.expect(harness.install(bundle, target, *argv), 78, "version-too-old", f"demo {there} is older than {minimum}")
        harness.expect(harness.install(bundle, target, env=variable), 78, "version-too-old")
    harness.expect(run, 78, "version-too-old")
    harness.expect(harness.injector("verify", "--bundle", bundle, *argv), 78, "version-too-old")
    harness.install(bundle, target)
    harness.expect(harness.injector("verify", "--target", target, "--minimum-version", minimum), 78, "version-too-old")


def test_a_version_of_a_bundle_that_nobody_signed_is_not_believed(target, bundle, ed):
    refused(target, bundle, "--minimum-version", "9", *given([ed.public]), reason="signature-missing")


@pytest.mark.parametrize("value", ["", "1/2", "-1", "1 2", "x" * 65])
def test_a_minimum_that_is_no_version(target, bundle, value):
    with untouched(target):
        harness.expect(harness.install(bundle, target, f"--minimum-version={value}"), 64, "usage", "--minimum-version")
