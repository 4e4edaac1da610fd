"""The matrix for Python: what launches an application, by each library, beside the same without it."""

import itertools
import os

import pytest

from compare import LATE, Launch, assert_same, run_sides
from harness import ROOT, environment, pip_packages

LIBRARIES = ["ddtrace", "opentelemetry-python"]
STARTED = 10  # seconds that a library may take to start, on a busy machine
# what a library logs where its collector is away
OWN = r"^injector: |Transient error|Failed to export|failed to send|Shutdown in progress|failed to start writer service"

# Its own certifi lies beside it; both libraries' trees or their exporters have one, too.
CERTIFI = "mine = 'my own certifi'\ndef where():\n    return '/nonexistent'\n"
FLASK = """
import logging, sys
import flask

app = flask.Flask("hello")


@app.route("/")
def hello():
    import certifi
    logging.getLogger("hello").error("logged")
    print("printed", file=sys.stderr, flush=True)
    return getattr(certifi, "mine", "not my own certifi")


@app.route("/fails")
def fails():
    raise KeyError("mine")


def main():
    app.run(port={port})


if __name__ == "__main__":
    main()
"""
FASTAPI = """
import logging
import fastapi

app = fastapi.FastAPI()


@app.get("/")
def hello():
    import certifi
    logging.getLogger("hello").error("logged")
    return getattr(certifi, "mine", "not my own certifi")
"""
TASKS = """
import http.server, threading
import celery, celery.signals

app = celery.Celery("tasks", broker="memory://")


@celery.signals.worker_ready.connect
def ready(**_):
    server = http.server.HTTPServer(("127.0.0.1", {port}), http.server.BaseHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
"""
GEVENT = """
from gevent import monkey
monkey.patch_all()
import requests, flask, ssl
print(flask.Flask("hello").name)
try:
    requests.get("https://127.0.0.1:{port}")
except requests.ConnectionError as error:
    print("refused")
print(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).minimum_version)
"""
# Flask has imported threading by then, and a library may have begun to run
GEVENT_LATE = """
import threading
import flask
from gevent import monkey
monkey.patch_all()
import os, sys
print(threading is sys.modules["threading"], threading.Thread.__module__, threading.Event.__module__, flush=True)
os._exit(0)  # what Python says at its end of a logging that was patched in use is left out
"""
OWN_TRACER = {"ddtrace/__init__.py": "mine = 'my own'\n", "opentelemetry/__init__.py": "mine = 'my own'\n"}
TRACED = """
import ddtrace, flask, opentelemetry, sys
print(ddtrace.mine, opentelemetry.mine, "opentelemetry.sdk.trace" in sys.modules)
"""
WEB = {"hello.py": FLASK, "certifi.py": CERTIFI}
API = {"api.py": FASTAPI, "certifi.py": CERTIFI}
PY, BIN, FLASKS = "VENV/bin/python", "VENV/bin/", "FLASKS"
SERVE = {"get": ("/", "/fails")}


def sh(script):
    return ("sh", "-euc", script)


SERVERS = {
    "script": Launch((PY, "hello.py"), WEB, **SERVE),
    "-m": Launch((PY, "-m", "hello"), WEB, **SERVE),
    "-c": Launch((PY, "-c", "import hello; hello.main()"), WEB, **SERVE),
    "stdin": Launch((PY, "-"), WEB, stdin="import hello; hello.main()", **SERVE),
    "zipapp": Launch(sh(f"{PY} -m zipapp -m hello:main -o app.pyz zip; exec {PY} app.pyz"),
                     {f"zip/{name}": text for name, text in WEB.items()}, **SERVE),
    "shiv": Launch(sh(f"cp -r {FLASKS} site; cp hello.py certifi.py site; "
                      f"{BIN}shiv --site-packages site -e hello:main -o app.pyz > log 2>&1; exec /usr/bin/python3 app.pyz"),
                   WEB, {"SHIV_ROOT": "{work}/shiv"}, **SERVE),
    "gunicorn": Launch((BIN + "gunicorn", "-b", "127.0.0.1:{port}", "-w", "2", "hello:app"), WEB, **SERVE),
    "gunicorn --chdir": Launch((BIN + "gunicorn", "-b", "127.0.0.1:{port}", "--chdir", "sub", "hello:app"),
                               {f"sub/{name}": text for name, text in WEB.items()}, **SERVE),
    "gunicorn -k gevent": Launch((BIN + "gunicorn", "-b", "127.0.0.1:{port}", "-k", "gevent", "hello:app"), WEB, **SERVE),
    "httpbin": Launch(("/usr/bin/python3", "-m", "httpbin.core", "--port", "{port}"), get=("/status/418", "/robots.txt")),
    "uvicorn": Launch((BIN + "uvicorn", "api:app", "--port", "{port}"), API, get=("/",)),
    "uvicorn --workers": Launch((BIN + "uvicorn", "api:app", "--port", "{port}", "--workers", "2"), API, get=("/",)),
    "granian": Launch((BIN + "granian", "--interface", "asgi", "--port", "{port}", "api:app"), API, get=("/",)),
    "uwsgi": Launch(("uwsgi", "--plugin", "python3", "-H", "VENV", "--enable-threads", "--die-on-term", "--http-socket",
                     "127.0.0.1:{port}", "-w", "hello:app"), WEB, **SERVE),
    "uwsgi --master": Launch(("uwsgi", "--plugin", "python3", "-H", "VENV", "--enable-threads", "--die-on-term", "--master",
                              "-p", "2", "--http-socket", "127.0.0.1:{port}", "-w", "hello:app"), WEB, **SERVE),
    "django": Launch(sh(f"{BIN}django-admin startproject shop .; {PY} manage.py migrate > log; "
                        f"exec {PY} manage.py runserver --noreload {{port}}"), get=("/",)),
}
NO_SPANS = {
    "datasette": Launch((BIN + "datasette", "--memory", "--port", "{port}"), get=("/", "/_memory.json")),
    "PEX": Launch(sh(f"cp -r {FLASKS} site; cp hello.py certifi.py site; "
                     f"{BIN}pex -D site -e hello:main -o app.pex > log 2>&1; exec /usr/bin/python3 app.pex"),
                  WEB, {"PEX_ROOT": "{work}/pex"}, **SERVE),
    "celery": Launch((BIN + "celery", "-A", "tasks", "worker", "--concurrency", "1", "--pool", "prefork"),
                     {"tasks.py": TASKS}, get=("/",)),
    "uwsgi, no threads": Launch(("uwsgi", "--plugin", "python3", "-H", "VENV", "--die-on-term", "--http-socket",
                                 "127.0.0.1:{port}", "-w", "hello:app"), WEB, **SERVE),
    "gevent": Launch((PY, "app.py"), {"app.py": GEVENT}),
    "gevent, late": Launch((PY, "app.py"), {"app.py": GEVENT_LATE}),
    "own tracer, script": Launch((PY, "app.py"), OWN_TRACER | {"app.py": TRACED}),
    "own tracer, -m": Launch((PY, "-m", "app"), OWN_TRACER | {"app.py": TRACED}),
    "own tracer, -c": Launch((PY, "-c", "import app"), OWN_TRACER | {"app.py": TRACED}),
    "own tracer, zipapp": Launch(sh(f"{PY} -m zipapp -o app.pyz zip; exec {PY} app.pyz"), {
        f"zip/{name}": text for name, text in (OWN_TRACER | {"__main__.py": TRACED}).items()}),
    "django migrate": Launch(sh(f"{BIN}django-admin startproject shop .; exec {PY} manage.py migrate")),
    "pip": Launch((PY, "-m", "pip", "list", "--disable-pip-version-check")),
    "-W ignore -m pip": Launch((PY, "-W", "ignore", "-m", "pip", "list", "--disable-pip-version-check")),
    "-mpip": Launch((PY, "-mpip", "install", "--dry-run", "--no-index", "ddtrace", "opentelemetry-sdk", "wrapt")),
    "pipenv": Launch((BIN + "pipenv", "run", "pip", "list", "--disable-pip-version-check"), {"Pipfile": ""},
                     {"PIPENV_VENV_IN_PROJECT": "1", "PIPENV_IGNORE_VIRTUALENVS": "1"}),
    "pip-sync": Launch(sh(f"{PY} -m venv --without-pip new; "
                          f"{BIN}pip-sync --no-index --dry-run --python-executable new/bin/python requirements.txt"),
                       {"requirements.txt": "wrapt==1.0\n"}),
    "virtualenv": Launch(sh(f"{BIN}virtualenv --quiet --no-download new; new/bin/pip list --disable-pip-version-check")),
    "uv": Launch(sh(f"{BIN}uv venv --quiet --offline --python {PY} new; {BIN}uv pip list --offline --python new/bin/python; "
                    f"{BIN}uv pip install --offline --no-index --dry-run --python new/bin/python wrapt"),
                 env={"UV_CACHE_DIR": "{work}/cache"}),
    "venv": Launch(sh(f"{PY} -m venv new; new/bin/pip list --disable-pip-version-check")),
    "empty": Launch((PY, "-c", "")),
    "json.tool": Launch((PY, "-m", "json.tool"), stdin="{}"),
}
ROWS = SERVERS | NO_SPANS
LATER = {"uwsgi --master": 1}  # it looks at its workers once a second


def fill(launch, places):
    def place(text):
        for name, at in places.items():
            text = text.replace(name, str(at))
        return text
    return Launch(tuple(map(place, launch.argv)), launch.files, launch.env, launch.get, launch.stop, launch.stdin)


def reporting(target, library, url):
    return environment(target, library, DD_TRACE_AGENT_URL=url, DD_SERVICE="shop", OTEL_EXPORTER_OTLP_ENDPOINT=url,
                       OTEL_SERVICE_NAME="shop", OTEL_BSP_SCHEDULE_DELAY="200", **plain())


def plain():
    return {"PATH": os.environ["PATH"], "HOME": "{work}", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture(scope="session")
def places(venv):
    return {"VENV": venv, FLASKS: pip_packages("python")}


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("library", LIBRARIES)
def test_behaves_as_without(python_target, places, otlp, row, library):
    found = run_sides(fill(ROWS[row], places), plain(), lambda url: reporting(python_target, library, url),
                      wanted=int(row in SERVERS))
    assert not str(found["without"].code).startswith(("AssertionError", "Timeout")), found["without"]
    assert_same(found, OWN, LATE + (LATER.get(row, 0) if ROWS[row].get else STARTED))
    kinds = [span["kind"] for span in found["answers"].spans]
    assert ("server" in kinds) == (row in SERVERS), found["answers"]
