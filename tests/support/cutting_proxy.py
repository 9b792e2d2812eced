"""A network that breaks: forwards TCP to a server and cuts connections after so many bytes."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from urllib.parse import urlsplit


class CuttingProxy:
    """`cuts` are the numbers of bytes sent after which the next connections are cut; then it forwards all."""

    def __init__(self, listener: socket.socket, target: tuple[str, int], cuts: list[int]) -> None:
        self.listener, self.target, self.cuts = listener, target, cuts
        self.connections = 0
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    @classmethod
    @contextmanager
    def before(cls, url: str, cuts: list[int]) -> Iterator["CuttingProxy"]:
        address = urlsplit(url)
        assert address.hostname
        assert address.port
        with socket.create_server(("127.0.0.1", 0)) as listener:
            proxy = cls(listener, (address.hostname, address.port), cuts)
            accepting = Thread(target=proxy._accept, daemon=True)
            accepting.start()
            yield proxy
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join(10)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self.connections += 1
                Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(self.target) as server:
            answers = Thread(target=_copy, args=(server, client), daemon=True)
            answers.start()
            self._forward(client, server)
            answers.join(30)

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        sent = 0
        with suppress(OSError):
            while data := client.recv(16384):
                server.sendall(data)
                sent += len(data)
                if self.cuts and sent >= self.cuts[0]:
                    del self.cuts[0]
                    client.shutdown(socket.SHUT_RDWR)
                    break
            server.shutdown(socket.SHUT_WR)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(16384):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
