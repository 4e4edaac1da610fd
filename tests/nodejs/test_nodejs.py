"""dd-trace and OpenTelemetry in real Node.js runtimes: the span that arrives, and all that must not go wrong."""

import re
import shutil
import signal
import socket
import subprocess

import pytest

from harness import Application, PATIENCE, environment, write_tree

LIBRARIES = ["dd-trace", "opentelemetry-nodejs"]
SPANS = {  # operation, resource or route, kind
    "dd-trace": {"operation": "web.request", "status": 200, "error": False, "kind": "server", "language": "nodejs"},
    "opentelemetry-nodejs": {"operation": "GET", "status": 200, "error": False, "kind": "server", "language": "nodejs"},
}
# The floor of OpenTelemetry, whose import hooks run in a thread of their own, and the two newest long-term lines.
NODES = ["22.15.0", "24", "26"]


def reporting(intake):
    """The variables that send a library's reports to the intake, at once."""
    return {"DD_TRACE_AGENT_URL": intake.url, "DD_SERVICE": "shop", "OTEL_EXPORTER_OTLP_ENDPOINT": intake.url,
            "OTEL_SERVICE_NAME": "shop", "OTEL_BSP_SCHEDULE_DELAY": "100"}


def assert_span(intake, library):
    span = intake.spans()[0]
    assert {key: span[key] for key in SPANS[library]} | {"service": span["service"]} == \
        SPANS[library] | {"service": "shop"}, span
    assert (span["meta"].get("http.url") or span["meta"].get("url.path", "")).endswith("/hello"), span


def script(target, library, folder, *argv, cwd=None, **own):
    """Runs node to its end with the library."""
    return run_as(environment(target, library, **own), folder / "node", *argv, cwd=cwd)


def run_as(env, *argv, **kwargs):
    return subprocess.run([str(a) for a in argv], env=env, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=PATIENCE, check=False, **kwargs)


@pytest.mark.parametrize("application", ["hello.cjs", "hello.mjs"])
@pytest.mark.parametrize("version", NODES)
@pytest.mark.parametrize("library", LIBRARIES)
def test_span(intake, otlp, target, node, library, version, application):
    folder = node(version)
    with Application(folder / "node", folder / application, env=environment(target, library, **reporting(intake))) as app:
        assert app.get() == "hello\n"
        assert_span(intake, library)
    assert "steps aside" not in app.text and "Warning" not in app.text, app.text


@pytest.mark.parametrize("application", ["hello.cjs", "hello.mjs"])
def test_without_the_environment_no_span(intake, otlp, node, application):
    folder = node("24")
    with Application(folder / "node", folder / application, env=reporting(intake)) as app:
        assert app.get() == "hello\n"
        assert intake.spans(seconds=3) == [] and intake.agents() == []


@pytest.mark.parametrize("library", LIBRARIES)
def test_options_of_the_users_own_stay(intake, otlp, target, node, library, tmp_path):
    write_tree(tmp_path, {"own.cjs": "console.log('own module')"})
    folder = node("24")
    env = environment(target, library, NODE_OPTIONS=f"--require {tmp_path}/own.cjs --max-http-header-size=20000",
                      **reporting(intake))
    with Application(folder / "node", folder / "hello.cjs", env=env) as app:
        app.get()
        assert_span(intake, library)
    assert "own module" in app.text


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_signal_ends_it_as_before_and_the_spans_arrive(intake, otlp, target, node, library):
    """SIGTERM still ends an application that does not listen for it; OpenTelemetry sends what it has first."""
    folder = node("24")
    slow = reporting(intake) | {"OTEL_BSP_SCHEDULE_DELAY": "60000"}
    with Application(folder / "node", folder / "hello.cjs", env=environment(target, library, **slow)) as app:
        app.get()
        assert app.end(signal.SIGTERM) == -signal.SIGTERM, app.text
    if library != "dd-trace":
        assert_span(intake, library)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_signal_that_the_application_listens_for_is_its_own(intake, target, node, library, tmp_path):
    write_tree(tmp_path, {"app.cjs": """
        process.on('SIGTERM', () => setTimeout(() => process.exit(7), 300))
        setInterval(() => {}, 1000)
        console.log('hello: listening at port 1')"""})
    with Application(node("24") / "node", tmp_path / "app.cjs", env=environment(target, library, **reporting(intake))) as app:
        assert app.end(signal.SIGTERM) == 7, app.text


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_end_does_not_wait_for_a_silent_collector(target, node, library, tmp_path):
    """OpenTelemetry's exporter alone would, for the ten minutes that it is told to; dd-trace's requests never end."""
    write_tree(tmp_path, {"app.cjs": "setTimeout(() => { process.exitCode = 3 }, 300)"})
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = script(target, library, node("24"), tmp_path / "app.cjs", DD_TRACE_AGENT_URL=url,
                      OTEL_EXPORTER_OTLP_ENDPOINT=url, OTEL_EXPORTER_OTLP_TIMEOUT="600000", OTEL_METRICS_EXPORTER="otlp")
    assert done.returncode == 3, done.stderr


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_last_spans_of_what_ends_by_itself_arrive(intake, otlp, target, node, library, tmp_path):
    write_tree(tmp_path, {"app.cjs": """
        const http = require('http')
        const server = http.createServer((request, response) => response.end('hello'))
        server.listen(0, () => http.get({ port: server.address().port, path: '/hello' }, (answer) => {
          answer.resume().on('end', () => server.close())
        }))"""})
    done = script(target, library, node("24"), tmp_path / "app.cjs", **reporting(intake))
    assert done.returncode == 0, done.stderr
    assert "server" in [span["kind"] for span in intake.spans(2)]


def test_an_application_that_ends_by_itself_takes_its_time(target, node, tmp_path):
    write_tree(tmp_path, {"app.cjs": "process.once('beforeExit', () => setTimeout(() => console.log('done'), 3000))"})
    done = script(target, "opentelemetry-nodejs", node("24"), tmp_path / "app.cjs")
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


EVALUATED = {
    "print": (["-p", "6 * 7"], "42\n"),
    "eval": (["-e", "console.log(require('os').EOL.length)", "argument"], "1\n"),
    "module": (["--input-type=module", "-e", "import { EOL } from 'os'; console.log(EOL.length)"], "1\n"),
    "left alone": (["-p", "Object.keys(require.cache).filter((file) => /node_modules/.test(file)).length"], "0\n"),
    "worker": (["-e", "new (require('worker_threads').Worker)('console.log(42)', { eval: true })"], "42\n"),
}


@pytest.mark.parametrize("argv, output", EVALUATED.values(), ids=EVALUATED)
@pytest.mark.parametrize("version", NODES)
@pytest.mark.parametrize("library", LIBRARIES)
def test_processes_without_a_file(target, node, library, version, argv, output):
    """What build tools start all the time."""
    done = script(target, library, node(version), *argv)
    assert (done.returncode, done.stdout) == (0, output), done.stderr


@pytest.mark.parametrize("version", ["8", "20"])
@pytest.mark.parametrize("library", LIBRARIES)
def test_too_old_a_runtime(target, node, library, version):
    folder = node(version)
    with Application(folder / "node", folder / "hello.cjs", env=environment(target, library)) as app:
        assert app.get() == "hello\n"
    assert re.fullmatch(rf"{target}/{library} steps aside: Node.js {version}\.[\d.]+ is not >=22[\d.]*\n"
                        r"hello: listening at port \d+\n", app.text)


@pytest.mark.parametrize("own", [
    {"node_modules/dd-trace/index.js": "exports.own = 'own'"},
    {"node_modules/@opentelemetry/sdk-node/package.json": '{"exports": {}}'},
    {"node_modules/@opentelemetry/sdk-trace-base/index.js": ""},
], ids=["dd-trace", "sdk-node", "sdk-trace-base"])
def test_the_applications_own_tracer(target, node, own, tmp_path):
    """As a file, without its ending, as a directory, and through a link."""
    package = re.match("node_modules/(.*)/", next(iter(own))).group(1)
    library = "dd-trace" if package == "dd-trace" else "opentelemetry-nodejs"
    write_tree(tmp_path, own | {"app/index.js": "console.log('application')", "link.js": ("link", "app/index.js")})
    write_tree(tmp_path / "elsewhere", {"link": ("link", "../app/index.js")})
    for entry in ("app/index.js", "app/index", "app", "elsewhere/link"):
        done = script(target, library, node("24"), tmp_path / entry)
        assert (done.returncode, done.stdout) == (0, "application\n"), done.stderr
        assert done.stderr == f"{target}/{library} steps aside: the application brings {package}\n"


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_interface_alone_is_no_tracer_of_its_own(intake, otlp, target, node, library, tmp_path):
    """An application that names spans by @opentelemetry/api gets them from us."""
    folder = node("24")
    shutil.copy(folder / "hello.cjs", tmp_path)
    write_tree(tmp_path, {"node_modules/@opentelemetry/api/index.js": "", "node_modules/opentracing/index.js": ""})
    with Application(folder / "node", tmp_path / "hello.cjs", env=environment(target, library, **reporting(intake))) as app:
        app.get()
        assert_span(intake, library)


LEFT_ALONE = ["npm-cli.js", "yarn", "pnpm.cjs", ".yarn/releases/yarn-4.9.2.cjs", ".yarn/releases/yarn-berry.cjs",
              "pnpm-9.1.0-rc.1.cjs", "nodemon.js", "pm2-runtime", "pm2/lib/Daemon.js"]
COUNT = "console.log(Object.keys(require.cache).filter((file) => file.includes('node_modules')).length)"


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_launchers_are_left_alone(target, node, name, tmp_path):
    write_tree(tmp_path, {name: COUNT})
    for library in LIBRARIES:
        done = script(target, library, node("24"), tmp_path / name)
        assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", "")


@pytest.mark.parametrize("name", ["npm-mirror.js", "yarn-shop.js", "pm2.example/app.js"])
def test_what_is_called_like_a_launcher_is_traced(target, node, name, tmp_path):
    write_tree(tmp_path, {name: COUNT})
    done = script(target, "opentelemetry-nodejs", node("24"), tmp_path / name)
    assert int(done.stdout) > 100, done.stderr


def damaged(library, damage, target, tmp_path):
    """A copy of the library in which one thing is wrong."""
    copy = tmp_path / "damaged"
    shutil.copytree(target / library, copy / library)
    shutil.copytree(target / ".injector" / library, copy / ".injector" / library)
    modules = copy / library / "node_modules"
    damage(modules, modules / PACKAGES[library])
    return copy


PACKAGES = {"dd-trace": "dd-trace", "opentelemetry-nodejs": "@opentelemetry/auto-instrumentations-node"}


def remove_everything(modules, package):
    shutil.rmtree(modules)


def remove_a_dependency(modules, package):
    shutil.rmtree(modules / ("dc-polyfill" if package.name == "dd-trace" else "@opentelemetry/core"))


def empty_every_module(modules, package):
    for path in package.rglob("*.*js"):
        path.write_text("")


def cut_every_module(modules, package):
    for path in package.rglob("*.*js"):
        path.write_text(path.read_text()[:200] + "\n/*")


def cut_the_description(modules, package):
    (package / "package.json").write_text('{"name": ')


@pytest.mark.parametrize("damage", [remove_everything, remove_a_dependency, empty_every_module, cut_every_module,
                                    cut_the_description])
@pytest.mark.parametrize("library", LIBRARIES)
def test_damage_does_not_reach_the_application(target, node, library, damage, tmp_path):
    copy, folder = damaged(library, damage, target, tmp_path), node("24")
    for application in ("hello.cjs", "hello.mjs"):
        with Application(folder / "node", folder / application, env=environment(copy, library)) as app:
            assert app.get() == "hello\n"
        said = app.text.splitlines()[:-1]
        assert len(said) <= 1 and all(line.startswith(f"{copy}/{library} steps aside: ") for line in said), app.text
        assert said or damage is empty_every_module  # nothing in an empty module fails
