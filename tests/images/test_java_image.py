"""The image of Dockerfile.java, in detail: what it says and does, and that it is made the same again."""

import os
import shutil
import uuid

import pytest

from engine import build_image, docker, have_base_image, inspect, layers
from harness import BUNDLER, ROOT, identities, run, tree

LIBRARY = ROOT / "libraries/java/dd-java-agent"
RESTRICTED = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--network", "none"]
MIB = 1 << 20


def digest():
    return (LIBRARY / "SHA256SUMS").read_text().split()[0]


def payload_of(target):
    return tree(target, skip=(".injector",))


@pytest.fixture
def out(tmp_path):
    """A directory to mount as the target."""
    at = tmp_path / "out"
    at.mkdir()
    at.chmod(0o755)
    return at


@pytest.fixture
def message(tmp_path):
    """A file as the kubelet mounts it: what `kubectl describe pod` shows of a container that ended."""
    at = tmp_path / "message"
    at.touch()
    at.chmod(0o666)
    return at


def install(image, *argv, message=None):
    mount = ["--volume", f"{message}:/dev/termination-log"] if message else []
    return docker("run", "--rm", *argv, *mount, image)


def expect(done, message, code, reason, *parts):
    """The exit code, and one closing line of that reason, in the termination message as well as on stderr."""
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    text = message.read_text()
    assert text.startswith(f"injector: {reason}: "), text
    assert text.rstrip("\n").endswith(f"(exit {code})"), text
    assert text.rstrip("\n").count("\n") == 0
    for part in parts:
        assert part in text, f"{part!r} is not in: {text}"


# Running it

def test_installs_into_a_directory_of_the_caller(java_image, out):
    """The command of the README."""
    done = install(java_image, "--user", f"{os.geteuid()}:{os.getegid()}", "--volume", f"{out}:/target")
    assert done.returncode == 0, done.stderr
    assert payload_of(out) == {"dd-java-agent.jar": ("file", 0o644, digest())}
    assert {e.lstat().st_uid for e in out.rglob("*")} == {os.geteuid()}


def test_runs_with_nothing_allowed(java_image, out, message):
    out.chmod(0o777)
    run_it = [*RESTRICTED, "--user", "12345:0", "--volume", f"{out}:/target"]
    expect(install(java_image, *run_it, message=message), message, 0, "installed", "dd-java-agent")
    assert payload_of(out) == {"dd-java-agent.jar": ("file", 0o644, digest())}
    kept = tree(out / ".injector")
    assert set(kept) == {"lock", "dd-java-agent", "dd-java-agent/manifest.json"}
    assert {(e.lstat().st_uid, e.lstat().st_gid) for e in out.rglob("*")} == {(12345, 0)}

    before = identities(out)
    message.write_text("")
    expect(install(java_image, *run_it, message=message), message, 0, "already-installed", "dd-java-agent")
    assert identities(out) == before


def test_says_who_cannot_write_and_what_to_do(java_image, out, message):
    """Without --user it is 65532, who cannot write into a directory that somebody else made."""
    done = install(java_image, "--volume", f"{out}:/target", message=message)
    expect(done, message, 73, "target-not-writable", "/target", "65532", "--user")
    assert list(out.iterdir()) == []


def test_says_that_nothing_is_mounted(java_image, message):
    expect(install(java_image, *RESTRICTED, message=message), message, 73, "target-read-only", "/target")


def test_installs_into_a_fresh_volume_without_user(java_image, message):
    """A named volume takes its first content, owner and mode from the image's /target."""
    volume = f"injector-test-{uuid.uuid4().hex}"
    try:
        run_it = [*RESTRICTED, "--volume", f"{volume}:/target"]
        expect(install(java_image, *run_it, message=message), message, 0, "installed")
        message.write_text("")
        expect(install(java_image, *run_it, message=message), message, 0, "already-installed")
    finally:
        docker("volume", "rm", "--force", volume)


def test_env_is_a_file_for_docker_run(java_image, base_image, tmp_path):
    done = docker("run", "--rm", *RESTRICTED, java_image, "env", "--mount", "/agents")
    assert done.returncode == 0, done.stderr
    file = tmp_path / "environment"
    file.write_text(done.stdout)
    seen = docker("run", "--rm", "--network", "none", "--env-file", file, base_image, "printenv", "JAVA_TOOL_OPTIONS")
    assert seen.stdout == "-javaagent:/agents/dd-java-agent.jar\n", seen.stderr


def test_verifies_its_own_bundle(java_image, message):
    mount = ["--volume", f"{message}:/dev/termination-log"]
    done = docker("run", "--rm", *RESTRICTED, *mount, java_image, "verify", "--bundle", "/bundle")
    expect(done, message, 0, "verified", "dd-java-agent")


# Looking at it

@pytest.fixture(scope="module")
def entries(java_image, tmp_path_factory):
    found = layers(java_image, tmp_path_factory.mktemp("image"))
    assert len(found) == 1, "the root is one layer"
    return found[0]


def test_payload_is_the_artifact(entries):
    assert {path for path in entries if path.startswith("bundle/payload/")} == {"bundle/payload/dd-java-agent.jar"}
    assert entries["bundle/payload/dd-java-agent.jar"].sha256 == digest()


def test_is_small(entries):
    """6 MiB for the executable, little for what explains, and the library itself."""
    assert entries["injector"].size <= 6 * MIB
    assert sum(e.size for e in entries.values()) - entries["bundle/payload/dd-java-agent.jar"].size <= 6.5 * MIB


def test_bundle_is_the_one_that_is_packed_outside(entries, java_image, tmp_path):
    artifacts = ROOT / "build/artifacts/dd-java-agent"
    if not artifacts.is_dir() or not os.access(BUNDLER, os.X_OK):
        pytest.skip("nothing to compare with: build/artifacts or build/bin is empty")
    bundle = tmp_path / "bundle"
    done = run(BUNDLER, "pack", "--library", LIBRARY, "--artifacts", artifacts, "--output", bundle)
    assert done.returncode == 0, done.stderr
    ours = tree(bundle)
    assert ours == {path.removeprefix("bundle/"): ("file" if e.sha256 else "directory", e.mode, e.sha256)
                    for path, e in entries.items() if path.startswith("bundle/")}


def test_executable_is_static(java_image, tmp_path):
    if shutil.which("file") is None:
        pytest.skip("file is not installed (scripts/packages test)")
    created = docker("create", java_image)
    assert created.returncode == 0, created.stderr
    try:
        done = docker("cp", created.stdout.strip() + ":/injector", tmp_path / "injector")
    finally:
        docker("rm", created.stdout.strip())
    assert done.returncode == 0, done.stderr
    kind = run("file", "--brief", tmp_path / "injector").stdout
    assert "ELF 64-bit" in kind and ("statically linked" in kind or "static-pie linked" in kind), kind
    assert ", stripped" in kind, kind


def test_same_input_gives_the_same_root(java_image, tmp_path):
    """The tree in another folder, its times and a blank in library.json changed: the root is made anew, and the same.

    It is compared in the stage that makes it: the last COPY is cached by content, and a cache knows no times.
    """
    context = tmp_path / "context"
    for name in ("Dockerfile.java", ".dockerignore", "LICENSE", "CMakeLists.txt", "CMakePresets.json", "core", "log", "injector",
                 "bundler", "scripts", "libraries", "build/artifacts", "build/compiled"):
        source, copy = ROOT / name, context / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, symlinks=True)
        elif source.exists():
            shutil.copy(source, copy)
    for at in context.rglob("*"):
        os.utime(at, (1234567890, 1234567890))
    description = context / "libraries/java/dd-java-agent/library.json"
    description.write_text(description.read_text() + "\n")

    made = [f"injector-java:test-{uuid.uuid4().hex[:8]}" for _ in range(2)]
    try:
        build_image(made[0], "--file", ROOT / "Dockerfile.java", "--target", "rootfs")
        build_image(made[1], "--target", "rootfs", "--file", context / "Dockerfile.java", context=context)
        assert inspect(made[0])["Id"] != inspect(made[1])["Id"], "the build was cached: nothing was compared"
        script = "tar --sort=name --numeric-owner -C /rootfs -c . | sha256sum"
        runs = [docker("run", "--rm", "--network", "none", image, "sh", "-c", script) for image in made]
        assert runs[0].returncode == 0, runs[0].stderr
        assert runs[0].stdout == runs[1].stdout
    finally:
        docker("image", "rm", "--no-prune", *made)  # what they were made from is the cache of the next build


def test_builds_on_the_next_debian_as_well(engine):
    """With its compiler, and its libraries."""
    base = have_base_image("debian:trixie")
    image = build_image("injector-test-trixie", "--build-arg", f"BASE={base}", "--file", ROOT / "Dockerfile.java")
    done = docker("run", "--rm", "--network", "none", image, "verify")
    assert done.returncode == 0 and "verified" in done.stderr, done.stderr
