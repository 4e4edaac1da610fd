"""The library in a target, the applications that it gets into, and the runtimes that run them."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import urllib.request

import pytest

from harness import PATIENCE, ROOT, install, run

APPS = ROOT / "build/apps/dotnet"
LIBRARY = "libraries/dotnet/opentelemetry-dotnet"
FRAMEWORKS = ["net8.0", "net10.0"]
FOREIGN = re.compile(r"(DOTNET|CORECLR|OTEL|INJECTOR)_|PORT$|.*_proxy$", re.IGNORECASE)
UNAVAILABLE = 69  # what scripts/ecosystems/dotnet.sh ends with where there is no SDK, or no package to be had
SDK = {name: os.environ[name] for name in ("INJECTOR_DOTNET", "INJECTOR_NUGET_SOURCE") if name in os.environ}


def made(*argv):
    """Runs a script of ours that needs an SDK, or packages."""
    done = run(*argv, env=SDK, timeout=600)
    if done.returncode == UNAVAILABLE:
        pytest.skip(done.stderr.strip().split("\n")[-1])
    assert done.returncode == 0, done.stderr
    return done


def environment(**variables):
    """The caller's, without what would reach into a .NET application, and with variables."""
    return {k: v for k, v in os.environ.items() if not FOREIGN.match(k)} | variables


@pytest.fixture(scope="session")
def apps():
    made(ROOT / "tests/apps/dotnet/build", *(ROOT / "tests" / at for at in ("apps/dotnet", "dotnet/console", "dotnet/instrumented")))
    return APPS


@pytest.fixture(scope="session", params=FRAMEWORKS)
def framework(request, apps):
    major = request.param.removeprefix("net").removesuffix(".0")
    if f"Microsoft.AspNetCore.App {major}." not in run(apps / "runtime/dotnet", "--list-runtimes").stdout:
        pytest.skip(f"the SDK has no runtime of ASP.NET Core {major}")
    return request.param


@pytest.fixture(scope="session")
def sdk():
    """The directory of the SDK."""
    at = SDK.get("INJECTOR_DOTNET") or os.path.dirname(os.path.realpath(shutil.which("dotnet") or "/"))
    if not os.access(os.path.join(at, "dotnet"), os.X_OK):
        pytest.skip("no .NET SDK: neither dotnet on the PATH nor INJECTOR_DOTNET")
    return at


@pytest.fixture(scope="session")
def bundle(tmp_path_factory):
    made(ROOT / "scripts/fetch", LIBRARY)
    made(ROOT / "scripts/compile", LIBRARY)
    at = tmp_path_factory.mktemp("dotnet") / "bundle"
    made(ROOT / "scripts/bundle", LIBRARY, at)
    return at


@pytest.fixture(scope="session")
def installed(bundle, tmp_path_factory):
    """A target that has the library. Not to be written to."""
    at = tmp_path_factory.mktemp("dotnet") / "target"
    at.mkdir()
    done = install(bundle, at)
    assert done.returncode == 0, done.stderr
    return at


@pytest.fixture
def target(bundle, tmp_path):
    """A target of the test's own, to be damaged."""
    at = tmp_path / "target"
    at.mkdir()
    done = install(bundle, at)
    assert done.returncode == 0, done.stderr
    return at


def hooked(target, intake=None, **variables):
    """What `injector env` says that the application needs, and where the collector is."""
    done = run(ROOT / "build/bin/injector", "env", "--target", target, "--mount", target, "--output", "json")
    assert done.returncode == 0, done.stderr
    ours = {entry["name"]: entry["value"] for entry in json.loads(done.stdout)}
    return environment(**ours, **({"OTEL_EXPORTER_OTLP_ENDPOINT": intake.url} if intake else {}), **variables)


@pytest.fixture(scope="session")
def old_dotnet(tmp_path_factory):
    """A runtime that it does not fit: .NET Core 3.1, as PyPI has it."""
    at = ROOT / "build/dotnet-3.1"
    if not (at / "dotnetcore2").is_dir():
        done = run(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action", "ignore",
                   "--no-deps", "--only-binary", ":all:", "--target", at, "dotnetcore2==3.1.23", timeout=300)
        if done.returncode:
            pytest.skip(".NET Core 3.1 is not to be had: " + done.stderr.strip().split("\n")[-1])
    dotnet = at / "dotnetcore2/bin/dotnet"
    dotnet.chmod(0o755)
    return dotnet


@pytest.fixture
def old_console(apps, tmp_path):
    """The program without ASP.NET Core, for that runtime."""
    shutil.copytree(apps / "console/netstandard2.0", tmp_path / "app")
    (tmp_path / "app/console.runtimeconfig.json").write_text(json.dumps({"runtimeOptions": {
        "tfm": "netcoreapp3.1", "framework": {"name": "Microsoft.NETCore.App", "version": "3.1.0"},
        "configProperties": {"System.Globalization.Invariant": True}}}))
    return tmp_path / "app/console.dll"


def console(framework, env, *tasks, dotnet=(APPS / "runtime/dotnet",)):
    """The program without ASP.NET Core; env is all that it gets."""
    return subprocess.run([*dotnet, APPS / "console" / framework / "console.dll", *tasks], env=env, timeout=PATIENCE, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)


class Hello:
    """The web application: hello, on the runtime of a framework."""

    def __init__(self, framework, env, tmp_path, folder=None):
        self.folder, self.env, self.stderr = folder or APPS / "hello" / framework, env, tmp_path / "stderr"

    def __enter__(self):
        with open(self.stderr, "w", encoding="utf-8") as stderr:
            self.process = subprocess.Popen([APPS / "runtime/dotnet", self.folder / "hello.dll"], env=self.env | {"PORT": "0"},
                                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("hello: listening at port "), line + self.said()
        self.url = "http://127.0.0.1:" + line.split()[-1]
        return self

    def __exit__(self, *_):
        """SIGTERM, as a kubelet sends it."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.code = self.process.wait(PATIENCE)
        finally:
            self.process.kill()

    def get(self, path):
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(self.url + path, timeout=PATIENCE) as answer:
            return answer.read().decode()

    def said(self):
        return pathlib.Path(self.stderr).read_text(encoding="utf-8")
