"""Random Pods that the API server takes, mostly: it knows the schema, and likes what is rare, strange or absent."""

LIBRARIES = {"admission.datadoghq.com/{}-lib.version": ["java", "js", "python", "rust"],
             "admission.datadoghq.com/{}-lib.custom-image": ["java", "python"],
             "admission.datadoghq.com/c1.{}-lib.version": ["java", "python"],
             "admission.datadoghq.com/all-lib.{}": ["version", "config.v1"],
             "instrumentation.opentelemetry.io/inject-{}": ["java", "nodejs", "python", "dotnet", "go", "nginx"],
             "instrumentation.opentelemetry.io/{}-container-names": ["java", "python"]}
VALUES = ["v1", "latest", "1.64.0", "1", "v2", "4.0.1", "true", "false", "jdk", "attributes", "", "c0", "c1,c0", "i0", "c0,,nobody", " ", "ü", "a/b:1", "x" * 300]
NAMES = ["JAVA_TOOL_OPTIONS", "PYTHONPATH", "NODE_OPTIONS", "DOTNET_STARTUP_HOOKS", "DD_SERVICE", "DD_AGENT_HOST", "OTEL_RESOURCE_ATTRIBUTES",
         "OTEL_SERVICE_NAME", "INJECTOR_JAVA_TOOL_OPTIONS", "INJECTOR_PYTHONPATH", "JDK_JAVA_OPTIONS", "A", "a.b-c", "_", "x y" * 2]
TEXTS = ["", "-Xmx1g", "$(A)", "$$(A)", "$(JAVA_TOOL_OPTIONS)", "-javaagent:/injector/dd-java-agent.jar", "ü\t\"\\", "\u2028", "y" * 3000, "/injector/ddtrace", ":"]
ATTRIBUTES = ["", "service.name=own, team=a=b", "a=1,service.name=own", "service.name.other=1", "team=1,team=2,$(A)", "x"]
AMOUNTS = {"cpu": ["1", "500m", "0.5", "1e3", 2, "1k"], "memory": ["64Mi", "128974848", "129e6", "129M", "123Mi", 67108864, "16Mi", "1.5Gi", "100000000000m"],
           "ephemeral-storage": ["1Gi", "10Mi", "1e12", "1P"], "hugepages-2Mi": ["4Mi"], "example.com/gpu": ["1"]}
MOUNTS = ["/data", "/injector", "/injector/", "/injector/x", "/injectorx", "/target", "/", "/a b", "/ü", "/var/run/secrets/kubernetes.io/serviceaccount"]


class Pods:
    """One random generator's worth of them."""

    def __init__(self, random):
        self.r = random

    def some(self, most, make):
        return [make() for _ in range(self.r.randint(0, most))]

    def maybe(self, chance, **fields):
        """Each field with this chance: what its function makes; now and then null, which is the same as absent."""
        made = {}
        for key, make in fields.items():
            if self.r.random() < chance:
                made[key] = None if self.r.random() < 0.03 else make()
        return made

    def pick(self, *things):
        return self.r.choice(things)

    def unknown(self):
        """A field of no version of Kubernetes, so that what passes reviews on has to keep it."""
        if self.r.random() > 0.1:
            return {}
        return {self.pick("newField", "x-ü", "sub/path~1"): self.pick(1.5, None, [], {}, "text", [{"name": "injector"}], {"a": [{"b": None}]}, 2**53 + 1, -0.0)}

    def variable(self):
        source = self.pick("value", "value", "value", "value", "none", "configMapKeyRef", "secretKeyRef", "fieldRef", "resourceFieldRef", "fileKeyRef")
        optional = self.maybe(0.3, optional=lambda: self.pick(True, False))
        made = {"name": self.r.choice(NAMES)} | self.unknown()
        if source == "value":
            return made | {"value": self.r.choice(ATTRIBUTES if made["name"] == "OTEL_RESOURCE_ATTRIBUTES" else TEXTS)}
        froms = {"configMapKeyRef": {"name": "m", "key": "k"} | optional, "secretKeyRef": {"name": "s", "key": "k"} | optional,
                 "fieldRef": {"fieldPath": "metadata.name"}, "resourceFieldRef": {"resource": "limits.cpu"},
                 "fileKeyRef": {"volumeName": "v0", "path": "p", "key": "K"} | optional}
        return made if source == "none" else made | {"valueFrom": {source: froms[source]}}

    def amounts(self):
        return {name: self.r.choice(values) for name, values in AMOUNTS.items() if self.r.random() < (0.5 if name in ("cpu", "memory") else 0.1)}

    def resources(self):
        limits, requests = self.amounts(), self.amounts()
        return self.pick({}, {"limits": limits}, {"requests": limits}, {"requests": limits, "limits": limits}, {"requests": requests, "limits": limits})

    def security(self, whole):
        fields = {"runAsUser": lambda: self.pick(0, 1, 65532), "runAsNonRoot": lambda: self.pick(True, False),
                  "seccompProfile": lambda: {"type": self.pick("RuntimeDefault", "Unconfined")}}
        if whole:
            return self.maybe(0.3, **fields, fsGroup=lambda: 5, sysctls=list, supplementalGroups=lambda: [1, 2])
        return self.maybe(0.3, **fields, readOnlyRootFilesystem=lambda: True, allowPrivilegeEscalation=lambda: self.pick(True, False),
                          capabilities=lambda: {"drop": ["ALL"]}, privileged=lambda: False)

    def mount(self, volumes):
        return {"name": self.r.choice(volumes), "mountPath": self.r.choice(MOUNTS)} | self.maybe(0.2, readOnly=lambda: True, subPath=lambda: "s")

    def container(self, name, volumes, init):
        more = {"env": lambda: self.some(5, self.variable), "envFrom": lambda: self.some(2, self.source), "resources": self.resources,
                "volumeMounts": lambda: self.some(2, lambda: self.mount(volumes)) if volumes else [], "securityContext": lambda: self.security(False)}
        rare = {"command": lambda: ["sh"], "args": list, "workingDir": lambda: "/", "terminationMessagePolicy": lambda: "FallbackToLogsOnError",
                "ports": lambda: [{"containerPort": 80} | self.maybe(0.3, hostPort=lambda: 80)], "imagePullPolicy": lambda: self.pick("Never", "IfNotPresent"), "tty": lambda: True,
                "resizePolicy": lambda: [{"resourceName": "cpu", "restartPolicy": "NotRequired"}]}
        made = {"name": name, "image": self.pick("app", "registry.example/tuned:1", "a/b@sha256:" + "0" * 64)}
        made |= self.maybe(0.5, **more) | self.maybe(0.1, **rare) | self.unknown()
        if volumes and self.r.random() < 0.05:
            made["volumeDevices"] = [{"name": self.r.choice(volumes), "devicePath": self.pick("/injector", "/injector/x", "/dev/x")}]
        return made | (self.maybe(0.3, restartPolicy=lambda: "Always") if init else self.maybe(0.1, livenessProbe=lambda: {"exec": {"command": ["a"]}}))

    def source(self):
        return {self.pick("configMapRef", "secretRef"): {"name": "m"} | self.maybe(0.3, optional=lambda: True)} | self.maybe(0.2, prefix=lambda: "P_")

    def volume(self, name):
        if name == "v0":  # what fileKeyRef reads
            return {"name": name, "emptyDir": {}}
        return {"name": name} | self.pick({"emptyDir": {}}, {"emptyDir": {"medium": "Memory"}}, {"configMap": {"name": "m", "items": None}}, {"secret": {"secretName": "s"}},
                                          {"hostPath": {"path": "/"}}, {"persistentVolumeClaim": {"claimName": "c"}}, {"image": {"reference": "i"}}, {"downwardAPI": {"items": []}}, {}, {"projected": {"sources": None}})

    def annotations(self):
        made = {}
        for _ in range(self.r.randint(0, 3)):
            pattern = self.r.choice(list(LIBRARIES))
            made[pattern.format(self.r.choice(LIBRARIES[pattern]))] = self.r.choice(VALUES)
        return made | self.maybe(0.1, **{
            "injector/env-from": lambda: self.pick("JAVA_TOOL_OPTIONS", "PYTHONPATH, A,", ","), "injector/status": lambda: "injected", "injector/reasons": lambda: "x",
            "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes": lambda: self.pick("", "v0", "v0,injector", ","),
            "instrumentation.opentelemetry.io/otel-go-auto-target-exe": lambda: self.pick("/app/hello", "$(A)", "ü"),
            "kubectl.kubernetes.io/default-container": lambda: self.pick("c1", "nobody", ""),
            "instrumentation.opentelemetry.io/otel-python-platform": lambda: self.pick("musl", "glibc", "other")})

    def metadata(self):
        names = self.pick({"name": "p"}, {"generateName": "p-"}, {"name": "p", "generateName": "q-"})
        owner = {"apiVersion": "apps/v1", "kind": self.pick("ReplicaSet", "Job"), "name": self.pick("shop-7d4b9c6f5d", "n-29043302", "o"), "uid": "u"}
        sure = self.pick({"admission.datadoghq.com/java-lib.version": "v1"}, {"admission.datadoghq.com/python-lib.version": "latest"},
                         {"instrumentation.opentelemetry.io/inject-nodejs": "true"}, {"instrumentation.opentelemetry.io/inject-java": "attributes"})
        asked = {"annotations": sure | self.annotations()} if self.r.random() < 0.7 else self.maybe(0.7, annotations=self.annotations)
        if asked.get("annotations") and self.r.random() < 0.2:
            asked["annotations"] |= {"instrumentation.opentelemetry.io/inject-go": "true", "instrumentation.opentelemetry.io/otel-go-auto-target-exe": "/app/hello"}
        return names | asked | self.unknown() | self.maybe(
            0.3, labels=lambda: self.maybe(0.4, **{"admission.datadoghq.com/enabled": lambda: self.pick("true", "false", "yes", ""),
                                                   "tags.datadoghq.com/service": lambda: self.pick("shop", ""), "app.kubernetes.io/name": lambda: "n",
                                                   "pod-template-hash": lambda: self.pick("7d4b9c6f5d", "")}),
            ownerReferences=lambda: [owner], finalizers=lambda: ["example.com/f"])

    def affinity(self):
        expression = {"key": self.pick("kubernetes.io/os", "kubernetes.io/arch", "zone"), "operator": self.pick("In", "NotIn"),
                      "values": [self.pick("linux", "amd64", "arm64")]}
        return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}}

    def spec(self):
        volumes = [self.pick("v0", f"v{at}", "injector") if self.r.random() < 0.1 else f"v{at}" for at in range(self.r.randint(0, 3))]
        special = lambda name: self.pick("injector-dd-java-agent", "istio-proxy", name) if self.r.random() < 0.05 else name  # noqa: E731
        made = {"containers": [self.container(special(f"c{at}"), volumes, False) for at in range(self.r.randint(1, 3))]}
        inits = [self.container(special(f"i{at}"), volumes, True) for at in range(self.r.randint(0, 2))]
        made |= {"volumes": [self.volume(name) for name in volumes]} if volumes else self.maybe(0.3, volumes=list)
        made |= {"initContainers": inits} if inits else self.maybe(0.3, initContainers=list)
        return made | self.unknown() | self.maybe(
            0.1, nodeSelector=lambda: self.pick({}, {"kubernetes.io/arch": "amd64"}, {"kubernetes.io/os": "linux", "zone": "a"}), affinity=self.affinity,
            hostNetwork=lambda: self.pick(True, False), hostUsers=lambda: False, os=lambda: {"name": self.pick("linux", "linux", "windows")}, hostPID=lambda: True,
            imagePullSecrets=lambda: self.pick([], [{"name": "registry"}], [{}], [{"name": "a"}]), automountServiceAccountToken=lambda: False,
            restartPolicy=lambda: self.pick("Never", "OnFailure"), schedulingGates=lambda: [{"name": "g"}], shareProcessNamespace=lambda: self.pick(True, False),
            terminationGracePeriodSeconds=lambda: 0, tolerations=lambda: [{"operator": "Exists"}], hostname=lambda: "h", priority=lambda: 0,
            dnsConfig=lambda: {"options": [{"name": "a"}]}, readinessGates=lambda: [{"conditionType": "a/b"}], hostAliases=lambda: [{"ip": "1.2.3.4"}],
            topologySpreadConstraints=list, activeDeadlineSeconds=lambda: 1,
            resources=lambda: {"limits": {"memory": self.pick("64Mi", "4Gi", "16Mi")}, "requests": {"cpu": "10m"}}) | self.maybe(
            0.4, securityContext=lambda: self.security(True))

    def pod(self):
        return {"metadata": self.metadata(), "spec": self.spec()} | self.unknown()
