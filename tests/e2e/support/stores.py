"""An object store of S3's kind that counts: requests by kind, and bytes. No credentials are checked, and all is in memory."""
import hashlib
import threading
from collections import Counter
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

# As stores name them in their prices: to write and to list is the dear kind, to read and to look the cheap one.
DEAR, CHEAP = ("put", "list"), ("get", "head")


class CountingStore:
    """counts: {"put": …, "get": …, "head": …, "list": …, "delete": …, "bytes up": …, "bytes down": …}"""

    def __init__(self):
        self.objects, self.counts, self.lock = {}, Counter(), threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"store": self}))
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def count(self, name, n=1):
        with self.lock:
            self.counts[name] += n

    def since(self, before):
        """What has come since a copy of `counts` was made."""
        return Counter({name: n - before[name] for name, n in self.counts.items() if n != before[name]})

    def environment(self):
        """rclone's settings for it, as the remote `s3`."""
        port = self.server.server_address[1]
        return {"RCLONE_CONFIG": "/dev/null", "RCLONE_CONFIG_S3_TYPE": "s3", "RCLONE_CONFIG_S3_PROVIDER": "Other",
                "RCLONE_CONFIG_S3_ENDPOINT": f"http://127.0.0.1:{port}", "RCLONE_CONFIG_S3_ACCESS_KEY_ID": "nobody",
                "RCLONE_CONFIG_S3_SECRET_ACCESS_KEY": "n0-0ne-ch3cks-1t", "AWS_CA_BUNDLE": None}

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def name(self):
        return unquote(urlsplit(self.path).path).lstrip("/")

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        kept = {name: value for name, value in self.headers.items() if name.lower().startswith("x-amz-meta-")}
        self.store.count("put")
        self.store.count("bytes up", len(body))
        self.store.objects[self.name()] = (body, kept, formatdate(usegmt=True))
        self.answer(200, ETag=f'"{hashlib.md5(body).hexdigest()}"')

    def do_HEAD(self):
        self.store.count("head")
        self.show()

    def do_GET(self):
        if "/" in self.name():
            self.store.count("get")
            self.store.count("bytes down", len(self.store.objects.get(self.name(), (b"",))[0]))
            self.show()
        else:
            self.store.count("list")
            self.list()

    def do_DELETE(self):
        self.store.count("delete")
        self.store.objects.pop(self.name(), None)
        self.answer(204)

    def show(self):
        if self.name() not in self.store.objects:
            text = b"" if self.command == "HEAD" else b"<Error><Code>NoSuchKey</Code></Error>"
            return self.answer(404, text, Content_Type="application/xml")
        body, kept, modified = self.store.objects[self.name()]
        return self.answer(200, body, **kept, Content_Length=str(len(body)), Last_Modified=modified, ETag=f'"{hashlib.md5(body).hexdigest()}"')

    def list(self):
        """All in one answer: there are never a thousand."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query, keep_blank_values=True).items()}
        bucket, prefix, delimiter = self.name().strip("/"), asked.get("prefix", ""), asked.get("delimiter", "")
        rows, folders = "", set()
        for name, (body, _, _) in sorted(self.store.objects.items()):
            key = name.removeprefix(f"{bucket}/")
            rest = key.removeprefix(prefix)
            if key == name or not key.startswith(prefix):
                continue
            if delimiter and delimiter in rest:
                folders.add(prefix + rest.split(delimiter)[0] + delimiter)
                continue
            rows += (f"<Contents><Key>{escape(key)}</Key><LastModified>2024-01-01T00:00:00.000Z</LastModified>"
                     f"<ETag>&quot;{hashlib.md5(body).hexdigest()}&quot;</ETag><Size>{len(body)}</Size></Contents>")
        rows += "".join(f"<CommonPrefixes><Prefix>{escape(folder)}</Prefix></CommonPrefixes>" for folder in sorted(folders))
        text = f"<ListBucketResult><Name>{bucket}</Name><Prefix>{escape(prefix)}</Prefix><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>"
        self.answer(200, text.encode(), Content_Type="application/xml")
