"""Keys and certificates, by openssl: each for a name of its own or an address, self-signed or by an authority."""

import dataclasses
import pathlib

from harness import run


@dataclasses.dataclass(frozen=True)
class Certificate:
    """Where a key and its certificate lie."""

    key: pathlib.Path
    certificate: pathlib.Path

    @property
    def text(self):
        return self.certificate.read_text()

    def store(self, directory):
        """Writes both as a Secret of type kubernetes.io/tls is mounted, each file in one step."""
        for name, source in (("tls.key", self.key), ("tls.crt", self.certificate)):
            new = directory / (name + ".new")
            new.write_bytes(source.read_bytes())
            new.rename(directory / name)


def openssl(*argv):
    done = run("openssl", *argv)
    assert done.returncode == 0, done.stderr
    return done.stdout


def make_key(at):
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", at)
    return at


def self_signed(directory, name, names=("IP:127.0.0.1",), days=2):
    """A leaf that is its own anchor, as `webhook certificate` makes them. With days=-1 it has expired."""
    directory.mkdir(parents=True, exist_ok=True)
    made = Certificate(make_key(directory / f"{name}.key"), directory / f"{name}.crt")
    extensions = [f"subjectAltName={','.join(names)}", "basicConstraints=critical,CA:FALSE", "extendedKeyUsage=serverAuth"]
    request = directory / f"{name}.csr"
    openssl("req", "-new", "-key", made.key, "-out", request, "-subj", f"/CN={name}",
            *(word for extension in extensions for word in ("-addext", extension)))
    openssl("x509", "-req", "-in", request, "-signkey", made.key, "-copy_extensions", "copyall", "-days", str(days),
            "-out", made.certificate)
    return made
