"""A proxy between client and PostgreSQL (or a pooler) that knows where a message ends, and can cut there.

    proxy = Proxy(host, port, cut=lambda message: message.way == "down" and message.number == 7)
    proxy.url(database)

`cut` is asked before each message is passed on; where it says yes, the message is dropped and both ends are closed.
So a COMMIT whose answer is lost is a cut downward: the server has done it, the client never hears.

    Proxy(host, port, refuse=lambda connection: ("28P01", "no") or None)       # the answer to a connection's beginning
    Proxy(host, port, fail=lambda sql: "XX001" if "xmin" in sql else None)     # a statement fails with that SQLSTATE

What is to fail is replaced, on its way up, by a statement that raises the error, so that the server's state is the
one that such an error leaves; the database needs FAIL_WITH for it.
"""
import re
import socket
import struct
import threading
from typing import NamedTuple

SSL, GSS, CANCEL = 80877103, 80877104, 80877102


class Gone(Exception):
    pass


class Message(NamedTuple):
    connection: int  # from 1
    way: str  # "up": client to server; "down"
    number: int  # from 1 within connection and way
    kind: str  # its type byte as a letter; "?" for the first of a connection, which has none
    data: bytes  # what follows the length


def exactly(sock, n):
    parts = []
    while n:
        part = sock.recv(min(n, 65536))
        if not part:
            raise Gone
        parts.append(part)
        n -= len(part)
    return b"".join(parts)


FAIL_WITH = """CREATE FUNCTION public.fail_with(state text) RETURNS text LANGUAGE plpgsql AS
    $$ BEGIN RAISE 'so it is told' USING ERRCODE = state; END $$"""


def error_response(state, text):
    fields = b"".join(kind + value.encode() + b"\0" for kind, value in
                      ((b"S", "FATAL"), (b"V", "FATAL"), (b"C", state), (b"M", text))) + b"\0"
    return b"E" + struct.pack("!I", len(fields) + 4) + fields


def failing(kind, data, state):
    """The message with another statement: one that takes as many parameters, and raises the error."""
    if kind == "Q":
        return f"SELECT public.fail_with('{state}')".encode() + b"\0"
    name, sql, rest = data.split(b"\0", 2)
    count = max([0, *map(int, re.findall(rb"\$(\d+)", sql))])
    extra = "".join(f", ${n}::bytea" for n in range(1, count + 1))
    return name + b"\0" + f"SELECT public.fail_with('{state}'){extra}".encode() + b"\0" + struct.pack("!H", 0)


class Proxy:
    def __init__(self, host, port, cut=None, refuse=None, fail=None):
        self.server = (host, port)
        self.cut = cut or (lambda message: False)
        self.refuse = refuse or (lambda connection: None)
        self.fail = fail or (lambda sql: None)
        self.failed = 0
        self.lock = threading.Lock()
        self.connections = 0
        self.cuts = 0
        self.seen = []  # all messages, those that were cut included, without their data
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def url(self, database, user="netty"):
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def close(self):
        self.listener.close()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def startup(self, client):
        """The connection's first message; offers of encryption are turned down here."""
        while True:
            head = exactly(client, 8)
            length, code = struct.unpack("!II", head)
            if code in (SSL, GSS):
                client.sendall(b"N")
                continue
            return head + exactly(client, length - 8), code

    def serve(self, client):
        try:
            first, code = self.startup(client)
            server = socket.create_connection(self.server)
        except (OSError, Gone):
            client.close()
            return
        if code == CANCEL:
            server.sendall(first)
            server.close()
            client.close()
            return
        for sock in (client, server):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self.lock:
            self.connections += 1
            connection = self.connections
        refusal = self.refuse(connection)
        if refusal:
            client.sendall(error_response(*refusal))
            client.close()
            server.close()
            return
        down = threading.Thread(target=self.pump, args=(connection, "down", server, client, None), daemon=True)
        down.start()
        self.pump(connection, "up", client, server, first)
        down.join()
        client.close()
        server.close()

    def pump(self, connection, way, source, sink, first):
        number = 0
        try:
            while True:
                kind, head = "?", b""
                if first is None:
                    head = exactly(source, 5)
                    kind, length = head[:1].decode("latin-1"), struct.unpack("!I", head[1:])[0]
                    first = exactly(source, length - 4)
                number += 1
                with self.lock:
                    message = Message(connection, way, number, kind, first)
                    self.seen.append(message._replace(data=None))
                    cut = self.cut(message)
                    self.cuts += bool(cut)
                if cut:
                    raise Gone
                state = way == "up" and kind in "QP" and \
                    self.fail((first if kind == "Q" else first.split(b"\0", 2)[1]).decode(errors="replace"))
                if state:
                    self.failed += 1
                    first = failing(kind, first, state)
                    head = head[:1] + struct.pack("!I", len(first) + 4)
                sink.sendall(head + first)
                first = None
        except (OSError, Gone):
            for sock in (source, sink):
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
