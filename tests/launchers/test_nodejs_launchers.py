"""Node.js applications as users start them: with a library they print, answer, exit and stop as without one."""

import os

import pytest

from compare import COLLECTORS, LATE, Launch, assert_same, run_sides
from harness import LONG, ROOT, bundle_libraries, environment, install_all, made

STARTED = 3  # seconds that a library may take to start, on a busy machine
LIBRARIES = ["dd-trace", "opentelemetry-nodejs"]
# dd-trace says its configuration, on stderr; whether pm2 has to ask twice is a matter of time, without us too.
OWN = r"^DATADOG TRACER |/(dd-trace|opentelemetry-nodejs) steps aside: |PM2 log: (pid=\d+ msg=failed to kill|\d+ application online, retry)"
LAUNCHERS = ROOT / "build/launchers"
MODULES = LAUNCHERS / "nodejs/node_modules"

ANSWER = "response.send(`hello of ${require.resolve('express')}\\n`)"
COMMON = """'use strict'
const express = require('express')
const app = express()
app.get('/hello', (request, response) => {%s})
app.get('/broken', () => { throw new Error('broken') })
app.use((error, request, response, next) => response.status(500).send(error.message))
if (require('cluster').isPrimary) console.log('starting'), console.error('to stderr')
app.listen(Number(process.env.PORT))
""" % ANSWER
MODULE = """import express from 'express'
import { createRequire } from 'node:module'
const require = createRequire(import.meta.url)
const app = express()
app.get('/hello', (request, response) => {%s})
app.listen(Number(process.env.PORT), () => console.log('listening'))
""" % ANSWER
CLUSTER = """'use strict'
const cluster = require('cluster')
if (cluster.isPrimary) {
  for (let i = 0; i < 2; i++) cluster.fork()
  process.on('SIGTERM', () => cluster.disconnect(() => process.exit(5)))
} else {
  require('./app.cjs')
}
"""
WORKER = """'use strict'
const { Worker } = require('worker_threads')
const worker = new Worker('./app.cjs')
process.on('SIGTERM', () => worker.terminate().then(() => process.exit(6)))
"""
EXPORTS = """'use strict'
const http = require('http')
const server = http.createServer((request, response) => response.end('x')).listen(0, () => {
  http.get({ port: server.address().port, agent: false }, (response) => response.resume().on('end', () => server.close()))
})
setTimeout(() => console.log('done'), 2000) // longer than a batch waits
"""
PACKAGE = '{"name": "shop", "version": "1.0.0", "license": "Apache-2.0", "scripts": {"start": "node app.cjs"}}'
FILES = {"app.cjs": COMMON, "app.mjs": MODULE, "cluster.cjs": CLUSTER, "worker.cjs": WORKER, "package.json": PACKAGE,
         "app.ts": MODULE.replace("(request, response)", "(request: unknown, response: any)"),
         "db.json": '{"hello": [{"id": 1}]}',
         "node_modules": ("link", str(MODULES))}
PLUGNPLAY = LAUNCHERS / "yarn4/pnp"


def server(*argv, get=("/hello", "/missing"), files=None, **env):
    return Launch(argv, FILES | (files or {}), {"PORT": "{port}", "HOME": "{work}", "PM2_HOME": "{work}/pm2"} | env, get)


def tool(path, *argv, **kwargs):
    return server("node", MODULES / path, *argv, **kwargs)


SERVERS = {
    "plain": server("node", "app.cjs", get=("/hello", "/missing", "/broken")),
    "ESM": server("node", "app.mjs"),
    "--import tsx": server("node", "--import", "tsx", "app.ts"),
    "tsx": tool("tsx/dist/cli.mjs", "app.ts"),
    "npm": server("npm", "start"),
    "yarn 1": tool("yarn/bin/yarn.js", "start"),
    "yarn 4": tool("@yarnpkg/cli-dist/bin/yarn.js", "--cwd", LAUNCHERS / "yarn4/node-modules", "start"),
    "PnP": tool("@yarnpkg/cli-dist/bin/yarn.js", "--cwd", PLUGNPLAY, "start"),
    "PnP, preloaded": server("node", "--require", f"{PLUGNPLAY}/.pnp.cjs", f"{PLUGNPLAY}/app.cjs"),
    "pnpm": tool("pnpm/bin/pnpm.cjs", "start"),
    "pm2": tool("pm2/bin/pm2-runtime", "app.cjs"),
    "pm2, cluster": tool("pm2/bin/pm2-runtime", "-i", "2", "app.cjs"),
    "nodemon": tool("nodemon/bin/nodemon.js", "app.cjs"),
    "cluster": server("node", "cluster.cjs"),
    "worker threads": server("node", "worker.cjs"),
    "json-server": tool("json-server/lib/cli/bin.js", "--quiet", "--port", "{port}", "db.json"),
}

OWN_TRACERS = {"app/app.cjs": COMMON, "app/node_modules/dd-trace/index.js": "",
               "app/node_modules/@opentelemetry/sdk-node/index.js": ""}
YARN_OWN = {"package.json": """{"name": "own", "dependencies": {
                "dd-trace": "portal:./dd", "@opentelemetry/sdk-node": "portal:./otel"}}""",
            "dd/package.json": '{"name": "dd-trace"}', "dd/index.js": "",
            "otel/package.json": '{"name": "@opentelemetry/sdk-node"}', "otel/index.js": "",
           "yarn.lock": "", "node_modules": None, ".yarnrc.yml": "enableTelemetry: false",
            "app.cjs": "require('dd-trace'); require('@opentelemetry/sdk-node'); require('http')"
                       ".createServer((request, response) => response.end('hello')).listen(process.env.PORT)"}
YARN_INSTALL = f"node {MODULES}/@yarnpkg/cli-dist/bin/yarn.js install --no-immutable > install.log; exec node "
WITH_OWN_TRACER = {
    "PnP, preloaded": server("sh", "-euc", YARN_INSTALL + "-r ./.pnp.cjs app.cjs", files=YARN_OWN),
    "PnP, by yarn": server("sh", "-euc", YARN_INSTALL + f"{MODULES}/@yarnpkg/cli-dist/bin/yarn.js node app.cjs", files=YARN_OWN),
    "plain": server("node", "app/app.cjs", files=OWN_TRACERS),
    "from a script elsewhere": server("sh", "-c", "cd app && exec node ../start.cjs",
                                      files=OWN_TRACERS | {"start.cjs": "require(require('path').resolve('app.cjs'))"}),
    "pm2": tool("pm2/bin/pm2-runtime", "app/app.cjs", files=OWN_TRACERS),
    "pm2, cluster": tool("pm2/bin/pm2-runtime", "-i", "2", "app/app.cjs", files=OWN_TRACERS),
}
# A stack trace shows what a library put around Node.js's loader, so there is none.
YOUNG = {
    "-e": Launch(("node", "-e", "console.log(require('os').EOL.length); process.exitCode = 3", "argument")),
    "-p": Launch(("node", "-p", "6 * 7")),
    "npm": Launch(("npm", "--version")),
    "yarn 4": Launch(("node", MODULES / "@yarnpkg/cli-dist/bin/yarn.js", "--version")),
    "stdin": Launch(("node", "-"), stdin="console.log(require('os').EOL.length)"),
    "exit": Launch(("node", "app.cjs"), {"app.cjs": "console.log('x'); process.exit(4)"}),
    "throws": Launch(("node", "--stack-trace-limit=0", "app.cjs"), {"app.cjs": "console.log('x'); throw new Error('broken')"}),
    "throws, ESM": Launch(("node", "--stack-trace-limit=0", "app.mjs"), {"app.mjs": "import 'os'; throw new Error('broken')"}),
    "rejects": Launch(("node", "--stack-trace-limit=0", "app.cjs"), {"app.cjs": "Promise.reject(new Error('broken'))"}),
    "absent": Launch(("node", "--stack-trace-limit=0", "nothing.cjs")),
    "kills itself": Launch(("node", "app.cjs"), {"app.cjs": "process.kill(process.pid, 'SIGINT'); setInterval(() => {}, 9)"}),
    "ends by itself": Launch(("node", "app.cjs"), {"app.cjs": "setTimeout(() => console.log('done'), 500)"}),
    "ends during an export": Launch(("node", "app.cjs"), {"app.cjs": EXPORTS}),
}


@pytest.fixture(scope="session")
def node():
    """The folder of a version, whose programs come first on the PATH, with everything that the rows start."""
    made(ROOT / "tests/launchers/nodejs/build", timeout=600)

    def folder(version):
        made(ROOT / "tests/apps/nodejs/build", version, timeout=600)
        return ROOT / "build/apps/nodejs" / version

    return folder


@pytest.fixture(scope="session")
def target(tmp_path_factory):
    """Both libraries in one target; the tests only read it."""
    return install_all(bundle_libraries("nodejs", tmp_path_factory.mktemp("bundles")), tmp_path_factory.mktemp("target"))


def sides(target, node, library, launch, version="24", **kwargs):
    path = {"PATH": f"{node(version)}:{os.environ['PATH']}", "LANG": "C.UTF-8"}

    def with_library(url):
        return environment(target, library, **path, DD_TRACE_AGENT_URL=url, DD_SERVICE="shop",
                           OTEL_EXPORTER_OTLP_ENDPOINT=url, OTEL_SERVICE_NAME="shop", OTEL_BSP_SCHEDULE_DELAY="500")

    return run_sides(launch, path, with_library, **kwargs)


def assert_traced(seen):
    assert seen["without"].answers[0][0] == 200, seen["without"]
    assert_same(seen, OWN)
    assert [span["service"] for span in seen["answers"].spans if span["kind"] == "server"], seen["answers"]


@pytest.mark.parametrize("name", SERVERS)
@pytest.mark.parametrize("library", LIBRARIES)
def test_servers(otlp, target, node, library, name):
    assert_traced(sides(target, node, library, SERVERS[name], collectors=COLLECTORS if LONG else ("answers", "hangs")))


@pytest.mark.parametrize("version", ["22.15.0", "26"])
@pytest.mark.parametrize("name", SERVERS if LONG else ["PnP", "PnP, preloaded"])
@pytest.mark.parametrize("library", LIBRARIES)
def test_servers_of_other_versions(otlp, target, node, library, name, version):
    assert_traced(sides(target, node, library, SERVERS[name], version, collectors=("answers",)))


def test_with_permissions(otlp, target, node):
    """What docs/nodejs.md says is to be allowed."""
    allowed = server("node", "--no-warnings", "--permission", "--allow-fs-read=*", "--allow-worker", "app.cjs")
    for library in LIBRARIES:
        assert_traced(sides(target, node, library, allowed, "22.15.0", collectors=("answers",)))
    less = server("node", "--no-warnings", "--permission", "--allow-fs-read={work}/", f"--allow-fs-read={MODULES}/",
                  f"--allow-fs-read={target}/", "app.cjs")
    seen = sides(target, node, LIBRARIES[0], less, wanted=0, collectors=("answers",))
    assert_same(seen, OWN)
    assert f"{target}/{LIBRARIES[0]} steps aside: Access to this API has been restricted" in seen["answers"].stderr


@pytest.mark.parametrize("name", WITH_OWN_TRACER)
@pytest.mark.parametrize("library", LIBRARIES)
def test_their_own_tracer_is_left_alone(otlp, target, node, library, name):
    seen = sides(target, node, library, WITH_OWN_TRACER[name], wanted=0, collectors=["answers"])
    assert_same(seen, OWN)
    assert f"{target}/{library} steps aside: the application brings" in seen["answers"].stderr
    assert seen["answers"].spans == []


@pytest.mark.parametrize("name", YOUNG)
@pytest.mark.parametrize("library", LIBRARIES)
def test_commands(otlp, target, node, library, name):
    seen = sides(target, node, library, YOUNG[name], wanted=0, collectors=COLLECTORS)
    assert_same(seen, OWN, late=STARTED + LATE)
