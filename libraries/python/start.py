"""Starts the library of this folder from the tree that sitecustomize.py chose; it gives `here` and `tree`. What is not
compiled lies in a folder for each Python: py312 beside cp312-glibc-x86_64 and cp312-musl-x86_64.

Whatever goes wrong, the application starts as it would without us. INJECTOR_LOG_LEVEL=debug says why nothing is done.
"""

import os
import sys

# folder: the package that an application may bring itself; the module that starts ours; settings that it needs
LIBRARIES = {
    "ddtrace": ("ddtrace", "ddtrace.auto", {}),
    "opentelemetry-python": ("opentelemetry", "opentelemetry.instrumentation.auto_instrumentation.sitecustomize",
                             {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}),  # its own default, gRPC, is not here
}
# Their wheels' libgcc_s has DT_RELR. Musl before 1.2.4, Alpine's up to 3.17, ignores it: a crash, and no exception.
RELR = ("ddtrace",)
# they would take what is in the tree for installed
INSTALLERS = ("pip", "ensurepip", "venv", "virtualenv")


def program():
    """The script or module that is about to run."""
    for argument in getattr(sys, "orig_argv", sys.argv)[1:]:
        if not argument.startswith("-"):
            return os.path.basename(argument)
    return ""


def aside(package):
    """Why nothing is to be started, or None."""
    if hasattr(sys, "_injector"):
        return sys._injector + " is started already"
    if program().rstrip("0123456789.") in INSTALLERS:
        return program() + " installs packages"
    if any(hasattr(finder, "find_spec") and finder.find_spec(package, None) for finder in sys.meta_path):
        return "the application brings its own " + package
    return None


def refuse_old_musl():
    import re  # most Pythons are not on musl
    with open("/lib/ld-musl-%s.so.1" % os.uname().machine, "rb") as loader:
        version = re.search(br"\0([0-9]+\.[0-9]+\.[0-9]+)[^\0]*\0", loader.read()).group(1).decode()
    if [int(part) for part in version.split(".")] < [1, 2, 4]:
        raise OSError("musl " + version + " cannot load it, 1.2.4 can (Alpine 3.18)")


def start(module, settings):
    """Imports the module, with its folders at the end of the path: the application's own packages come first."""
    folders = tree, os.path.join(here, "py%d%d" % sys.version_info[:2])
    modules, path, finders = set(sys.modules), sys.path[:], sys.meta_path[:]
    sys.path += folders
    try:
        for name, value in settings.items():
            os.environ.setdefault(name, value)
        __import__(module)
        sys._injector = os.path.basename(here)
    except BaseException:
        # half a library is worse than none
        sys.path[:], sys.meta_path[:] = path, finders
        for name in set(sys.modules) - modules:
            if str(getattr(sys.modules[name], "__file__", None)).startswith(folders):
                del sys.modules[name]
        raise


def say(why):
    try:
        sys.stderr.write("injector: " + os.path.basename(here) + " is not started: " + why + "\n")
    except Exception:
        pass


try:
    package, *how = LIBRARIES[os.path.basename(here)]
    why = aside(package)
    if not why:
        if package in RELR and "-musl-" in os.path.basename(tree):
            refuse_old_musl()
        start(*how)
    elif os.environ.get("INJECTOR_LOG_LEVEL") == "debug":
        say(why)
except KeyboardInterrupt:
    raise
except BaseException as error:
    say(" ".join((type(error).__name__ + ": " + str(error)).split())[:500])
