"""How OpenTelemetry starts: the SDK as upstream's distribution configures it, and each instrumentation once what it is
for has been imported. Nothing is imported here that the application may bring or patch.
"""

import atexit
import functools
import os
import signal
import sys

GROUP, PREFIX = "opentelemetry_instrumentor", "opentelemetry.instrumentation."
LAST = 2  # seconds that the end of a process waits for the collector
# Metrics and logs go where the user asks for them. The distribution's own default, gRPC, is not here.
DEFAULTS = {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "OTEL_TRACES_EXPORTER": "otlp",
            "OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}
# instrumentations without spans: they serve another signal, and some of them change what the application logs
SIGNALS = {"logging": "OTEL_LOGS_EXPORTER", "structlog": "OTEL_LOGS_EXPORTER", "exceptions": "OTEL_LOGS_EXPORTER",
           "system_metrics": "OTEL_METRICS_EXPORTER"}
done, upstream = set(), {}


class Environment:
    """The environment with our defaults and the distribution's, for a while: child processes have the user's."""

    def __enter__(self):
        self.users = dict(os.environ)
        for name, value in DEFAULTS.items():
            os.environ.setdefault(name, value)
        if os.environ["OTEL_LOGS_EXPORTER"] == "none":  # a handler on the root logger, where nothing is exported
            os.environ.setdefault("OTEL_PYTHON_LOG_AUTO_INSTRUMENTATION", "false")
        return self

    def __exit__(self, *_):
        for name in [name for name in os.environ if name.startswith("OTEL_")]:
            del os.environ[name]
        os.environ.update({name: value for name, value in self.users.items() if name.startswith("OTEL_")})


def start():
    refuse_old_api()
    with Environment(), ours.shown():
        from opentelemetry.util import _importlib_metadata
        if hasattr(_importlib_metadata, "_original_entry_points_cached"):
            _importlib_metadata._original_entry_points_cached.cache_clear()  # the application may have filled it
        from opentelemetry.instrumentation.auto_instrumentation import _load
        upstream["distribution"] = _load._load_distro()
        upstream["distribution"].configure()
        configure(_load)
        if os.environ["OTEL_LOGS_EXPORTER"] != "none":
            forgive_the_last_flush()
        instrument(lambda entry: entry.name in SIGNALS or not entry.value.startswith(PREFIX))
        from opentelemetry.trace import get_tracer_provider
        shutdown = getattr(get_tracer_provider(), "shutdown", int)
    atexit.register(shutdown)  # again: before what its exporter reports to is shut down
    flush_before(signal, "raise_signal", shutdown)
    loaded = [module for module in watch.modules if module in sys.modules]
    watch.waiting += [module for module in loaded if not getattr(sys.modules[module].__spec__, "_initializing", False)]


def forgive_the_last_flush():
    """Of logging's own end: CPython 3.12.0 to 3.12.2 begin no thread there. The provider has sent everything by then."""
    from opentelemetry.instrumentation.logging.handler import LoggingHandler
    flush = LoggingHandler.flush

    def forgiving(handler):
        try:
            flush(handler)
        except RuntimeError:
            pass

    LoggingHandler.flush = functools.wraps(flush)(forgiving)


def refuse_old_api():
    """The SDK is made for the api that it comes with: with an older one of the application's, requests would fail."""
    from importlib.metadata import Distribution
    minor = lambda version: [int(part) for part in version.split(".")[:2]]  # noqa: E731
    try:
        theirs = Distribution.from_name("opentelemetry-api").version
    except Exception:
        return  # it brings none
    own = next(part for folder in folders for part in os.listdir(folder) if part.startswith("opentelemetry_api-"))
    own = own.split("-")[1].rpartition(".dist")[0]
    if minor(theirs) < minor(own):
        raise ImportError("the application brings opentelemetry-api " + theirs + ", this is for " + own + " and newer")


def imported(module, integration):
    def trace():
        with ours.shown():
            instrument(lambda entry: entry.value.startswith(PREFIX + integration + ":"))

    if module == "django.core.handlers.base":  # it needs the settings, which the application has by then
        before_first(sys.modules[module].BaseHandler, "load_middleware", trace)
    elif integration:
        trace()


def instrument(wanted):
    from opentelemetry.instrumentation.dependencies import get_dist_dependency_conflicts
    from opentelemetry.util._importlib_metadata import entry_points
    off = {name.strip() for name in os.environ.get("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", "").split(",")}
    off |= {name for name, exporter in SIGNALS.items() if os.environ.get(exporter, "none") == "none"}
    if os.environ.get("OTEL_PYTHON_LOG_CORRELATION") == "true":
        off -= {"logging"}
    for entry in entry_points(group=GROUP):
        if entry.name not in done and wanted(entry) and not off & {entry.name, "*"}:
            if not get_dist_dependency_conflicts(entry.dist):
                done.add(entry.name)
                upstream["distribution"].load_instrumentor(entry, skip_dep_check=True)


def before_first(owner, name, action):
    """Has action run once, before the first call of that method."""
    method = getattr(owner, name)

    @functools.wraps(method)
    def first(*args, **kwargs):
        if getattr(owner, name) is first:
            setattr(owner, name, method)
            try:
                action()
            except Exception as error:
                say("does not trace " + owner.__module__, error)
        return getattr(owner, name)(*args, **kwargs)

    setattr(owner, name, first)


def configure(load):
    """As upstream, but for the exporter, which opens its HTTP client late, and the end, which is bounded."""
    if os.environ.get("OTEL_CONFIG_FILE") or os.environ.get("OTEL_PYTHON_CONFIGURATOR", "configurator") != "configurator":
        return load._load_configurators()
    from opentelemetry.distro import OpenTelemetryConfigurator
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

    class Processor(BatchSpanProcessor):
        """Upstream's, whose thread begins with the first span: by then gevent has patched what it patches."""

        def __init__(self, *given, **named):
            self.begin = functools.partial(super().__init__, *given, **named)

        def __getattr__(self, name):
            if name != "_batch_processor":
                raise AttributeError(name)
            self.begin()
            return self._batch_processor

        def force_flush(self, timeout_millis=None):
            return "_batch_processor" not in vars(self) or super().force_flush(timeout_millis)

        def shutdown(self):
            if "_batch_processor" in vars(self):
                self._batch_processor.shutdown(LAST * 1000)

    class Exporter(SpanExporter):
        """Upstream's, imported at the first export, in the thread of the processor."""
        upstream = None

        def export(self, spans):
            if not self.upstream:
                from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
                self.upstream = OTLPSpanExporter()
            return self.upstream.export(spans)

        def shutdown(self):
            if self.upstream:
                self.upstream.shutdown()

    processors = []
    protocol = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or os.environ["OTEL_EXPORTER_OTLP_PROTOCOL"]
    if (os.environ["OTEL_TRACES_EXPORTER"], protocol) == ("otlp", "http/protobuf"):
        os.environ["OTEL_TRACES_EXPORTER"] = "none"
        processors = [Processor(Exporter())]
    OpenTelemetryConfigurator().configure(auto_instrumentation_version=load.__version__, span_processors=processors,
                                          export_span_processor=Processor)


def flush_before(owner, name, flush):
    """A server that has ended well raises the signal again that ended it: nothing else of Python runs after that."""
    function = getattr(owner, name)

    @functools.wraps(function)
    def flushed(number):
        if signal.getsignal(number) is signal.SIG_DFL:
            flush()
        return function(number)

    setattr(owner, name, flushed)
