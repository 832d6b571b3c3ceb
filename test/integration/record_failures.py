"""Records what the usual clients show for each handshake failure, for deploy/TROUBLESHOOTING.md.

usage: record_failures.py [--write]
  --write   replaces the recorded tables of deploy/TROUBLESHOOTING.md; without it they are printed

MANTLET_BIN is the binary; clients that this machine does not have keep no line.
"""

import contextlib
import pathlib
import re
import sys
import tempfile

from harness import failing_clients
from harness import proxy as proxy_module
from harness.pki import Pki
from harness.upstreams import Echo
from test_handshake_reasons import CASES, World

DOCUMENT = proxy_module.REPOSITORY / "deploy/TROUBLESHOOTING.md"
# The failures that every client can cause, by the reason; what is said of the rest needs no table.
SHOWN = ["no_client_certificate", "unknown_ca", "expired", "not_yet_valid", "revoked", "crl_missing", "crl_expired",
         "bad_signature", "weak_key", "wrong_purpose", "name_constraint", "path_too_long", "invalid_certificate",
         "spiffe_invalid", "not_pinned", "protocol_version"]


@contextlib.contextmanager
def situation(reason, pki, upstream):
    """Yields (proxy, client files or None, newest version or None)."""
    case = CASES[reason]
    with tempfile.TemporaryDirectory(prefix="mantlet-failure.") as folder:
        world = World(pki, pathlib.Path(folder))
        changes = case.listener(world)
        files = pki.client_files
        if case.identity:
            world.identity = case.identity(world)
            files = world.identity.write(world.tmp_path / "client", "client")
        elif reason == "no_client_certificate":
            files = None
        proxy = proxy_module.Proxy(world.tmp_path / "proxy", proxy_module.configuration(pki, upstream, listener=changes))
        proxy.start()
        try:
            yield proxy, files, "1.2" if reason == "protocol_version" else None
        finally:
            proxy.process.kill()
            proxy.process.wait()


def normalized(line, port, ca):
    line = line.replace(str(port), "PORT").replace(str(ca), "ca.pem")
    line = re.sub(r"/tmp/[\w./-]+/(client\.\w+)", r"\1", line)
    line = re.sub(r"\b[0-9A-F]{16}:error", "error", line)  # the number of a thread
    line = re.sub(r"127\.0\.0\.1:\d+->", "127.0.0.1:…->", line)
    return re.sub(r"\s+", " ", line).replace("|", "\\|").strip()


def record(reason, pki, upstream, clients, names=None):
    """{client: what it shows}, of the clients `names`."""
    shown, counted = {}, []
    with situation(reason, pki, upstream) as (proxy, files, maximum):
        port = proxy.port()
        for name, client in clients.available().items():
            if names is not None and name not in names:
                continue
            line = normalized(client(f"https://localhost:{port}/", files, maximum), port, pki.ca_file)
            try:
                proxy.wait_metric("mantlet_tls_handshake_failures_total", len(counted) + 1, 2, reason=reason)
                counted.append(name)
            except AssertionError:  # it does not send such a certificate
                line = f"(sends no such certificate) {line}"
            shown[name] = line
    return shown


def table(shown):
    rows = [f"| {name} | `{line}` |" for name, line in shown.items()]
    return "\n".join(["| client | what it shows |", "|---|---|", *rows]) + "\n"


def replaced(text, mark, content):
    begin, end = f"<!-- recorded: {mark} -->\n", "<!-- end -->"
    start = text.index(begin) + len(begin)
    return text[:start] + content + text[text.index(end, start):]


def recorded(text, mark):
    begin = f"<!-- recorded: {mark} -->\n"
    start = text.index(begin) + len(begin)
    return text[start:text.index("<!-- end -->", start)]


def main():
    text = DOCUMENT.read_text()
    with tempfile.TemporaryDirectory(prefix="mantlet-record.") as folder:
        pki, upstream = Pki(pathlib.Path(folder)), Echo()
        clients = failing_clients.Clients(pki.ca_file)
        try:
            versions = ", ".join(f"{name} {version}" for name, version in clients.versions().items())
            text = replaced(text, "versions", versions + ".\n")
            for reason in SHOWN:
                shown = record(reason, pki, upstream, clients)
                print(f"{reason}\n{table(shown)}", flush=True)
                text = replaced(text, reason, table(shown))
        finally:
            clients.close()
            upstream.close()
    if "--write" in sys.argv[1:]:
        DOCUMENT.write_text(text)


if __name__ == "__main__":
    main()
