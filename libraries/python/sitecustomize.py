"""Starts the tracing library beside this file before the application, in every Python that PYTHONPATH leads here.

Whatever goes wrong, the application starts as it would without us. Where no tree fits, nothing is said, unless
INJECTOR_LOG_LEVEL is debug. Short, and valid in Python 2: interpreters that have no tree read it as well, and compile
it each time, for a volume that is mounted read-only keeps no bytecode.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


class Aside(Exception):
    """Why nothing is to be started."""


def fitting_tree():
    """The folder that was made for this interpreter: version and ABI, libc, machine."""
    if sys.version_info < (3, 9) or sys.implementation.name != "cpython" or sys.maxsize < 2**32:
        raise Aside("there is no tree for Python " + sys.version.split()[0])
    if hasattr(sys, "_injector"):
        raise Aside(sys._injector + " is started already")
    try:
        os.confstr("CS_GNU_LIBC_VERSION")  # asks the libc that this process runs on
        libc = "glibc"
    except (OSError, ValueError):
        libc = "musl"
    name = "cp%d%d%s-%s-%s" % (sys.version_info[:2] + (sys.abiflags, libc, os.uname().machine))
    tree = os.path.join(HERE, name)
    if not os.path.isdir(tree):
        raise Aside("there is no tree " + name)
    for argument in getattr(sys, "orig_argv", sys.argv)[1:]:
        if argument[:1] != "-":  # these would take the tree's packages for installed ones
            if os.path.basename(argument).rstrip(".0123456789") in ("pip", "ensurepip", "venv", "virtualenv"):
                raise Aside("it makes environments")
            break
    return tree


def start(tree):
    """Runs the library's start.py with the tree at the end of sys.path: the application's own packages come first."""
    before = set(sys.modules), sys.path[:], sys.meta_path[:]
    scope = {"__name__": "injector-start"}
    try:
        with open(os.path.join(HERE, "injector-start.py"), "rb") as source:
            exec(compile(source.read(), source.name, "exec"), scope)
        for finder in sys.meta_path:
            if hasattr(finder, "find_spec") and finder.find_spec(scope["PACKAGE"], None):
                raise Aside("the application brings its own " + scope["PACKAGE"])
        sys._injector = os.path.basename(HERE)
        sys.path.append(tree)
        scope["start"]()
    except Aside:
        raise
    except BaseException:
        # half a library is worse than none
        sys.path[:], sys.meta_path[:] = before[1:]
        for name in set(sys.modules) - before[0]:
            if (getattr(sys.modules[name], "__file__", None) or "").startswith(tree):
                del sys.modules[name]
        raise


def chain():
    """Runs the sitecustomize that this file hides; what it raises is its own."""
    hidden = sys.path[sys.path.index(HERE) + 1:] if HERE in sys.path else []
    if sys.version_info < (3, 5):
        import imp
        try:
            found = imp.find_module("sitecustomize", hidden)
        except ImportError:
            return
        imp.load_module("sitecustomize", *found)
    else:
        import _frozen_importlib  # importlib.util costs more than all of this
        import _frozen_importlib_external
        spec = _frozen_importlib_external.PathFinder.find_spec("sitecustomize", hidden)
        if spec and spec.loader:
            module = sys.modules["sitecustomize"] = _frozen_importlib.module_from_spec(spec)
            spec.loader.exec_module(module)


def say(line):
    try:
        sys.stderr.write("injector: " + os.path.basename(HERE) + " is not started: " + line + "\n")
    except Exception:
        pass


ourselves = sys.modules[__name__]
try:
    start(fitting_tree())
except Aside as why:
    if os.environ.get("INJECTOR_LOG_LEVEL") == "debug":
        say(str(why))
except KeyboardInterrupt:
    raise
except BaseException as error:
    say(" ".join((type(error).__name__ + ": " + str(error)).split())[:500])
sys.modules.setdefault(__name__, ourselves)  # the library may have thrown it out, and the importer misses it
chain()
