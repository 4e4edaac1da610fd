"""The application without any tracer: GET /hello, on Flask."""

import os

from flask import Flask
from werkzeug.serving import make_server

app = Flask(__name__)


@app.route("/hello")
def hello():
    return "hello\n"


if __name__ == "__main__":
    server = make_server("0.0.0.0", int(os.environ.get("PORT", "8080")), app, threaded=True)
    print("hello: listening at port {}".format(server.port), flush=True)
    server.serve_forever()
