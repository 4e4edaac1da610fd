# For sitecustomize.py: the package that an application may bring itself, and how ours is started.
import os

PACKAGE = "opentelemetry"


def start():
    # the distro's own default is gRPC, which is not here
    os.environ.setdefault("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
    from opentelemetry.instrumentation.auto_instrumentation import initialize
    initialize(swallow_exceptions=False)
