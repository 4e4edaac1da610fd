"""Makes the library of this folder available from the tree that sitecustomize.py chose; it gives `here` and `tree`.
What is not compiled lies in a folder for each Python: py3.12 beside cp3.12-glibc-x86_64 and cp3.12-musl-x86_64.

The library starts when the application imports something that it has an integration for, and not now: by then the paths
of the application are complete, wherever they come from, and it is seen what it brings itself; and a process that
imports no such thing pays next to nothing. injector-library.py, which is not read before, says how.

Whatever goes wrong, the application runs as it would without us. INJECTOR_LOG_LEVEL=debug says why nothing is done.
"""

import os
import sys
from _frozen_importlib_external import PathFinder

name = os.path.basename(here)
folders = [tree, os.path.join(here, "py%d.%d" % sys.version_info[:2])]
# the folder of the integrations; what an application that is traced already brings; modules of the library that an
# application can import itself, the last of which starts it; whether to start before a module is loaded, or after that
INTEGRATIONS, RIVAL, OWN, BEFORE = {
    "ddtrace": ("ddtrace/contrib/internal", "ddtrace", ["ddtrace"], True),
    "opentelemetry-python": ("opentelemetry/instrumentation", "opentelemetry.sdk.trace",
                             ["opentelemetry.context", "opentelemetry.propagate", "opentelemetry.trace"], False),
}[name]
# the modules of an integration that is not called as they are
MODULES = {
    "aiohttp_client": ["aiohttp"], "aiohttp_server": ["aiohttp.web"], "aws_lambda": ["datadog_lambda"],
    "azure_cosmos": ["azure.cosmos"], "azure_durable_functions": ["azure.durable_functions"],
    "azure_eventhubs": ["azure.eventhub"], "azure_functions": ["azure.functions"],
    "azure_servicebus": ["azure.servicebus"], "boto3sqs": ["boto3"], "botocore": ["botocore", "aiobotocore"],
    "cassandra": ["cassandra.cluster"], "django": ["django.core.handlers.base"], "dogpile_cache": ["dogpile.cache"],
    "elasticsearch": ["elasticsearch", "elastic_transport", "opensearchpy"], "google_adk": ["google.adk"],
    "google_cloud_pubsub": ["google.cloud.pubsub_v1"], "google_genai": ["google.genai"], "httplib": ["http.client"],
    "httpx": ["httpx", "httpx2"], "kafka": ["kafka", "confluent_kafka"], "langchain": ["langchain_core"],
    "llama_index": ["llama_index.core"], "mysql": ["mysql.connector"], "mysqlclient": ["MySQLdb"],
    "mysqldb": ["MySQLdb"], "openai_agents": ["agents"], "psycopg": ["psycopg", "psycopg2"], "pytorch": ["torch"],
    "snowflake": ["snowflake.connector"], "tortoiseorm": ["tortoise"], "urllib": ["urllib.request"],
    "vertica": ["vertica_python"],
}
# Nobody is traced for these alone. They serve programs that start before the paths of their application are complete
# (click: uvicorn, flask, celery), or any program (the standard library), or make no spans.
ACCOMPANY = {"anyio", "asgi", "asyncclick", "asyncio", "click", "coverage", "dbapi", "exceptions", "futures", "gunicorn",
             "httplib", "jinja2", "kombu", "logbook", "logging", "loguru", "mako", "protobuf", "pytest", "pytest_bdd",
             "pytest_benchmark", "sqlite3", "structlog", "subprocess", "system_metrics", "threading", "trio", "unittest",
             "urllib", "webbrowser", "wsgi"}


class Tree:
    """At the end of sys.meta_path: has what nobody else has. importlib.metadata sees it only while the library looks
    itself up, so that no installer takes it for installed."""

    visible = 0

    def find_spec(self, module, path=None, target=None):
        parent = module.rpartition(".")[0]
        if parent and getattr(sys.modules.get(parent), "__file__", None):
            return None  # a package that is whole; of a namespace one part can be the application's and one ours
        return PathFinder.find_spec(module, [os.path.join(folder, *parent.split(".")) for folder in folders], target)

    def find_distributions(self, context):
        if not self.visible:
            return ()
        import importlib.metadata as metadata
        if sys.version_info < (3, 10):
            metadata = sys.modules.get("importlib_metadata", metadata)  # its own kind is all that it understands
        context = metadata.DistributionFinder.Context(name=context.name, path=folders)
        return metadata.MetadataPathFinder.find_distributions(context)

    def shown(self):
        return Shown()


class Shown:
    """While the library looks itself up."""

    def __enter__(self):
        ours.visible += 1

    def __exit__(self, *_):
        ours.visible -= 1


class Loader:
    """Loads a module as its own loader does, and tells afterwards. The module never sees it."""

    def __init__(self, loader):
        self.loader = loader

    def __getattr__(self, attribute):
        return getattr(self.loader, attribute)

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self.loader
        if module.__name__ in OWN:
            with ours.shown():
                self.loader.exec_module(module)
        else:
            self.loader.exec_module(module)
        watch.imported(module.__name__)


class Watch:
    """At the front of sys.meta_path: starts the library, once, and tells it of the modules that it knows."""

    library = None  # what injector-library.py defines
    started = running = False

    def __init__(self):
        self.modules, self.waiting = dict.fromkeys(OWN, ""), []
        for folder in folders:
            at = os.path.join(folder, INTEGRATIONS)
            for integration in os.listdir(at) if os.path.isdir(at) else ():
                for module in MODULES.get(integration, [integration]):
                    self.modules.setdefault(module, integration)

    def find_spec(self, module, path=None, target=None):
        if module not in self.modules:
            return None
        spec = elsewhere(module, path, () if module in OWN else (ours,))  # not what the library brings for itself
        if spec and BEFORE and module not in OWN and self.starts(module):
            self.start()
            spec = elsewhere(module, path)  # perhaps by a finder of the library's
        if spec and hasattr(spec.loader, "exec_module"):
            spec.loader = Loader(spec.loader)
        return spec

    def starts(self, module):
        return module == OWN[-1] if module in OWN else self.modules[module] not in ACCOMPANY

    def imported(self, module):
        """Where the library is starting, it is told at the end of that: no thread waits for another."""
        self.waiting.append(module)
        if self.starts(module):
            self.start()
        if self.running:
            self.tell()

    def tell(self):
        while self.waiting:
            module = self.waiting.pop(0)
            try:
                self.library["imported"](module, self.modules[module])
            except Exception as error:
                say("does not trace " + module, error)

    def start(self):
        if self.started:
            return
        self.started, modules = True, set(sys.modules)
        try:
            if brought(RIVAL):
                self.leave()
                return say_aside("the application brings its own " + RIVAL.partition(".sdk")[0])
            if not has_threads():
                self.leave()
                return say("is not started", "uWSGI runs no thread of it without --enable-threads")
            refuse_cut_modules()
            self.library = read("injector-library.py")
            self.library["start"]()
            self.running = True
            self.tell()
        except BaseException as error:
            self.leave(set(sys.modules) - modules)
            say("is not started", error)
            if isinstance(error, KeyboardInterrupt):
                raise

    def leave(self, modules=()):
        """Takes out what is ours, for half a library is worse than none; but for importlib_metadata, which has taken the
        place of what Python has."""
        gone = [module for module in modules if module.partition(".")[0] not in ("importlib_metadata", "zipp")
                and str(getattr(sys.modules[module], "__file__", None)).startswith(tuple(folders))]
        sys.meta_path[:] = [finder for finder in sys.meta_path if finder not in (self, ours)
                            and getattr(finder, "__module__", None) not in gone]
        for module in gone:
            del sys.modules[module]


def elsewhere(module, path, besides=()):
    """The spec that this module has without us; with the tree where besides does not name it."""
    for finder in sys.meta_path[:]:
        if finder is not watch and finder not in besides and hasattr(finder, "find_spec"):
            spec = finder.find_spec(module, path)
            if spec:
                return spec
    return None


def brought(module):
    """Whether the application brings that module, which is looked for and not imported. A package that is whole answers
    for all that could be in it."""
    path, parts = None, module.split(".")
    for count in range(1, len(parts) + 1):
        spec = elsewhere(".".join(parts[:count]), path, (ours,))
        if not spec or spec.origin:
            return bool(spec)
        path = spec.submodule_search_locations
    return True


def has_threads():
    uwsgi = sys.modules.get("uwsgi")
    return not uwsgi or any(uwsgi.opt.get(option) for option in ("enable-threads", "threads"))


def read(file):
    """What a file beside this one defines."""
    with open(os.path.join(here, file), "rb") as source:
        defined = {"__name__": file, "say": say, "watch": watch, "ours": ours, "tree": tree, "folders": folders}
        exec(compile(source.read(), source.name, "exec"), defined)
    return defined


def refuse_cut_modules():
    """A shared object that is cut off is no error to dlopen, which maps it, but a SIGBUS once the rest is used."""
    for folder, _, files in os.walk(tree):
        for path in [os.path.join(folder, file) for file in files if ".so" in file]:
            with open(path, "rb") as file:
                head = file.read(4096)
                size = os.fstat(file.fileno()).st_size
            number = lambda at, count: int.from_bytes(head[at:at + count], "little")  # noqa: E731
            segments = [number(32, 8) + 56 * index for index in range(number(56, 2))]
            if any(number(at + 8, 8) + number(at + 32, 8) > size for at in segments):
                raise ImportError(path + " is cut off")


def say(what, error):
    try:
        line = error if isinstance(error, str) else " ".join((type(error).__name__ + ": " + str(error)).split())
        sys.stderr.write("injector: " + name + " " + what + ": " + line[:500] + "\n")
    except Exception:
        pass


def say_aside(why):
    if os.environ.get("INJECTOR_LOG_LEVEL") == "debug":
        say("is not started", why)


ours, watch = Tree(), Watch()
if hasattr(sys, "_injector"):
    say_aside(sys._injector + " is here already")
else:
    sys._injector = name
    sys.meta_path.insert(0, watch)
    sys.meta_path.append(ours)
