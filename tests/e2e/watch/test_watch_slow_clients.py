"""The server of --listen among clients that mean it no good: half-open, a byte a second, never reading, far too many."""
import resource
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from harness import wait_for
from watching import get, listening

MANY = 500


@pytest.fixture
def loading(sims, netty, db):
    """A loader that follows and listens, with rows to load; (process, address, how to give it more, how many are in)."""
    sim = sims("contacts:100")
    netty.extract("contacts", sim=sim)
    process = netty.start("netty-load", "--follow", "--create-tables", "--listen", ":0", db=db)
    address = listening(process)

    def rows():
        return db.value("SELECT count(*) FROM \"netty-contacts\"")

    wait_for(lambda: db.value("SELECT to_regclass('\"netty-contacts\"') IS NOT NULL") and rows() == 100, "the first rows")

    def more():
        held = rows()
        sim.post("/_sim/insert", table="contacts", n=10)
        netty.extract("contacts", sim=sim)
        wait_for(lambda: rows() > held, "the rows that were added")

    return process, address, more


class Clients:
    """Sockets that stay, each having sent the same."""

    def __init__(self, address, n, first):
        low, high = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(high, max(low, 4096)), high))
        self.address, self.first, self.sockets = address, first, []
        for _ in range(n):
            self.open()

    def open(self):
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        made.settimeout(30)
        made.connect(self.address)
        try:
            made.sendall(self.first)
        except OSError:
            pass  # closed already: it was one too many
        self.sockets.append(made)

    def closed(self):
        """How many the server has ended."""
        n = 0
        for one in self.sockets:
            try:
                one.setblocking(False)
                while (got := one.recv(65536)):
                    pass
                n += got == b""
            except BlockingIOError:
                pass
            except OSError:
                n += 1
        return n

    def close(self):
        for one in self.sockets:
            one.close()


def end(process):
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0, Path(process.err_path).read_text()


@pytest.mark.parametrize("first", [b"", b"GET /metr", b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: "])
def test_half_open_connections_keep_nobody_out(loading, first):
    process, address, more = loading
    clients = Clients(address, MANY, first)
    for _ in range(3):
        assert get(address, "/metrics").status == 200
        assert get(address, "/healthz").status == 200
    more()
    wait_for(lambda: clients.closed() == MANY, "the end of all of them")
    assert get(address, "/metrics").status == 200
    clients.close()
    assert get(address, "/metrics").status == 200
    end(process)


def test_when_they_have_hung_up_it_goes_on(loading):
    process, address, _ = loading
    clients = Clients(address, 40, b"GET /metr")
    clients.close()
    assert get(address, "/metrics").status == 200
    end(process)


def test_a_byte_a_second_is_no_way_to_stay(loading):
    process, address, more = loading
    clients = Clients(address, 20, b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n")
    over = threading.Event()

    def drip():
        while not over.wait(1):
            for one in clients.sockets:
                try:
                    one.setblocking(False)
                    one.send(b"X")
                except OSError:
                    pass

    dripping = threading.Thread(target=drip)
    dripping.start()
    try:
        more()
        assert get(address, "/metrics").status == 200
        wait_for(lambda: clients.closed() == 20, "the end of all of them")
    finally:
        over.set()
        dripping.join()
    end(process)


def test_who_never_reads_is_closed(loading):
    """A connection that asks on and on, and takes no answer."""
    process, address, more = loading
    clients = Clients(address, 40, b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 200)
    more()
    for _ in range(3):
        assert get(address, "/metrics").status == 200
    wait_for(lambda: open_sockets(process, address[1]) == 0, "the end of all of them")
    clients.close()
    end(process)


def open_sockets(process, port):
    """How many connections to the port the program holds."""
    inodes = set()
    for link in Path(f"/proc/{process.pid}/fd").iterdir():
        try:
            inodes.add(str(link.readlink()))
        except OSError:
            pass
    lines = Path(f"/proc/{process.pid}/net/tcp").read_text().splitlines()[1:]
    return sum(f"socket:[{fields[9]}]" in inodes for fields in map(str.split, lines)
               if int(fields[1].split(":")[1], 16) == port and fields[3] != "0A")


def test_clients_that_come_again_and_again(loading):
    process, address, more = loading
    over = threading.Event()

    def flood():
        while not over.is_set():
            try:
                clients = Clients(address, 50, b"GET /")
                clients.close()
            except OSError:
                time.sleep(0.01)

    floods = [threading.Thread(target=flood) for _ in range(3)]
    for one in floods:
        one.start()
    try:
        for _ in range(10):
            assert get(address, "/metrics").status == 200
        more()
    finally:
        over.set()
        for one in floods:
            one.join()
    assert get(address, "/healthz").status == 200
    end(process)


@pytest.mark.parametrize("head", [b"Content-Length: 1000000000000", b"Transfer-Encoding: chunked"])
@pytest.mark.parametrize("method", [b"POST", b"GET", b"PUT"])
def test_a_body_without_end_is_not_waited_for(loading, method, head):
    process, address, more = loading
    client = socket.create_connection(address, timeout=30)
    client.sendall(method + b" /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n" + head + b"\r\n\r\n")
    sent = 0
    try:
        while sent < 1 << 28:
            sent += client.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")
    except OSError:
        pass
    assert sent < 1 << 28, "it took all of it"
    client.close()
    assert get(address, "/metrics").status == 200
    more()
    end(process)


def test_without_descriptors_it_comes_back_by_itself(sims, netty, db):
    """accept() fails for want of a descriptor; the socket is listened on again when there are some."""
    sim = sims("contacts:10")
    process = netty.start("netty-extract", "--every", "300d", "--stale-after", "1h", "--listen", ":0", "contacts", sim=sim)
    address = listening(process)
    wait_for(lambda: "waiting for the next run" in Path(process.err_path).read_text(), "the end of the first run")
    assert get(address, "/metrics").status == 200
    wait_for(lambda: open_sockets(process, address[1]) == 0, "the end of that connection")
    held = max(int(fd.name) for fd in Path(f"/proc/{process.pid}/fd").iterdir()) + 1
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (held, 4096))
    client = socket.create_connection(address, timeout=30)
    client.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    before = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    time.sleep(2)
    after = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    assert int(after[11]) + int(after[12]) - int(before[11]) - int(before[12]) < 100, "it does not spin meanwhile"
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (1024, 4096))
    assert b"200 OK" in client.recv(100)
    client.close()
    assert get(address, "/metrics").status == 200
    end(process)
