# Runs in every Python that PYTHONPATH leads here, before the application: starts the library where a folder beside
# this file fits the interpreter, then runs the sitecustomize that this one hides. Short, and valid in Python 2: others
# compile it at every start too, since a volume that is mounted read-only keeps no bytecode.
import os
import sys

here = os.path.dirname(__file__)
this = sys.modules[__name__]
try:
    if sys.version_info >= (3, 9) and sys.implementation.name == "cpython" and sys.maxsize > 2**32:
        try:
            libc = os.confstr("CS_GNU_LIBC_VERSION") and "glibc"  # the libc that this process runs on
        except (OSError, ValueError):
            libc = "musl"
        tree = "cp%d.%d" % sys.version_info[:2] + "-".join((sys.abiflags, libc, os.uname().machine))
        if os.path.isdir(os.path.join(here, tree)):
            with open(os.path.join(here, "injector-start.py"), "rb") as source:
                exec(compile(source.read(), source.name, "exec"), {"here": here, "tree": os.path.join(here, tree)})
except Exception:
    pass
sys.modules.setdefault(__name__, this)  # the library may have thrown it out, and the importer would miss it

hidden = sys.path[sys.path.index(here) + 1:] if here in sys.path else []
if sys.version_info >= (3, 5):
    import _frozen_importlib  # importlib.util costs more than all of this
    import _frozen_importlib_external
    spec = _frozen_importlib_external.PathFinder.find_spec(__name__, hidden)
    if spec and spec.loader:
        sys.modules[__name__] = _frozen_importlib.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[__name__])
else:
    import imp
    try:
        spec = imp.find_module(__name__, hidden)
    except ImportError:
        spec = None
    if spec:
        imp.load_module(__name__, *spec)
