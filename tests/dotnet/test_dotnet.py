"""OpenTelemetry for .NET: what the startup hook does in unchanged applications, and where it steps aside."""

import json
import os
import re
import shutil
import socket
import subprocess

import pytest

from conftest import APPS, LIBRARY, SDK, Hello, console, environment, hooked, made
from harness import PATIENCE, ROOT, run

pytestmark = pytest.mark.usefixtures("otlp")
LINE = "opentelemetry-dotnet: not tracing: "


def stepped_aside(stderr, reason):
    """One line, and that reason in it."""
    assert stderr.startswith(LINE) and stderr.count("\n") == 1, stderr
    assert re.search(reason, stderr), stderr


# Spans

def test_a_request_gives_its_spans(framework, installed, intake, tmp_path):
    with Hello(framework, hooked(installed, intake), tmp_path) as hello:
        assert hello.get("/relay") == "hello\n"
    assert hello.code == 0 and hello.said() == ""
    spans = {(span["kind"], span["operation"]): span for span in intake.spans(3)}
    assert set(spans) == {("server", "GET /relay"), ("client", "GET"), ("server", "GET /hello")}
    relay, client, inner = (spans[key] for key in (("server", "GET /relay"), ("client", "GET"), ("server", "GET /hello")))
    assert {(s["service"], s["status"], s["error"], s["language"]) for s in spans.values()} == {("hello", 200, False, "dotnet")}
    assert (client["parent_id"], inner["parent_id"]) == (relay["span_id"], client["span_id"])


def test_without_the_environment_there_is_no_span(framework, intake, tmp_path):
    with Hello(framework, environment(OTEL_EXPORTER_OTLP_ENDPOINT=intake.url), tmp_path) as hello:
        assert hello.get("/relay") == "hello\n"
    assert hello.code == 0 and hello.said() == ""
    assert intake.spans(1, seconds=1) == []


def test_the_standard_variables_rule(framework, installed, intake):
    env = hooked(installed, intake, OTEL_SERVICE_NAME="shop", OTEL_TRACES_SAMPLER="always_off")
    assert console(framework, env, "sql").stderr == ""
    env = hooked(installed, intake, OTEL_SERVICE_NAME="shop")
    assert console(framework, env, "sql").stderr == ""
    assert [span["service"] for span in intake.spans(1)] == ["shop"]


def test_a_query_gives_its_span(framework, installed, intake):
    """By what SqlClient would tell: neither it nor a database is to be had here."""
    done = console(framework, hooked(installed, intake), "sql")
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")
    [span] = intake.spans(1)
    assert (span["service"], span["kind"]) == ("console", "client")
    assert span["meta"]["db.namespace"] == "shop" and span["meta"]["server.address"] == "db.example"


def test_a_program_without_aspnet(framework, installed, intake):
    """It has no Microsoft.Extensions.*, which OpenTelemetry needs: they are found beside its runtime, and not shown to it."""
    look = ("OpenTelemetry.Sdk, OpenTelemetry", "Microsoft.Extensions.Options.Options, Microsoft.Extensions.Options")
    done = console(framework, hooked(installed, intake), f"get={intake.url}/spans", *("look=" + name for name in look))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "[]" + "".join(f"{name}: absent\n" for name in look) + "done\n"
    [span] = intake.spans(1)
    assert (span["service"], span["kind"], span["operation"], span["status"]) == ("console", "client", "GET", 200)


def test_a_crash_reports_its_spans(framework, installed, intake):
    done = console(framework, hooked(installed, intake), "sql", "crash")
    assert done.returncode == -6 and "as ordered" in done.stderr and LINE not in done.stderr
    assert len(intake.spans(1)) == 1


def test_the_applications_own_hook_runs_too(framework, installed, intake, apps):
    own = str(apps / "console" / framework / "console.dll")
    script = run(ROOT / "build/bin/injector", "env", "--target", installed, "--mount", installed, "--output", "shell").stdout
    merged = subprocess.run(["bash", "-euc", script + "\nenv -0"], text=True, check=True, stdout=subprocess.PIPE,
                            env=environment(DOTNET_STARTUP_HOOKS=own, DOTNET_ADDITIONAL_DEPS="/none", DOTNET_SHARED_STORE="/none"))
    env = dict(entry.split("=", 1) for entry in merged.stdout.split("\0") if entry)
    assert env["DOTNET_STARTUP_HOOKS"] == f"{own}:{installed}/opentelemetry-dotnet/Injector.StartupHook.dll"
    done = console(framework, env | {"OTEL_EXPORTER_OTLP_ENDPOINT": intake.url}, "sql")
    assert (done.stdout, done.stderr) == ("hook of its own\ndone\n", "")
    assert len(intake.spans(1)) == 1


# What it does not do to an application

@pytest.mark.parametrize("answers", ["refused", "silent"])
def test_a_collector_that_is_not_there_delays_no_exit(framework, installed, answers, tmp_path):
    """It gives up long before the ten minutes that the exporter is told to wait for an answer."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if answers == "silent":
            listener.listen()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with Hello(framework, hooked(installed, OTEL_EXPORTER_OTLP_ENDPOINT=url, OTEL_EXPORTER_OTLP_TIMEOUT="600000"), tmp_path) as hello:
            assert hello.get("/hello") == "hello\n"
        assert hello.code == 0 and hello.said() == ""


@pytest.mark.parametrize("variable", ["OTEL_SDK_DISABLED=true", "OTEL_TRACES_EXPORTER=none"])
def test_disabled_is_silent(framework, installed, intake, variable):
    done = console(framework, hooked(installed, intake, **dict([variable.split("=")])), f"get={intake.url}/spans", "sql")
    assert (done.stdout, done.stderr) == ("[]done\n", "")
    assert intake.spans(1, seconds=1) == []


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_disabled_it_opens_nothing_but_the_hook(framework, installed, intake, tmp_path):
    """And where it traces, what it is made of: so this would be seen."""
    def opened(**variables):
        done = console(framework, hooked(installed, intake, **variables), dotnet=[
            "strace", "-f", "-qq", "-o", tmp_path / "trace", "-e", "trace=openat", APPS / "runtime/dotnet"])
        assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
        found = re.findall(rf'"{installed}/opentelemetry-dotnet/(.*?)".* = \d', (tmp_path / "trace").read_text())
        return {name for name in found if name.endswith(".dll") and not name.startswith("store")}  # the host's, on .NET 8

    assert opened(OTEL_SDK_DISABLED="true") == {"Injector.StartupHook.dll"}
    assert f"{framework}/OpenTelemetry.dll" in opened()


def test_the_sdk_itself_is_left_alone(installed, intake, sdk):
    """Silently, even where an application would get a line."""
    for command in ("--version", "--info", "msbuild -version"):
        done = run(os.path.join(sdk, "dotnet"), *command.split(),
                   env=hooked(installed, intake, OTEL_TRACES_EXPORTER="console", DOTNET_ROOT=sdk, DOTNET_NOLOGO="1", DOTNET_CLI_TELEMETRY_OPTOUT="1"))
        assert (done.returncode, done.stderr) == (0, ""), command
    assert intake.spans(1, seconds=1) == []


# Where it steps aside

def test_an_application_that_brings_opentelemetry(framework, installed, intake, apps):
    done = subprocess.run([apps / "runtime/dotnet", apps / "instrumented" / framework / "instrumented.dll", intake.url + "/spans"],
                          env=hooked(installed, intake), timeout=PATIENCE, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stdout) == (0, "[]")
    stepped_aside(done.stderr, "brings OpenTelemetry itself")
    assert [span["service"] for span in intake.spans(1)] == ["its-own"], "its own span, once"


def truncate(tree, name):
    at = tree / name
    os.truncate(at, at.stat().st_size // 2)


DAMAGES = {
    "a missing tree": (shutil.rmtree, r"Injector\.Tracing\.dll is missing"),
    "a missing assembly": (lambda tree: (tree / "OpenTelemetry.Api.dll").unlink(), r"FileNotFound.*OpenTelemetry\.Api,"),
    "a missing instrumentation": (lambda tree: (tree / "OpenTelemetry.Instrumentation.AspNetCore.dll").unlink(), "FileNotFound"),
    "a truncated assembly": (lambda tree: truncate(tree, "OpenTelemetry.dll"), "BadImageFormat"),
    "a truncated start": (lambda tree: truncate(tree, "Injector.Tracing.dll"), "BadImageFormat"),
    "an empty assembly": (lambda tree: os.truncate(tree / "OpenTelemetry.Exporter.OpenTelemetryProtocol.dll", 0), "BadImageFormat"),
    "an unreadable tree": (lambda tree: (tree / "OpenTelemetry.dll").write_text("no assembly\n" * 100), "BadImageFormat"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_library(framework, target, intake, damage, tmp_path):
    do, reason = DAMAGES[damage]
    do(target / "opentelemetry-dotnet" / framework)
    with Hello(framework, hooked(target, intake), tmp_path) as hello:
        assert hello.get("/relay") == "hello\n"
    assert hello.code == 0
    stepped_aside(hello.said(), reason)
    assert intake.spans(1, seconds=0.5) == []


def test_an_exporter_that_it_has_not(framework, installed, intake):
    done = console(framework, hooked(installed, intake, OTEL_TRACES_EXPORTER="console"), "sql")
    assert done.stdout == "done\n"
    stepped_aside(done.stderr, "OTEL_TRACES_EXPORTER is console")


def test_a_runtime_without_aspnet(framework, installed, intake, apps, tmp_path):
    shutil.copytree(apps / "runtime", tmp_path / "runtime", copy_function=os.link,
                    ignore=shutil.ignore_patterns("Microsoft.AspNetCore.App"))
    done = console(framework, hooked(installed, intake), "sql", dotnet=[tmp_path / "runtime/dotnet"])
    assert (done.returncode, done.stdout) == (0, "done\n")
    stepped_aside(done.stderr, "Microsoft.Extensions")


def test_net8_without_the_store(installed, intake, apps, tmp_path):
    env = {k: v for k, v in hooked(installed, intake).items() if k not in ("DOTNET_ADDITIONAL_DEPS", "DOTNET_SHARED_STORE")}
    with Hello("net8.0", env, tmp_path) as hello:
        assert hello.get("/relay") == "hello\n"
    stepped_aside(hello.said(), "DiagnosticSource 10")


def test_net8_runs_what_was_built_for_net6(installed, intake, apps, tmp_path):
    """The host looks for the store below the framework that an application was built for."""
    folder = tmp_path / "hello"
    shutil.copytree(apps / "hello/net8.0", folder)
    config = json.loads((folder / "hello.runtimeconfig.json").read_text())
    config["runtimeOptions"] |= {"tfm": "net6.0", "rollForward": "Major"}
    for wanted in config["runtimeOptions"]["frameworks"]:
        wanted["version"] = "6.0.0"
    (folder / "hello.runtimeconfig.json").write_text(json.dumps(config))
    env = hooked(installed, intake)
    with Hello("net8.0", env, tmp_path, folder=folder) as hello:
        assert "Microsoft.NETCore.App/8." in open(f"/proc/{hello.process.pid}/maps", encoding="utf-8").read()
        assert hello.get("/hello") == "hello\n"
    assert hello.said() == "" and len(intake.spans(1)) == 1


def test_a_runtime_that_it_does_not_fit(installed, intake, old_dotnet, old_console):
    done = subprocess.run([old_dotnet, old_console, f"get={intake.url}/spans"], env=hooked(installed, intake),
                          timeout=PATIENCE, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stdout) == (0, "[]done\n")
    stepped_aside(done.stderr, r"this is \.NET 3\.1\.23")


# How it is made

def test_compiled_anywhere_it_has_the_same_bytes(bundle, tmp_path):
    copy = tmp_path / "another place"
    for name in ("scripts", LIBRARY, "build/artifacts/opentelemetry-dotnet"):
        shutil.copytree(ROOT / name, copy / name)
    made(copy / "scripts/compile", LIBRARY)
    done = run("diff", "--recursive", "--brief", ROOT / "build/compiled/opentelemetry-dotnet", copy / "build/compiled/opentelemetry-dotnet")
    assert done.returncode == 0, done.stdout


def test_no_sdk_is_one_line(tmp_path):
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    shutil.copytree(ROOT / LIBRARY, tmp_path / LIBRARY)
    done = run(tmp_path / "scripts/fetch", LIBRARY, env=SDK | {"INJECTOR_DOTNET": str(tmp_path)})
    assert done.returncode == 69 and "no .NET SDK" in done.stderr.strip().split("\n")[-1], done.stderr
