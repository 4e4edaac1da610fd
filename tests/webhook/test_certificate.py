"""`webhook certificate`: what the chart lets it do suffices, whoever interferes, and no moment leaves the server untrusted."""

import base64
import contextlib
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import threading
import time

import pytest
import yaml

from client import PLURALS
from control_plane import free_ports
from harness import PATIENCE, ROOT, run, until
from server import WEBHOOK

SPACE = "keeping"
SECRET = f"/api/v1/namespaces/{SPACE}/secrets/injector-certificate"
OBJECT = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/injector"
RULES = '[{"name": "one", "profile": "p"}]'  # so that there are two entries
SHORT = 12  # seconds: a lifetime of which two thirds are soon over


def rendered():
    if not shutil.which("helm"):
        pytest.skip("no helm on the PATH: it renders the objects")
    done = run("helm", "template", "injector", ROOT / "charts/injector", "--namespace", SPACE, "--skip-tests",
               "--set-json", f"rules={RULES}")
    assert done.returncode == 0, done.stderr
    return [thing for thing in yaml.safe_load_all(done.stdout) if thing and thing["kind"] in PLURALS]


class Objects:
    """The chart's own, in the API server."""

    def __init__(self, client):
        self.client = client

    @property
    def secret(self):
        """The certificate in the Secret."""
        data = self.client.done("GET", SECRET).get("data", {})
        return base64.b64decode(data.get("tls.crt", "")).decode(errors="replace")

    @property
    def bundles(self):
        entries = self.client.done("GET", OBJECT)["webhooks"]
        return [base64.b64decode(entry["clientConfig"].get("caBundle", "")).decode(errors="replace") for entry in entries]

    def patch(self, path, change):
        self.client.done("PATCH", path, change, kind="application/merge-patch+json")

    def fill_secret(self, data):
        self.patch(SECRET, {"data": None})
        self.patch(SECRET, {"data": {name: base64.b64encode(value).decode() for name, value in data.items()}})

    def fill_bundles(self, text):
        entries = self.client.done("GET", OBJECT)["webhooks"]
        for entry in entries:
            entry["clientConfig"]["caBundle"] = base64.b64encode(text).decode()
        self.patch(OBJECT, {"webhooks": entries})


@pytest.fixture(scope="module")
def installed(have_webhook, client):
    """The chart's objects, but for what nobody runs here."""
    client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}})
    things = rendered()
    for thing in things:
        client.create(thing, thing["metadata"].get("namespace"))
    yield Objects(client)
    for thing in things:
        if "namespace" not in thing["metadata"]:
            client.remove(thing)


@pytest.fixture
def objects(installed):
    installed.fill_secret({})
    installed.fill_bundles(b"")
    return installed


@pytest.fixture(scope="module")
def account(installed, control_plane, tmp_path_factory):
    """What the kubelet would mount: the token of the chart's own service account, which may do what its roles say."""
    at = tmp_path_factory.mktemp("account")
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
    answer = control_plane.client.done("POST", f"/api/v1/namespaces/{SPACE}/serviceaccounts/injector/token", request)
    (at / "token").write_text(answer["status"]["token"] + "\n")
    (at / "ca.crt").write_bytes((control_plane.where / "apiserver.crt").read_bytes())
    return at


class Replica:
    """`webhook certificate` with a directory of its own."""

    def __init__(self, where, account, port, lifetime=None):
        where.mkdir(exist_ok=True)
        self.directory, self.log = where, where.with_suffix(".log")
        self.argv = [WEBHOOK, "certificate", "--namespace", SPACE, "--secret", "injector-certificate", "--webhook", "injector",
                     "--service", "injector", "--directory", where, "--account", account, "--log-format", "text"]
        self.argv += ["--lifetime", str(lifetime)] if lifetime else []
        self.environment = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(port)}

    def once(self):
        return run(*self.argv, env=self.environment)

    def __enter__(self):
        with open(self.log, "w") as log:
            self.process = subprocess.Popen([*self.argv, "--keep"], env=os.environ | self.environment, stdout=log, stderr=log)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE) == 0, self.log.read_text()

    @property
    def served(self):
        at = self.directory / "tls.crt"
        return at.read_text() if at.exists() else None


@pytest.fixture
def replica(account, control_plane, tmp_path):
    return lambda name="a", **kwargs: Replica(tmp_path / name, account, control_plane.port, **kwargs)


def is_well(objects, *replicas):
    """All serve what the Secret has, and every entry trusts it."""
    secret = objects.secret
    return secret and all(r.served == secret for r in replicas) and all(secret in bundle for bundle in objects.bundles)


def test_one_round_from_nothing(objects, replica):
    one, two = replica("one"), replica("two")
    assert one.once().returncode == 0
    assert is_well(objects, one)
    for name in ("tls.crt", "tls.key"):
        assert stat.S_IMODE((one.directory / name).stat().st_mode) == 0o640
    assert sorted(at.name for at in one.directory.iterdir()) == ["tls.crt", "tls.key"]
    text = run("openssl", "x509", "-noout", "-ext", "subjectAltName,basicConstraints,extendedKeyUsage", "-in", one.directory / "tls.crt").stdout
    assert f"DNS:injector.{SPACE}.svc\n" in text and "CA:FALSE" in text and "TLS Web Server Authentication" in text
    before = objects.bundles
    assert two.once().returncode == 0 and one.once().returncode == 0  # another Pod takes it as it is
    assert is_well(objects, one, two) and objects.bundles == before


def test_its_account_may_do_nothing_else(installed, account, control_plane):
    def may(verb, group, resource, name, space=None):
        attributes = {"verb": verb, "group": group, "resource": resource, "name": name} | ({"namespace": space} if space else {})
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": {
            "user": f"system:serviceaccount:{SPACE}:injector", "groups": ["system:serviceaccounts", "system:authenticated"],
            "resourceAttributes": attributes}}
        return control_plane.client.done("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)["status"]["allowed"]

    api, hooks = "admissionregistration.k8s.io", "mutatingwebhookconfigurations"
    assert may("get", "", "secrets", "injector-certificate", SPACE) and may("patch", api, hooks, "injector")
    assert not any((may("get", "", "secrets", "other", SPACE), may("get", "", "secrets", "injector-certificate", "default"),
                    may("list", "", "secrets", "", SPACE), may("update", "", "secrets", "injector-certificate", SPACE),
                    may("patch", api, hooks, "other"), may("delete", api, hooks, "injector"),
                    may("patch", api, "validatingwebhookconfigurations", "injector"), may("create", "", "pods", "", SPACE)))


def test_many_at_once_agree(objects, replica):
    replicas = [replica(f"{n}") for n in range(6)]
    with contextlib.ExitStack() as running:
        for one in replicas:
            running.enter_context(one)
        until(lambda: is_well(objects, *replicas))
    assert len(set(objects.bundles)) == 1


def test_renewed_and_trusted_at_every_moment(objects, replica):
    """Two replicas for two lives: whatever is served, every entry trusts it, then and when it has been read."""
    seen = []
    with replica("a", lifetime=SHORT) as one, replica("b", lifetime=SHORT) as two:
        until(lambda: is_well(objects, one, two))
        end = time.monotonic() + PATIENCE
        while len(seen) < 3 or not is_well(objects, one, two):
            assert time.monotonic() < end, (seen, one.log.read_text())
            before, served, after = objects.bundles, {one.served, two.served}, objects.bundles
            assert all(any(leaf in bundle for bundle in pair) for leaf in served for pair in zip(before, after)), (before, served, after)
            seen += [leaf for leaf in served if leaf not in seen]
            time.sleep(0.05)
    assert seen[0] not in objects.bundles[0]  # it has expired


def garbage():
    key = base64.b64encode(b"no key").decode()
    return {"empty": {}, "words": {"tls.crt": b"garbage", "tls.key": b"garbage"},
            "no certificate": {"tls.key": b"garbage"}, "large": {"tls.crt": b"\n" * 500_000, "tls.key": b"x"},
            "binary": {"tls.crt": bytes(range(256)), "tls.key": b"\0"},
            "PEM": {"tls.crt": f"-----BEGIN CERTIFICATE-----\n{key}\n-----END CERTIFICATE-----\n".encode(), "tls.key": key.encode()}}


@pytest.mark.parametrize("what", garbage())
def test_garbage_in_the_secret(objects, replica, what):
    objects.fill_secret(garbage()[what])
    objects.fill_bundles(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    one = replica()
    done = one.once()
    assert done.returncode == 0, done.stderr
    assert is_well(objects, one)
    assert all(bundle == objects.secret for bundle in objects.bundles)


def test_a_key_that_does_not_fit(objects, replica):
    one = replica()
    assert one.once().returncode == 0
    first = objects.secret
    objects.patch(SECRET, {"data": {"tls.key": base64.b64encode(run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt",
                                                                       "ec_paramgen_curve:P-256").stdout.encode()).decode()}})
    two = replica("two")
    assert two.once().returncode == 0
    assert is_well(objects, two) and objects.secret != first
    assert first in objects.bundles[0]  # the first Pod still serves it


def test_what_somebody_empties_comes_back(objects, replica):
    with replica(lifetime=60) as one:  # which looks every two seconds
        until(lambda: is_well(objects, one))
        served = one.served
        objects.fill_bundles(b"")
        until(lambda: is_well(objects, one))
        objects.fill_secret({})
        until(lambda: is_well(objects, one))
        assert one.served == served  # nothing new had to be trusted


class Gate:
    """A port in front of the API server that can be closed."""

    def __init__(self, port):
        self.behind, self.open = port, False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                if not self.open:
                    connection.close()
                    continue
                behind = socket.create_connection(("127.0.0.1", self.behind))
                for pair in ((connection, behind), (behind, connection)):
                    threading.Thread(target=self.carry, args=pair, daemon=True).start()

    @staticmethod
    def carry(source, to):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                to.sendall(data)
            to.shutdown(socket.SHUT_WR)


def test_the_api_server_is_away_and_comes_back(objects, account, control_plane, tmp_path):
    gate = Gate(control_plane.port)
    with Replica(tmp_path / "a", account, gate.port, lifetime=60) as one:
        until(lambda: "127.0.0.1" in one.log.read_text())
        assert one.served is None
        gate.open = True
        until(lambda: is_well(objects, one))
        served, gate.open = one.served, False
        objects.fill_secret({})
        until(lambda: one.log.read_text().count("127.0.0.1") >= 2)
        assert one.served == served
        gate.open = True
        until(lambda: is_well(objects, one))
    assert one.log.read_text().count("127.0.0.1") == 2  # a problem is told when it begins, not at every look


@pytest.mark.parametrize("broken", ["token", "ca.crt", "no token"])
def test_an_account_that_is_wrong_and_changes(objects, account, control_plane, tmp_path, broken):
    mine = tmp_path / "account"
    shutil.copytree(account, mine)
    at = mine / broken.split()[-1]
    right = at.read_text()
    at.write_text("wrong")
    if broken == "no token":
        at.unlink()
    one = Replica(tmp_path / "a", mine, control_plane.port)
    done = one.once()
    assert done.returncode == 69 and "api-failed" in done.stderr and one.served is None, done
    with one:
        until(lambda: one.log.read_text())
        at.write_text(right)
        until(lambda: is_well(objects, one))


@pytest.mark.parametrize("host, port, code", [("", "443", 64), ("localhost", "443", 69), ("127.0.0.1", "x", 69), ("::1", "1", 69)])
def test_an_address_that_is_wrong(have_webhook, account, tmp_path, host, port, code):
    one = Replica(tmp_path / "a", account, port)
    one.environment["KUBERNETES_SERVICE_HOST"] = host
    done = one.once()
    assert done.returncode == code and done.stderr.startswith("webhook: "), done


def test_what_answers_is_no_api_server(objects, account, tmp_path):
    """Its certificate is not the authority's: it never sees the token."""
    (port,) = free_ports(1)
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    assert run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-addext", "subjectAltName=IP:127.0.0.1",
               "-keyout", key, "-out", certificate).returncode == 0
    with subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-key", key, "-cert", certificate, "-quiet"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        one = Replica(tmp_path / "a", account, port)
        until(lambda: "TLS: " in one.once().stderr, server)
        server.kill()
        assert "Bearer" not in server.stdout.read()


def test_applied_again_nothing_is_taken_away(objects, replica, account, control_plane, tmp_path):
    """kubectl and helm leave alone what they did not write: no upgrade conflicts, or makes a gap."""
    one = replica()
    assert one.once().returncode == 0
    before = (objects.secret, objects.bundles)
    token = (control_plane.where / "tokens").read_text().split(",")[0]
    (tmp_path / "config").write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "x",
        "clusters": [{"name": "x", "cluster": {"server": f"https://127.0.0.1:{control_plane.port}",
                                               "certificate-authority": str(account / "ca.crt")}}],
        "users": [{"name": "x", "user": {"token": token}}], "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}]}))
    for _ in range(2):
        done = run("helm", "upgrade", "--install", "injector", ROOT / "charts/injector", "--namespace", SPACE, "--take-ownership",
                   "--set-json", f"rules={RULES}", "--kubeconfig", tmp_path / "config")
        assert done.returncode == 0, done.stderr
        assert (objects.secret, objects.bundles) == before
    run("helm", "uninstall", "injector", "--namespace", SPACE, "--kubeconfig", tmp_path / "config")
    # what the fixtures take away at the end
    for thing in rendered():
        objects.client.ask("POST", objects.client.path(thing, thing["metadata"].get("namespace")), thing)
