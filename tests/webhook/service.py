"""What a Service is to the API server: one address, whose new connections go to one of those that are ready."""

import asyncio
import itertools
import threading


LATENCY = 0.03  # seconds each way, so that at any moment some requests are under way


class Service:
    """Forwards connections while the context lasts. Those that are open stay, whatever becomes of the endpoints, as they do
    in Kubernetes."""

    def __init__(self):
        self.endpoints, self.turn = [], itertools.count()  # ports; replaced, never changed

    def __enter__(self):
        started = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self.serve(started)), daemon=True)
        self.thread.start()
        started.wait()
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.end.set)
        self.thread.join()

    async def serve(self, started):
        self.loop, self.end = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self.connect, "127.0.0.1", 0, backlog=512)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await self.end.wait()
        server.close()

    async def connect(self, reader, writer):
        endpoints = self.endpoints
        try:
            backend = await asyncio.open_connection("127.0.0.1", endpoints[next(self.turn) % len(endpoints)])
        except (OSError, ZeroDivisionError):
            writer.transport.abort()
            return
        await asyncio.gather(self.pass_on(reader, backend[1]), self.pass_on(backend[0], writer))

    @staticmethod
    async def pass_on(reader, writer):
        try:
            while data := await reader.read(65536):
                await asyncio.sleep(LATENCY)
                writer.write(data)
                await writer.drain()
            writer.close()
        except OSError:
            writer.transport.abort()
