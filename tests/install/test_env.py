"""env: each output is used as its reader would use it."""

import json
import re
import shutil
import subprocess

import pytest

import harness
from steps import untouched

ODD = "$$(x) $$ it's \"$HOME\" `id` \\ $(id) ${x} ! * ~ #; é & | <>  two  spaces "
ENVIRONMENT = [
    {"name": "JAVA_TOOL_OPTIONS", "value": "-javaagent:${target}/demo.jar", "merge": "append", "separator": " "},
    {"name": "PYTHONPATH", "value": "${target}/py:${target}/more", "merge": "prepend", "separator": ":"},
    {"name": "ODD", "value": ODD, "merge": "set"},
    {"name": "EMPTY", "value": "", "merge": "set"},
]
NAMES = [v["name"] for v in ENVIRONMENT]


@pytest.fixture
def bundle(place):
    return harness.pack(place, {"demo.jar": "jar"}, environment=ENVIRONMENT)


@pytest.fixture(params=["bundle", "target"])
def source(request, bundle, target):
    if request.param == "bundle":
        return ["--bundle", bundle]
    harness.install(bundle, target)
    return ["--target", target]


def values(mount="/target"):
    return {v["name"]: v["value"].replace("${target}", mount) for v in ENVIRONMENT}


def env(*argv, **kwargs):
    done = harness.injector("env", *argv, **kwargs)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize("mount", ["/target", "/opt/$(x)<é>*", "/", "/a$b`c"])
def test_json(source, mount):
    told = json.loads(env(*source, "--mount", mount, "--output", "json").stdout)
    root = "" if mount == "/" else mount
    expected = [dict(v, value=v["value"].replace("${target}", root)) for v in ENVIRONMENT]
    pairs = told if isinstance(told, list) else [{"name": k, "value": v} for k, v in told.items()]
    assert [(v["name"], v["value"]) for v in pairs] == [(v["name"], v["value"]) for v in expected]


@pytest.mark.parametrize("output", ["text", "shell", "json", "kubernetes"])
@pytest.mark.parametrize("mount, name", [("/my dir", "JAVA_TOOL_OPTIONS"), ("/a=b", "JAVA_TOOL_OPTIONS"),
                                         ("/it's", "JAVA_TOOL_OPTIONS"), ("/a:b", "PYTHONPATH")])
def test_a_mount_that_a_variable_would_cut_is_refused(bundle, mount, name, output):
    done = harness.injector("env", "--bundle", bundle, "--mount", mount, "--output", output)
    harness.expect(done, 64, "usage", mount, name)
    assert done.stdout == ""


def test_a_mount_is_refused_for_what_names_it_alone(place):
    bundle = harness.pack(place, {"x": "x"}, environment=[
        {"name": "WHOLE", "value": "${target}/x", "merge": "set"},
        {"name": "LIST", "value": "${target}/x", "merge": "append", "separator": ":"},
        {"name": "WORDS", "value": "-x", "merge": "append", "separator": " "}])
    told = env("--bundle", bundle, "--mount", "/my dir", "--output", "text").stdout
    assert "\nLIST=/my dir/x\n" in told and "WHOLE=/my dir/x\n" in told, told


def test_text_is_an_env_file(source):
    # docker run --env-file: NAME=VALUE, no quotes, no escapes, # begins a comment only at the start of a line.
    done = env(*source, "--output", "text", "--mount", "/opt/x")
    lines = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    assert dict(line.split("=", 1) for line in lines) == values("/opt/x")
    assert [line.split("=")[0] for line in lines] == NAMES


@pytest.mark.parametrize("output", ["text", "kubernetes"])
def test_what_cannot_be_merged_is_said(bundle, output):
    done = env("--bundle", bundle, "--output", output)
    for name in ("JAVA_TOOL_OPTIONS", "PYTHONPATH"):
        assert name in done.stderr, done.stderr
    assert "ODD" not in done.stderr
    assert "warn" in done.stderr.lower()


@pytest.mark.parametrize("output", ["text", "kubernetes"])
def test_nothing_is_said_where_nothing_can_be_lost(place, output):
    bundle = harness.pack(place, {"x": "x"}, environment=[{"name": "A", "value": "1", "merge": "set"}])
    assert "warn" not in env("--bundle", bundle, "--output", output).stderr.lower()


def test_shell_needs_no_warning(bundle):
    assert "warn" not in env("--bundle", bundle, "--output", "shell").stderr.lower()


SHELLS = [s for s in ("sh", "dash", "bash", "busybox") if shutil.which(s)]
BEFORE = {"unset": None, "empty": "", "plain": "before", "odd": "it's $x \"`id`\" \\ *  ", "newline": "two\nlines"}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("mount", ["/target", "/opt/$(touch${IFS}/tmp/pwned)`id`"])
def test_shell(source, shell, before, mount):
    script = env(*source, "--mount", mount, "--output", "shell").stdout
    was, told = BEFORE[before], values(mount)
    expected = {
        "JAVA_TOOL_OPTIONS": f"{was} {told['JAVA_TOOL_OPTIONS']}" if was else told["JAVA_TOOL_OPTIONS"],
        "PYTHONPATH": f"{told['PYTHONPATH']}:{was}" if was else told["PYTHONPATH"],
        "ODD": ODD,
        "EMPTY": "",
    }
    start = {"PATH": "/usr/bin:/bin"} | ({} if was is None else {name: was for name in NAMES})
    command = ["busybox", "sh"] if shell == "busybox" else [shell]
    # -eu: unset variables are errors in careful scripts. env -0 is a child: it sees only what is exported.
    done = subprocess.run([*command, "-eu", "-c", 'eval "$1"; env -0', "sh", script], env=start, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr
    assert done.stderr == b""
    seen = dict(item.split("=", 1) for item in done.stdout.decode().split("\0") if item)
    assert {name: seen.get(name) for name in NAMES} == expected


def test_shell_merges_twice_without_shame(bundle):
    # Two libraries that both append: the second joins the first.
    script = env("--bundle", bundle, "--output", "shell").stdout
    done = harness.run("sh", "-euc", 'eval "$1"; eval "$1"; printf %s "$JAVA_TOOL_OPTIONS"', "sh", script,
                       env={"JAVA_TOOL_OPTIONS": ""})
    value = values()["JAVA_TOOL_OPTIONS"]
    assert done.stdout in (value, f"{value} {value}"), done.stderr


def parse_kubernetes(text):
    """The subset of YAML that is enough here, and the same in YAML 1.1, 1.2 and JSON: a list of name and value, both
    in quotation marks. What is plain would be a boolean or nothing under some names."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    # YAML 1.2, production 1: all that a stream of it may hold
    assert re.fullmatch("[\\n\\x20-\\x7e\\x85\\xa0-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]*", text), ascii(text)
    pairs = []
    for name, value in zip(lines[::2], lines[1::2], strict=True):
        assert name.startswith('- name: "') and value.startswith('  value: "'), (name, value)
        pairs.append((json.loads(name.removeprefix("- name: ")), json.loads(value.removeprefix("  value: "))))
    return pairs


def expanded(text):
    """What the kubelet makes of a value: $(NAME) is a reference, $$ is one $, any other $ stands for itself."""
    return re.sub(r"\$\$|\$\([^)]*\)", lambda m: "$" if m[0] == "$$" else "EXPANDED", text)


def test_kubernetes(source):
    done = env(*source, "--mount", "/opt/x", "--output", "kubernetes")
    told = values("/opt/x")
    pairs = [(name, expanded(value)) for name, value in parse_kubernetes(done.stdout)]
    assert pairs == [(name, told[name]) for name in NAMES]


PLAIN = ["no", "Yes", "on", "OFF", "null", "Null", "true", "y", "N", "_", "E1", "NaN"]


@pytest.mark.parametrize("value", ["no", "null", "~", "1e3", "0x1F", "- a", "? b: c", "\ufeff\u00a0\u200b\U0010ffff\ue000\U0001ffff", ""])
def test_kubernetes_takes_names_and_values_for_text(place, value):
    bundle = harness.pack(place, {"x": "x"}, environment=[{"name": n, "value": value, "merge": "set"} for n in PLAIN])
    told = parse_kubernetes(env("--bundle", bundle, "--output", "kubernetes").stdout)
    assert told == [(name, value) for name in PLAIN]


def test_no_environment(place):
    bundle = harness.pack(place, {"x": "x"})
    for output in ("text", "shell"):
        assert env("--bundle", bundle, "--output", output).stdout == ""
    assert json.loads(env("--bundle", bundle, "--output", "json").stdout) in ([], {})


def test_target_is_replaced_everywhere_and_nothing_else_is(place):
    bundle = harness.pack(place, {"x": "x"}, environment=[
        {"name": "A", "value": "${target}${target}/${other}$target", "merge": "set"}])
    told = env("--bundle", bundle, "--mount", "/m", "--output", "text").stdout
    assert told == "A=/m/m/${other}$target\n"


def test_a_slash_behind_the_mount_is_not_doubled(bundle):
    assert "-javaagent:/opt/x/demo.jar" in env("--bundle", bundle, "--mount", "/opt/x/", "--output", "text").stdout


def test_env_reads_and_writes_nothing_else(bundle, target):
    harness.install(bundle, target)
    with untouched(target):
        env("--target", target)


def test_default_output_is_text(bundle):
    assert env("--bundle", bundle).stdout == env("--bundle", bundle, "--output", "text").stdout


def test_variables_of_the_command(bundle):
    given = {"INJECTOR_BUNDLE": str(bundle), "INJECTOR_MOUNT": "/from/variable", "INJECTOR_OUTPUT": "json"}
    assert "/from/variable/demo.jar" in json.dumps(json.loads(env(env=given).stdout))
