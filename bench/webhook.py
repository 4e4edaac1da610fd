"""Measures `webhook serve` beside an empty answer and beside the usual way to write a webhook (bench/webhook/peer), and
prints two tables. Called by scripts/bench webhook.

The servers take turns in every round, and the rows are medians: what else the machine does falls on all of them."""

import argparse
import json
import os
import pathlib
import platform
import signal
import socket
import statistics
import subprocess
import sys
import time

from compare import aligned, first_line

ROOT = pathlib.Path(__file__).resolve().parent.parent
TICK = os.sysconf("SC_CLK_TCK")
IMAGE = "injector-bench-webhook"
SMALL, LARGE = "6 KB", "1,500 variables"
EMPTY, OURS, USUAL = "empty answer", "webhook", "usual way"
SLOW_CPUS, SLOW_RATE = 0.1, 50

# What is to be reached: what, at most.
TARGETS = [
    ("CPU time, 6 KB, of the usual way's", 0.5),
    ("CPU time, 1,500 variables, of the usual way's", 0.5),
    ("CPU ms of a review, for 500 a second on one CPU", 2.0),
    ("ms from review to answer, 1,500 variables, median", 5.0),
    ("ms, p99 above the empty answer's, 500 a second", 5.0),
    ("MB resident", 32 * 2**20 / 1e6),
    ("errors", 0),
]


def review(variables, asks):
    """A review as an API server sends it, of a Pod as a Deployment makes it."""
    field = {"f:metadata": {"f:annotations": {".": {}}, "f:labels": {".": {}, "f:app": {}, "f:pod-template-hash": {}},
                            "f:ownerReferences": {".": {}, 'k:{"uid":"1d4a2ba9-9dd2-4b5f-8b5f-5c4d3b2a1908"}': {}}}}
    container = {
        "name": "orders", "image": "registry.example/shop/orders:4.12.1", "imagePullPolicy": "IfNotPresent",
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "env": [{"name": "JAVA_TOOL_OPTIONS", "value": "-Xmx512m"}] +
               [{"name": f"VARIABLE_{i}", "value": f"https://service-{i}.shop.svc.cluster.local:8443/api/v1/orders?tenant=example"} for i in range(variables)],
        "resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "100m", "memory": "512Mi"}},
        "livenessProbe": {"httpGet": {"path": "/live", "port": "http", "scheme": "HTTP"}, "timeoutSeconds": 1,
                          "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3},
        "volumeMounts": [{"name": "kube-api-access-x7k2p", "readOnly": True,
                          "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}],
        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}
    asked = {"admission.datadoghq.com/java-lib.version": "v1.64"} if asks else {"example.com/nothing": "asked for"}
    pod = {
        "kind": "Pod", "apiVersion": "v1",
        "metadata": {
            "generateName": "orders-7c9d8b6f5-", "creationTimestamp": None, "annotations": asked,
            "labels": {"app": "orders", "pod-template-hash": "7c9d8b6f5", "tags.datadoghq.com/service": "orders",
                       "admission.datadoghq.com/enabled": "true"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "orders-7c9d8b6f5",
                                 "uid": "1d4a2ba9-9dd2-4b5f-8b5f-5c4d3b2a1908", "controller": True,
                                 "blockOwnerDeletion": True}],
            "managedFields": [{"manager": "kube-controller-manager", "operation": "Update", "apiVersion": "v1",
                               "time": "2026-11-27T08:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": field}]},
        "spec": {
            "volumes": [{"name": "kube-api-access-x7k2p", "projected": {"defaultMode": 420, "sources": [
                {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}]}}],
            "containers": [container], "restartPolicy": "Always", "terminationGracePeriodSeconds": 30,
            "dnsPolicy": "ClusterFirst", "serviceAccountName": "default", "serviceAccount": "default",
            "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "fsGroup": 1000},
            "schedulerName": "default-scheduler", "priority": 0, "enableServiceLinks": True,
            "preemptionPolicy": "PreemptLowerPriority"},
        "status": {}}
    kind, resource = {"group": "", "version": "v1", "kind": "Pod"}, {"group": "", "version": "v1", "resource": "pods"}
    return {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "kind": kind, "resource": resource, "requestKind": kind,
        "requestResource": resource, "namespace": "shop", "operation": "CREATE",
        "userInfo": {"username": "system:serviceaccount:kube-system:replicaset-controller",
                     "groups": ["system:serviceaccounts", "system:authenticated"]},
        "object": pod, "oldObject": None, "dryRun": False,
        "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"}}}


def catalog():
    agent = {"version": "1.64.0", "image": "injector-java:dd-java-agent", "digest": "sha256:" + "1f" * 32,
             "architectures": ["amd64", "arm64"], "bytes": 25132456, "entries": 1, "environment": [
                 {"name": "JAVA_TOOL_OPTIONS", "value": "-javaagent:${target}/dd-java-agent.jar", "merge": "append",
                  "separator": " "}]}
    vocabularies = [json.loads(path.read_text()) for path in sorted((ROOT / "libraries/vocabularies").glob("*.json"))]
    return {"schemaVersion": 1, "vocabularies": vocabularies, "libraries": [
        {"name": "dd-java-agent", "names": {"datadog": "java"}, "versions": [agent]}]}


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Server:
    """One of them, as a process or, with a share of a CPU, in a container."""

    def __init__(self, name, options, cpus=None):
        self.name, self.load = name, options.load
        self.address = f"127.0.0.1:{free_port()}"
        work = options.work
        command = [options.peer, self.address, work] if name == USUAL else [
            options.webhook, "serve", "--catalog", work / "catalog.json", "--certificates", work, "--listen", self.address,
            "--metrics", f"127.0.0.1:{free_port()}", "--drain", "0"]
        self.process, self.container = None, f"{IMAGE}-{os.getpid()}-{name.replace(' ', '-')}"
        if cpus is None:
            self.container = None
            self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.pid = self.process.pid
        else:
            mounts = [f"--volume={path}:{path}:ro" for path in {str(work), str(command[0])}]
            subprocess.run(["docker", "run", "--detach", "--name", self.container, "--network=host", f"--cpus={cpus}",
                            "--log-driver=none", *mounts, IMAGE, *command], check=True, stdout=subprocess.DEVNULL)
            self.pid = int(first_line("docker", "inspect", "--format={{.State.Pid}}", self.container))

    def end(self):
        if self.container:
            subprocess.run(["docker", "rm", "--force", self.container], check=False, stdout=subprocess.DEVNULL)
        else:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def processor_time(self):
        """User and system time until now, in ms."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / TICK

    def peak(self):
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6

    def ask(self, body, requests, *options):
        """What bench/webhook/load prints, and the CPU time of a review, in ms."""
        before = self.processor_time()
        command = [self.load, "-address", self.address, "-body", body, "-requests", str(requests), *options]
        command += [] if self.name == EMPTY else ["-patched"]
        result = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        return result | {"cpu": (self.processor_time() - before) / requests}

    def await_ready(self, body):
        end = time.monotonic() + 20
        while (answer := self.ask(body, 1))["errors"]:
            if time.monotonic() > end:
                sys.exit(f"bench: {self.name}: {answer['first_error']}")
            time.sleep(0.1)


class Bench:
    def __init__(self, options):
        self.options = options
        for name, variables in ((SMALL, 30), (LARGE, 1500)):
            for asks in (True, False):
                self.body(name, asks).write_text(json.dumps(review(variables, asks), separators=(",", ":")))
        (options.work / "catalog.json").write_text(json.dumps(catalog()))

    def body(self, size, asks):
        return self.options.work / f"{'asks' if asks else 'asks not'}, {size}.json"

    def rounds(self, size, ways, cpus=None):
        """{server: {way: what ask returned, as medians}}. ways: {name: (requests, options…)}. With peak."""
        servers = []
        try:
            for name in (EMPTY, OURS, USUAL):
                servers.append(Server(name, self.options, cpus))
                servers[-1].await_ready(self.body(size, name != EMPTY))
            results = {server.name: {way: [] for way in ways} for server in servers}
            for number in range(self.options.runs):
                for way, (requests, *flags) in ways.items():
                    for server in servers if number % 2 else reversed(servers):
                        body = self.body(size, server.name != EMPTY)
                        server.ask(body, requests // 10, *flags)
                        results[server.name][way].append(server.ask(body, requests, *flags))
            return {server.name: self.medians(results[server.name]) | {"peak": server.peak()} for server in servers}
        finally:
            for server in servers:
                server.end()

    @staticmethod
    def medians(ways):
        def one(runs):
            errors = {"errors": sum(run["errors"] for run in runs), "all": runs,
                      "first_error": next((run["first_error"] for run in runs if run["errors"]), "")}
            return errors | {key: statistics.median(run[key] for run in runs) for key in ("cpu", "p50", "p99", "rate")}
        return {way: one(runs) for way, runs in ways.items()}


def ratio(results, way):
    """Of the CPU time, round by round."""
    pairs = zip(results[OURS][way]["all"], results[USUAL][way]["all"])
    return statistics.median(ours["cpu"] / max(usual["cpu"], 1e-9) for ours, usual in pairs)


def rows(title, results, columns):
    """columns: (way, key) pairs, or None for nothing."""
    for number, (name, ways) in enumerate(results.items()):
        cells = [f"{ways[at[0]][at[1]]:.{0 if at[1] == 'errors' else 2}f}" if at else "" for at in columns]
        yield [title if number == 0 else "", name, *cells, f"{ways['peak']:.1f}"]


def report_errors(results):
    for name, ways in results.items():
        for way, result in ways.items():
            if way != "peak" and result["errors"]:
                print(f"{name}, {way}: {result['errors']} errors, the first: {result['first_error']}")


def whole_machine(bench):
    """The table, and the numbers that have a target."""
    kept = {"kept": (2000, "-connections", "1")}
    small = bench.rounds(SMALL, kept | {"open": (2000, "-connections", "16", "-rate", "500"), "new": (500, "-new")})
    large = bench.rounds(LARGE, {"kept": (200, "-connections", "1"), "new": (100, "-new")})
    columns = [("kept", "cpu"), ("kept", "p50"), ("kept", "p99"), ("open", "p50"), ("open", "p99"), ("open", "errors"),
               ("new", "cpu"), ("new", "p50"), ("new", "p99")]
    print("", *aligned([
        ["", "", "one after the other", "", "", "500 a second", "", "", "new connections", "", "", ""],
        ["review", "server", "CPU ms", "p50 ms", "p99 ms", "p50 ms", "p99 ms", "errors", "CPU ms", "p50 ms", "p99 ms",
         "peak MB"],
        *rows(SMALL, small, columns),
        *rows(LARGE, large, [at if at[0] != "open" else None for at in columns])]), "", sep="\n")
    report_errors(small)
    report_errors(large)
    errors = sum(results[OURS][way]["errors"] for results in (small, large) for way in results[OURS] if way != "peak")
    return [ratio(small, "kept"), ratio(large, "kept"), small[OURS]["kept"]["cpu"], large[OURS]["kept"]["p50"],
            small[OURS]["open"]["p99"] - small[EMPTY]["open"]["p99"], max(small[OURS]["peak"], large[OURS]["peak"]), errors]


def share(bench):
    """The same in a tenth of a CPU."""
    empty = subprocess.Popen(["tar", "--create", "--files-from=/dev/null"], stdout=subprocess.PIPE)
    subprocess.run(["docker", "import", "-", IMAGE], stdin=empty.stdout, check=True, stdout=subprocess.DEVNULL)
    empty.wait()
    rate = ["-connections", "16", "-rate", str(SLOW_RATE)]
    results = bench.rounds(SMALL, {"kept": (400, *rate), "new": (400, "-new", *rate)}, SLOW_CPUS)
    columns = [(way, key) for way in ("kept", "new") for key in ("cpu", "p50", "p99", "errors")]
    print(f"{SLOW_CPUS} CPU, {SLOW_RATE} reviews a second", *aligned([
        ["", "", "kept connections", "", "", "", "new connections", "", "", "", ""],
        ["review", "server", *["CPU ms", "p50 ms", "p99 ms", "errors"] * 2, "peak MB"],
        *rows(SMALL, results, columns)]), "", sep="\n")
    report_errors(results)
    subprocess.run(["docker", "rmi", "--force", IMAGE], check=False, stdout=subprocess.DEVNULL)


def main():
    parser = argparse.ArgumentParser()
    for name in ("--webhook", "--peer", "--load", "--work"):
        parser.add_argument(name, required=True, type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, Linux {platform.release()}; {options.runs} rounds, interleaved; medians")
    print(f"load average before: {os.getloadavg()[0]:.2f}; what else runs makes the numbers worse")
    bench = Bench(options)
    reached = whole_machine(bench)
    if subprocess.run(["docker", "version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode:
        print(f"bench: no container engine here: what {SLOW_CPUS} CPU does is not measured", file=sys.stderr)
    else:
        share(bench)
    missed = 0
    for (what, most), value in zip(TARGETS, reached, strict=True):
        missed += value > most
        print(f"{'missed' if value > most else 'reached':8} {value:7.2f}, at most {most:.2f} {what}")
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
