"""Options, INJECTOR_* variables and their precedence, usage errors."""

import re

import pytest

import harness
from steps import FILES, NEXT, assert_installed, untouched


@pytest.fixture
def bundle(place):
    return harness.pack(place, FILES)


USAGE = {
    "unknown option": ["--no-such-option"],
    "unknown command": ["uninstall"],
    "two commands": ["install", "verify"],
    "stray argument": ["install", "stray"],
    "option without value": ["--bundle"],
    "timeout of letters": ["--timeout", "soon"],
    "negative timeout": ["--timeout", "-1"],
    "timeout with a unit behind": ["--timeout", "60x"],
    "no threads": ["--threads", "0"],
    "threads of letters": ["--threads", "many"],
    "size limit of letters": ["--size-limit", "much"],
    "negative size limit": ["--size-limit", "-5"],
    "log level": ["--log-level", "loud"],
    "log format": ["--log-format", "xml"],
    "option of another command": ["install", "--mount", "/x"],
    "output of inspect": ["inspect", "--output", "yaml"],
    "output of env": ["env", "--output", "yaml"],
    "bundle and target": ["inspect", "--bundle", "/b", "--target", "/t"],
    "library of a bundle": ["inspect", "--bundle", "BUNDLE", "--library", "x"],
    "relative mount": ["env", "--bundle", "BUNDLE", "--mount", "relative"],
}


@pytest.mark.parametrize("name", USAGE)
def test_usage(place, target, bundle, name):
    message = place / "message"
    message.write_text("")
    arguments = [bundle if a == "BUNDLE" else a for a in USAGE[name]]
    if "--bundle" not in arguments and arguments[0] not in ("inspect", "env"):
        arguments = arguments + ["--bundle", bundle, "--target", target]
    with untouched(target, bundle):
        done = harness.run(harness.INJECTOR, *arguments, env={"INJECTOR_LOG_FORMAT": "text",
                                                              "INJECTOR_TERMINATION_MESSAGE": str(message)})
        if name != "log format":  # whoever asks for a format that there is not cannot expect text
            harness.expect(done, 64, "usage")
    assert done.returncode == 64
    assert done.stdout == ""
    line = message.read_text().rstrip("\n")
    assert line.startswith("injector: usage: ") and "See --help" in line and line.endswith("(exit 64)"), line


def test_an_unknown_command_is_named():
    harness.expect(harness.injector("uninstall"), 64, "usage", "uninstall: is not a command")


@pytest.mark.parametrize("name, value", [("TIMEOUT", "soon"), ("THREADS", "0"), ("LOG_LEVEL", "loud"),
                                         ("SIZE_LIMIT", "x"), ("REPLACE", "perhaps"), ("DRY_RUN", "2x"),
                                         ("ON_FAILURE", "maybe")])
def test_usage_of_variables(target, bundle, name, value):
    with untouched(target):
        done = harness.install(bundle, target, env={f"INJECTOR_{name}": value})
        harness.expect(done, 64, "usage", f"INJECTOR_{name}")


def test_a_size_limit_beyond_its_bounds_names_them(target, bundle):
    for value in ("-5", "1.5", "9007199254740993", "99999999999999999999999"):
        done = harness.install(bundle, target, "--size-limit", value)
        line = harness.expect(done, 64, "usage", "--size-limit", value)
        assert re.search(r"\b0 (to|-) 9007199254740992\b", line), line  # CLI11's own words


def test_variables(target, bundle):
    env = {"INJECTOR_BUNDLE": str(bundle), "INJECTOR_TARGET": str(target), "INJECTOR_LOG_FORMAT": "text"}
    harness.expect(harness.run(harness.INJECTOR, env=env), 0, "installed")
    assert_installed(target, bundle)


def test_an_option_goes_before_a_variable(target, bundle):
    env = {"INJECTOR_BUNDLE": "/not/there", "INJECTOR_TARGET": "/not/there", "INJECTOR_LOG_FORMAT": "json",
           "INJECTOR_TIMEOUT": "1"}
    done = harness.install(bundle, target, "--timeout", "2", env=env)
    harness.expect(done, 0, "installed")
    assert_installed(target, bundle)


@pytest.mark.parametrize("option, variable, value", [
    ("json", "LOG_FORMAT", "text"), ("text", "LOG_FORMAT", "json"), ("error", "LOG_LEVEL", "debug"),
    ("info", "LOG_LEVEL", "error")])
def test_an_option_of_the_log_goes_before_a_variable(target, bundle, option, variable, value):
    name = "--" + variable.lower().replace("_", "-")
    done = harness.run(harness.INJECTOR, "--bundle", bundle, "--target", target, name, option,
                       env={"INJECTOR_" + variable: value})
    assert done.returncode == 0
    if variable == "LOG_FORMAT":
        assert done.stderr.startswith("{" if option == "json" else "injector: ")
    else:
        assert bool(done.stderr) == (option == "info")


@pytest.mark.parametrize("command", ["verify", "inspect", "env"])
def test_an_option_of_the_other_commands_goes_before_a_variable(bundle, command):
    done = harness.injector(command, "--bundle", bundle, env={"INJECTOR_BUNDLE": "/not/there"})
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command, output, code", [("env", "shell", 0), ("env", "kubernetes", 0),
                                                   ("inspect", "text", 0), ("inspect", "shell", 64),
                                                   ("install", "shell", 0)])
def test_a_variable_that_only_one_command_understands(target, bundle, command, output, code):
    options = ["--target", target] if command == "install" else []
    done = harness.injector(command, "--bundle", bundle, *options, env={"INJECTOR_OUTPUT": output})
    assert done.returncode == code, done.stderr


def test_termination_message_by_option_and_by_variable(place, target, bundle):
    for name in ("option", "variable"):
        (place / name).write_text("")
    variable = {"INJECTOR_TERMINATION_MESSAGE": str(place / "variable")}
    harness.expect(harness.install(bundle, target, env=variable), 0, "installed")
    assert (place / "variable").read_text().startswith("injector: installed: ")
    harness.install(bundle, target, "--termination-message", place / "option", env=variable)
    assert (place / "option").read_text().startswith("injector: already-installed: ")
    assert (place / "variable").read_text().startswith("injector: installed: ")


def test_an_empty_variable_counts_as_unset(target, bundle):
    names = ["BUNDLE", "TARGET", "TIMEOUT", "REPLACE", "ON_FAILURE", "FALLBACK", "FSYNC", "DRY_RUN", "THREADS", "SIZE_LIMIT", "LOG_LEVEL",
             "LOG_FORMAT", "TERMINATION_MESSAGE"]
    done = harness.install(bundle, target, env={f"INJECTOR_{n}": "" for n in names})
    harness.expect(done, 0, "installed")
    assert_installed(target, bundle)


@pytest.mark.parametrize("value, dry", [("true", True), ("1", True), ("false", False), ("0", False)])
def test_flags_as_variables(target, bundle, value, dry):
    done = harness.install(bundle, target, env={"INJECTOR_DRY_RUN": value})
    harness.expect(done, 0, "would-install" if dry else "installed")


def test_other_variables_do_no_harm(target, bundle):
    # The cluster makes such ones of every Service: a Service named injector gives INJECTOR_PORT.
    env = {"INJECTOR_PORT": "tcp://10.0.0.1:80", "INJECTOR_SERVICE_HOST": "10.0.0.1", "LD_PRELOAD": "/nowhere.so",
           "OPENSSL_CONF": "/nowhere.cnf", "LC_ALL": "xx_XX", "TZ": "Mars/Olympus"}
    harness.expect(harness.install(bundle, target, env=env), 0, "installed")
    assert_installed(target, bundle)


def test_help():
    done = harness.run(harness.INJECTOR, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    for word in ("install", "verify", "inspect", "env", "--version", "64", "65", "66", "70", "73", "74", "75", "130",
                 "143", "INJECTOR_"):
        assert word in done.stdout, word
    assert all(len(line) <= 120 for line in done.stdout.splitlines())


@pytest.mark.parametrize("command, options", [
    ("install", ["--bundle", "--target", "--timeout", "--replace", "--fsync", "--dry-run", "--threads", "--size-limit",
                 "--termination-message", "--log-level", "--log-format", "--on-failure", "--fallback", "fail|continue", "/bundle",
                 "/target", "/fallback", "60"]),
    ("verify", ["--bundle", "--target", "--library"]),
    ("inspect", ["--bundle", "--target", "--library", "--output", "json"]),
    ("env", ["--bundle", "--target", "--library", "--mount", "--output", "shell", "kubernetes"])])
def test_help_of_a_command(command, options):
    done = harness.run(harness.INJECTOR, command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    for option in options:
        assert option in done.stdout, option


def test_version():
    done = harness.run(harness.INJECTOR, "--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"injector \d+\.\d+\.\d+\S*\n", done.stdout), done.stdout


def test_dry_run_changes_nothing(place, target, bundle):
    with untouched(target, place):
        harness.expect(harness.install(bundle, target, "--dry-run"), 0, "would-install", "demo", "1.0.0")
    harness.install(bundle, target)
    new = harness.pack(place, NEXT, version="2.0.0")
    with untouched(target, place):
        harness.expect(harness.install(bundle, target, "--dry-run"), 0, "already-installed")
        harness.expect(harness.install(new, target, "--dry-run"), 0, "would-install", "2.0.0")
    (target / "boot.py").unlink()
    with untouched(target, place):
        harness.expect(harness.install(bundle, target, "--dry-run"), 0, "would-install")


def test_dry_run_says_what_would_fail(place, target, bundle):
    harness.write_tree(target, {"agent/theirs": "x"})
    with untouched(target, place):
        harness.expect(harness.install(bundle, target, "--dry-run"), 73, "name-taken", "agent")
        harness.expect(harness.install(bundle, target, "--dry-run", "--replace"), 0, "would-install")
        harness.expect(harness.install(bundle, place / "not-there", "--dry-run"), 73, "target-missing")
        harness.expect(harness.install(place / "not-there", target, "--dry-run"), 66, "bundle-not-found")


def test_dry_run_without_permission_or_space(place, target, bundle, user, mount):
    with untouched(target):
        done = user(12345, "install", "--bundle", bundle, "--target", target, "--dry-run")
        harness.expect(done, 73, "target-not-writable")
    small = mount.tmpfs("size=64k")
    with untouched(small):
        harness.expect(harness.install(bundle, small, "--dry-run"), 75, "no-space")
