"""What becomes of Pods while the webhook's certificate, its process or its replicas change, under load."""

import contextlib
import signal
import ssl
import threading

from calling import ASKS, calling, failed_open, injected, missed
from certificates import self_signed
from harness import until
from server import Server
from service import Service

RATE = 100  # creations a second; a busy machine may make fewer


class Load:
    """Creates Pods that ask for a library while the context lasts, from several threads."""

    THREADS = 10

    def __init__(self, client, namespace):
        self.client, self.namespace, self.answers, self.errors = client, namespace, [], []
        self.end = threading.Event()

    def __enter__(self):
        self.threads = [threading.Thread(target=self.create, daemon=True) for _ in range(self.THREADS)]
        for thread in self.threads:
            thread.start()
        return self

    def create(self):
        while not self.end.wait(self.THREADS / RATE):
            try:
                self.answers.append(self.client.create_pod(self.namespace, ASKS, dry=True))
            except Exception as error:  # noqa: BLE001 shown by the test that sees it
                self.errors.append(error)

    def more(self, count):
        """Waits for so many creations that began after now."""
        goal = len(self.answers) + self.THREADS + count
        until(lambda: len(self.answers) >= goal or self.errors)

    def __exit__(self, *_):
        self.end.set()
        for thread in self.threads:
            thread.join()

    def missed(self):
        """How many were created without a library; none was refused."""
        assert not self.errors, self.errors
        return sum(not injected(answer) for answer in self.answers)


def presented(port):
    return ssl.get_server_certificate(("127.0.0.1", port))


def test_a_certificate_that_is_renewed(have_webhook, client, spaces, certificate, tmp_path):
    """Both are in the bundle while either may be served: no call fails."""
    new = self_signed(tmp_path, "new")
    with Server(tmp_path / "webhook", certificate) as server, \
            calling(client, spaces, f"https://127.0.0.1:{server.port}", certificate) as trust:
        before = failed_open(client)
        with Load(client, spaces()) as load:
            load.more(50)
            trust(certificate, new)
            load.more(50)
            new.store(server.certificates)
            until(lambda: presented(server.port) == new.text)
            load.more(50)
            trust(new, certificate)  # another bundle: the API server makes new connections
            load.more(50)
            trust(new)
            load.more(50)
        assert load.missed() == 0 and failed_open(client) == before


def waiting_bytes(port):
    """How many bytes connections to a port of this machine hold that its process has not read."""
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table][1:]
    return sum(int(row[4].split(":")[1], 16) for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "01")


def test_killed_in_the_middle_of_a_request(have_webhook, control_plane, client, spaces, certificate, tmp_path):
    with Server(tmp_path / "webhook", certificate) as server, \
            calling(client, spaces, f"https://127.0.0.1:{server.port}", certificate):
        assert injected(client.create_pod(spaces(), ASKS, dry=True))
        before, answers = failed_open(client), []
        server.process.send_signal(signal.SIGSTOP)
        thread = threading.Thread(target=lambda: answers.append(client.create_pod(spaces(), ASKS)))
        thread.start()
        until(lambda: waiting_bytes(server.port))
        server.process.kill()
        thread.join()
        assert not injected(answers[0]) and missed(answers[0], control_plane) and failed_open(client) == before + 1
        server.process.wait()
        with server:  # another one at its place: the API server finds it by itself
            assert injected(client.create_pod(spaces(), ASKS, dry=True))


def test_replicas_that_are_replaced(have_webhook, client, spaces, certificate, tmp_path):
    """Two replicas, each replaced by a new one as a Deployment does it, under load."""
    with contextlib.ExitStack() as stack:
        replica = lambda name: stack.enter_context(Server(tmp_path / name, certificate, drain=2))  # noqa: E731
        old = [replica("a"), replica("b")]
        service = stack.enter_context(Service())
        service.endpoints = [server.port for server in old]
        stack.enter_context(calling(client, spaces, f"https://127.0.0.1:{service.port}", certificate))
        before = failed_open(client)
        with Load(client, spaces()) as load:
            load.more(50)
            for number, server in enumerate(old):
                service.endpoints = service.endpoints + [replica(f"new-{number}").port]
                load.more(20)
                server.process.send_signal(signal.SIGTERM)
                until(lambda: server.get("/readyz")[0] != 200)
                service.endpoints = service.endpoints[1:]
                assert server.process.wait() == 0, server.log.read_text()
                load.more(50)
        assert (load.missed(), failed_open(client)) == (0, before), f"of {len(load.answers)} Pods"
