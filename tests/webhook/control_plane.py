"""etcd and kube-apiserver without a node, at ports of their own on the loopback: up in seconds."""

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import tempfile

from certificates import openssl, self_signed
from client import Client
from harness import until

PROGRAMS = os.environ.get("INJECTOR_TEST_KUBERNETES")
AUDIT = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": [
    {"level": "Metadata", "resources": [{"group": "", "resources": ["pods"]}], "verbs": ["create"]}, {"level": "None"}]}


def program(name):
    """Where etcd or kube-apiserver is; None where it is not."""
    return shutil.which(name, path=PROGRAMS)


def missing():
    """Why there can be no control plane here, or None."""
    for name in ("etcd", "kube-apiserver"):
        if not program(name):
            where = f"in INJECTOR_TEST_KUBERNETES={PROGRAMS}" if PROGRAMS else "on the PATH, and INJECTOR_TEST_KUBERNETES names no directory"
            return f"no Kubernetes: {name} is not {where}"
    return None


def free_ports(count):
    """Ports that nobody has now."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [s.getsockname()[1] for s in sockets]


class ControlPlane:
    """Both programs while the context lasts, and a client that may do everything."""

    def __init__(self, where):
        self.where, self.processes = where, []
        self.audit_log = where / "audit.log"

    def __enter__(self):
        self.port, store, peer = free_ports(3)
        self.data = tempfile.mkdtemp(prefix="etcd-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else self.where)
        token = secrets.token_hex(16)
        (self.where / "tokens").write_text(f"{token},test,test,system:masters\n")
        (self.where / "tokens").chmod(0o600)
        (self.where / "audit.json").write_text(json.dumps(AUDIT))
        serving = self_signed(self.where, "apiserver")
        openssl("genrsa", "-out", self.where / "accounts.key", "2048")
        self.client = Client(self.port, token, serving.certificate)
        try:
            self.start("etcd", f"--data-dir={self.data}", "--unsafe-no-fsync", f"--listen-client-urls=http://127.0.0.1:{store}",
                       f"--advertise-client-urls=http://127.0.0.1:{store}", f"--listen-peer-urls=http://127.0.0.1:{peer}")
            self.start("kube-apiserver", f"--etcd-servers=http://127.0.0.1:{store}", f"--secure-port={self.port}",
                       "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none",
                       f"--tls-cert-file={serving.certificate}", f"--tls-private-key-file={serving.key}",
                       f"--token-auth-file={self.where / 'tokens'}", "--anonymous-auth=false", "--authorization-mode=RBAC", "--allow-privileged",
                       "--service-account-issuer=https://kubernetes.default.svc",
                       f"--service-account-key-file={self.where / 'accounts.key'}",
                       f"--service-account-signing-key-file={self.where / 'accounts.key'}",
                       f"--audit-policy-file={self.where / 'audit.json'}", f"--audit-log-path={self.audit_log}")
            until(self.ready, self.processes[-1])
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self, name, *argv):
        with open(self.where / f"{name}.log", "w") as log:
            self.processes.append(subprocess.Popen([program(name), *argv], stdout=log, stderr=log, stdin=subprocess.DEVNULL))

    def ready(self):
        with contextlib.suppress(OSError):
            return self.client.ask("GET", "/readyz").accepted
        return False

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.kill()
            process.wait()
        shutil.rmtree(self.data)

    def audited(self, answer):
        """The annotations that the audit log has of a request."""
        found = []

        def written():
            found[:] = [event for event in map(json.loads, self.audit_log.read_text().splitlines(True))
                        if event["auditID"] == answer.audit_id]
            return found

        until(written)
        return found[0].get("annotations", {})
