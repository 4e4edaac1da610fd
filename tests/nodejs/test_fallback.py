"""Node.js where the library is not there, is the fallback, or is damaged in one file."""

import os
import random
import subprocess

import pytest

from harness import (DAMAGES, FAILURES, LONG, PATIENCE, bundle_libraries, damaged, environment, install, install_all, survive,
                     write_tree)

LIBRARIES = ["dd-trace", "opentelemetry-nodejs"]
# One process says it once: not its worker threads.
LINE = "{}/{} steps aside: it is not installed, and the log of the init container says why\n"
# Both ask themselves by HTTP, which the libraries instrument, and end with 3; the first says what was loaded for that.
PROGRAMS = {
    "app.cjs": """
        const http = require('http')
        function main () {
          const server = http.createServer((request, response) => response.end('hello'))
          server.listen(0, () => http.get({ port: server.address().port }, (answer) => answer.on('data', (data) => {
            console.log(String(data))
            if (process.argv[2]) Object.keys(require.cache).forEach((file) => console.log(file))
            process.exitCode = 3
            server.close()
          })))
        }
        if (process.version.startsWith('v8.')) main()
        else new (require('worker_threads').Worker)('', { eval: true }).on('exit', main)""",
    "app.mjs": """
        import http from 'node:http'
        const server = http.createServer((request, response) => response.end('hello'))
        await new Promise((resolve) => server.listen(0, resolve))
        const answer = await new Promise((resolve) => http.get({ port: server.address().port }, resolve))
        for await (const data of answer) console.log(String(data))
        console.error('done')
        process.exitCode = 3
        server.close()""",
}
# Nobody listens where a library sends its spans.
QUIET = {"DD_TRACE_STARTUP_LOGS": "false", "DD_TRACE_AGENT_URL": "http://127.0.0.1:9",
         "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}


@pytest.fixture(scope="module")
def fallbacks(executables, tmp_path_factory):
    return bundle_libraries("nodejs", tmp_path_factory.mktemp("fallbacks"), "--fallback")


@pytest.fixture(scope="module")
def fallback(fallbacks, tmp_path_factory):
    """Both fallbacks in one target."""
    return install_all(fallbacks, tmp_path_factory.mktemp("target"))


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    return write_tree(tmp_path_factory.mktemp("programs"), PROGRAMS)


def run_node(env, folder, *argv):
    return subprocess.run([folder / "node", *argv], env=env, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=PATIENCE, check=False)


@pytest.mark.parametrize("library", LIBRARIES)
def test_without_the_library_there_is_no_application(fallback, node, programs, library, tmp_path):
    env = environment(fallback, library)
    env["NODE_OPTIONS"] = env["NODE_OPTIONS"].replace(str(fallback), str(tmp_path))
    done = run_node(env, node("24"), programs / "app.cjs")
    assert (done.returncode, done.stdout) == (1, "") and "MODULE_NOT_FOUND" in done.stderr, done.stderr


@pytest.mark.parametrize("how", ["zeroed", "garbage"])
def test_nothing_stands_before_a_damaged_entry_point(fallback, node, programs, how):
    """Node.js loads it itself: this is what the next run of the init container repairs."""
    with damaged(fallback / "dd-trace/register.cjs", how):
        done = run_node(environment(fallback, "dd-trace"), node("24"), programs / "app.cjs")
    assert (done.returncode, done.stdout) == (1, "") and "SyntaxError" in done.stderr, done.stderr


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("version", ["8", "18", "20", "22.15.0", "24", "26"])
@pytest.mark.parametrize("library", LIBRARIES)
def test_with_the_fallback_it_is_as_without_us(fallback, node, programs, library, version, program):
    if version == "8" and program == "app.mjs":
        return  # which it does not know
    env, folder = environment(fallback, library), node(version)
    bare = {name: value for name, value in env.items() if name != "NODE_OPTIONS"}
    ways = [(env, [])]
    if version not in ("8", "18"):
        ways.append((bare, ["--import", f"file://{fallback}/{library}/register.cjs"]))
    for own, options in ways:
        alone, done = run_node(bare, folder, programs / program), run_node(own, folder, *options, programs / program)
        assert (done.returncode, done.stdout) == (alone.returncode, alone.stdout) == (3, "hello\n"), done.stderr
        assert done.stderr == LINE.format(fallback, library) + alone.stderr


def test_every_process_says_it_once_and_what_starts_them_does_not(fallback, node, tmp_path):
    write_tree(tmp_path, {"npm-cli.js": "require('child_process').execFileSync(process.execPath, ['app.js'], { stdio: 'inherit' })",
                          "app.js": "console.log('app')"})
    done = subprocess.run([node("24") / "node", "npm-cli.js"], env=environment(fallback), cwd=tmp_path, text=True, check=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE)
    assert (done.stdout, done.stderr) == ("app\n", "".join(LINE.format(fallback, library) for library in LIBRARIES))


@pytest.mark.parametrize("how", FAILURES)
@pytest.mark.parametrize("library", LIBRARIES)
def test_whatever_happens_to_the_install_it_starts(bundles, fallbacks, node, programs, library, how, tmp_path):
    """And the next run of the init container brings the library."""
    survive(how, bundles[library], fallbacks[library], tmp_path)
    env = QUIET | {"PATH": os.environ["PATH"], "NODE_OPTIONS": f"--require {tmp_path}/{library}/register.cjs"}
    done = run_node(env, node("24"), programs / "app.mjs")
    assert (done.returncode, done.stdout) == (3, "hello\n"), done.stderr
    in_place = "library" if (tmp_path / library / "library.cjs").exists() else "fallback"
    assert (LINE.format(tmp_path, library) in done.stderr) == (in_place == "fallback") and (in_place == "fallback" or how == "killed")
    assert install(bundles[library], tmp_path, "--on-failure", "continue", "--fallback", fallbacks[library]).returncode == 0
    assert (tmp_path / library / "library.cjs").exists()


def loaded(target, library, folder, programs):
    """The files of the library that a process loads: native modules first."""
    done = run_node(environment(target, library, **QUIET), folder, programs / "app.cjs", "list")
    assert done.returncode == 3, done.stderr
    files = sorted(line for line in done.stdout.split("\n") if line.startswith(f"{target}/{library}/"))
    files.remove(f"{target}/{library}/register.cjs")
    return sorted(files, key=lambda file: not file.endswith(".node"))


@pytest.mark.parametrize("library", LIBRARIES)
def test_one_damaged_file_does_not_reach_the_application(target, node, programs, library):
    """Any file behind our own, by every damage: the native modules, what says how to start, and some of the rest."""
    folder, env = node("24"), environment(target, library, **QUIET)
    files = loaded(target, library, folder, programs)
    native = [file for file in files if file.endswith(".node")]
    assert len(files) > 100 and len(native) == (2 if library == "dd-trace" else 0)
    chosen = files if LONG else [*native, f"{target}/{library}/library.cjs", *random.Random(1).sample(files, 4)]
    failed = []
    for number, path in enumerate(chosen):
        for turn, how in enumerate(DAMAGES):
            if not LONG and path not in native and (number + turn) % 2:
                continue
            with damaged(target / path, how):
                done = run_node(env, folder, programs / list(PROGRAMS)[(number + turn // 2) % 2])
            if (done.returncode, done.stdout) != (3, "hello\n") or done.stderr.count("steps aside") > 1:
                failed.append((path, how, done.returncode, done.stdout, done.stderr[-500:]))
    assert not failed
