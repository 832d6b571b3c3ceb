"""mantlet and its peers, each with the same settings.

Equal for all: one worker on one processor, a client certificate required and verified,
one version of TLS, AES-128-GCM, X25519, connections to the upstream kept, no access log,
bodies streamed, idle connections held for ten minutes, and four identity headers beside
the usual X-Forwarded-* where the peer knows HTTP (hitch does not). nghttpx cannot name the
client to the upstream; it adds constant headers of the same size. Windows and frame sizes of
HTTP/2 are each server's defaults.
"""

import dataclasses

import http.client
import json
import os
import pathlib
import re
import ssl
import subprocess

from .processes import Failed, Server, free_port

PEERS = ("nginx", "haproxy", "hitch", "caddy", "nghttpx")
HTTP_PEERS = ("nginx", "haproxy", "caddy")
HTTP2_PEERS = ("nginx", "haproxy", "caddy", "nghttpx")
# Measured in the rows about HTTP/2 only.
HTTP2_ONLY = ("nghttpx",)
# What must have reached the upstream, in any order of the subject's parts.
IDENTITY = re.compile(rb"^x-ssl-client-s-dn: .*CN=bench client", re.IGNORECASE | re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Settings:
    """What a row asks of every server."""

    tls: str = "1.3"
    resume: bool = False
    http2: bool = False  # offer it to clients
    h2c: bool = False    # and speak it with the upstream


class Programs:
    """Where the programs are: ours and the peers, which are unpacked and not installed."""

    def __init__(self, mantlet, load, upstream, peers, nghttpx=None):
        self.mantlet, self.load, self.upstream, self.nghttpx = mantlet, load, upstream, nghttpx
        self.peers = pathlib.Path(peers) if peers else None

    def path(self, name):
        if name == "mantlet":
            return self.mantlet
        if name == "nghttpx":
            return self.nghttpx
        if self.peers is None:
            return None
        for folder in ("usr/sbin", "usr/bin"):
            program = self.peers / folder / name
            if program.exists():
                return str(program)
        return None

    def env(self, name):
        if name in ("mantlet", "nghttpx"):
            return {}
        libraries = sorted({str(found.parent) for found in self.peers.glob("usr/lib/**/*.so*")})
        return {"LD_LIBRARY_PATH": ":".join(libraries)}

    def version(self, name):
        command = {"mantlet": ["version"], "nginx": ["-v"], "haproxy": ["-v"], "hitch": ["--version"],
                   "caddy": ["version"], "nghttpx": ["--version"]}[name]
        done = subprocess.run([self.path(name), *command], capture_output=True, text=True,
                              env=dict(os.environ, **self.env(name)))
        said = (done.stdout + done.stderr).strip().splitlines()
        first = said[0] if said else "?"
        number = re.search(r"\d+\.\d+[\w.+~-]*", first)
        return first if name == "mantlet" or not number else number[0]


def start(name, bench, folder, settings=Settings(), **options):
    """Starts one server. options go to mantlet's configuration only."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    cpus = options.pop("cpus", bench.server_cpus[:1])
    command, env = _COMMANDS[name](bench, folder, port, settings, **(options if name == "mantlet" else {}))
    env.update(bench.programs.env(name))
    server = Server(name, [bench.programs.path(name), *command], port, cpus, folder, env)
    server.options, server.settings = options, settings
    return server


def check(server, pki):
    """One request by another client: the server must say who that is, and have asked for a certificate at all."""
    context = ssl.create_default_context(cafile=pki.ca)
    context.check_hostname = False  # a server with many certificates has others
    try:
        client = http.client.HTTPSConnection("localhost", server.port, timeout=10, context=context)
        client.request("GET", "/echo")
        # nginx finishes the handshake and refuses the request.
        if client.getresponse().status == 200:
            raise Failed(f"{server.name} lets a client in that has no certificate")
    except (OSError, http.client.HTTPException):
        pass
    finally:
        client.close()
    context.load_cert_chain(pki.client_chain, pki.client_key)
    client = http.client.HTTPSConnection("localhost", server.port, timeout=10, context=context)
    try:
        client.request("GET", "/echo")
        response = client.getresponse()
        seen = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise Failed(f"{server.name} does not answer: {error}; {server.last_words()}") from None
    finally:
        client.close()
    if response.status != 200 or (server.name != "hitch" and not IDENTITY.search(seen)):
        raise Failed(f"{server.name} does not tell the upstream who the client is: {response.status} {seen[:500]}")
    # The upstream shows the request line of HTTP/1.1, and HTTP/2 has none.
    if server.settings.h2c == seen.startswith(b"GET /echo HTTP/1.1"):
        raise Failed(f"{server.name} speaks the wrong protocol with the upstream: {seen[:100]}")


def mantlet_config(bench, port, settings=Settings(), workers=1, listener=None, listeners=None, default_upstream=False):
    """The configuration as a dict. `listener` is laid over the one listener; `listeners` more of the same follow it.

    default_upstream: the application's connections are kept as mantlet does by itself, not as the peers are told to.
    """
    pki = bench.pki
    base = {
        "name": "public",
        "address": f"127.0.0.1:{port}",
        "upstream": "app",
        "tls": {"certificates": [{"chain": pki.server_chain, "key": pki.server_key}],
                "min_version": settings.tls, "max_version": settings.tls},
        "client_auth": {"mode": "require", "trust_bundle": [pki.ca]},
        "identity_headers": {"xfcc": "sanitize", "set": {
            "X-SSL-Client-Verify": "verify", "X-SSL-Client-S-DN": "subject",
            "X-SSL-Client-Serial": "serial", "X-SSL-Client-Fingerprint": "fingerprint_sha1"}},
        "timeouts": {"idle": "10m"},
    }
    if settings.resume:
        base["tls"]["session_resumption"] = "on"
    for key, value in (listener or {}).items():
        base[key] = {**base[key], **value} if isinstance(base.get(key), dict) else value
    others = [{**base, "name": f"other{i}", "address": f"127.0.0.1:{other}"}
              for i, other in enumerate(listeners or [])]
    keep = {} if default_upstream else {"timeouts": {"idle": "10m"}, "pool": {"idle_connections": 1024}}
    if settings.h2c:
        keep["protocol"] = "h2c"
    return {
        "workers": workers,
        "listeners": [*others, base],
        "upstreams": [{"name": "app", "address": f"127.0.0.1:{bench.upstream.port}", **keep}],
        "metrics": {"address": "127.0.0.1:0"},
        "log": {"access": "off", "level": "info"},
        "reload": {"watch": False, "interval": "0"},
    }


def _mantlet(bench, folder, port, settings, **options):
    # JSON is YAML.
    (folder / "mantlet.yaml").write_text(json.dumps(mantlet_config(bench, port, settings, **options)))
    return ["run", "--config", str(folder / "mantlet.yaml")], {}


def _nginx(bench, folder, port, settings):
    pki = bench.pki
    user = "user root;" if os.getuid() == 0 else ""
    sessions = "ssl_session_tickets on; ssl_session_cache shared:tls:10m;" if settings.resume else \
        "ssl_session_tickets off; ssl_session_cache off;"
    http2 = "http2" if settings.http2 else ""
    # The one module of nginx that speaks HTTP/2 with an upstream; each request has a connection.
    forward, set_header = ("grpc_pass grpc://app", "grpc_set_header") if settings.h2c else \
        ("proxy_pass http://app", "proxy_set_header")
    fields = "".join(f"      {set_header} {name} {value};\n" for name, value in (
        *(() if settings.h2c else (("Connection", '""'),)),
        ("Host", "$http_host"), ("X-Forwarded-For", "$proxy_add_x_forwarded_for"), ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "$http_host"), ("X-SSL-Client-Verify", "$ssl_client_verify"),
        ("X-SSL-Client-S-DN", "$ssl_client_s_dn"), ("X-SSL-Client-Serial", "$ssl_client_serial"),
        ("X-SSL-Client-Fingerprint", "$ssl_client_fingerprint")))
    (folder / "nginx.conf").write_text(f"""
{user}
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
events {{ worker_connections 10000; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream app {{
    server 127.0.0.1:{bench.upstream.port};
    keepalive 1024;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
    keepalive_time 24h;
  }}
  server {{
    listen 127.0.0.1:{port} ssl {http2} backlog=4096;
    ssl_certificate {pki.server_chain};
    ssl_certificate_key {pki.server_key};
    ssl_client_certificate {pki.ca};
    ssl_verify_client on;
    ssl_protocols TLSv{settings.tls};
    ssl_ecdh_curve X25519:prime256v1;
    {sessions}
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
    keepalive_time 24h;
    client_max_body_size 0;
    location / {{
      {forward};
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_max_temp_file_size 0;
{fields}    }}
  }}
}}
""")
    return ["-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")], {}


def _haproxy(bench, folder, port, settings):
    pki = bench.pki
    tls = settings.tls
    tickets = "" if settings.resume else "no-tls-tickets"
    cache = "" if settings.resume else "tune.ssl.cachesize 0"
    protocols = "alpn h2,http/1.1" if settings.http2 else ""
    h2c = "proto h2" if settings.h2c else ""
    (folder / "haproxy.cfg").write_text(f"""
global
  nbthread 1
  maxconn 9000
  ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256
  ssl-default-bind-ciphers ECDHE-ECDSA-AES128-GCM-SHA256
  {cache}
defaults
  mode http
  option http-keep-alive
  http-reuse always
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  timeout http-keep-alive 600s
  timeout http-request 600s
frontend public
  bind 127.0.0.1:{port} backlog 4096 ssl crt {pki.server_both} ca-file {pki.ca} verify required ssl-min-ver TLSv{tls} ssl-max-ver TLSv{tls} curves X25519:P-256 {tickets} {protocols}
  option forwardfor
  http-request set-header X-Forwarded-Proto https
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header X-SSL-Client-Verify %[ssl_c_verify]
  http-request set-header X-SSL-Client-S-DN %{{+Q}}[ssl_c_s_dn]
  http-request set-header X-SSL-Client-Serial %[ssl_c_serial,hex]
  http-request set-header X-SSL-Client-Fingerprint %[ssl_c_sha1,hex]
  default_backend app
backend app
  server app 127.0.0.1:{bench.upstream.port} pool-max-conn 1024 {h2c}
""")
    return ["-db", "-q", "-f", str(folder / "haproxy.cfg")], {}


def _hitch(bench, folder, port, settings):
    pki = bench.pki
    user = 'user = "root"' if os.getuid() == 0 else ""
    (folder / "hitch.conf").write_text(f"""
frontend = {{ host = "127.0.0.1" port = "{port}" }}
backend = "[127.0.0.1]:{bench.upstream.port}"
pem-file = "{pki.server_both}"
tls-protos = TLSv{settings.tls}
ciphersuites = "TLS_AES_128_GCM_SHA256"
ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"
ecdh-curve = "X25519:prime256v1"
client-verify = required
client-verify-ca = "{pki.ca}"
workers = 1
backlog = 4096
daemon = off
syslog = off
ocsp-dir = ""
{user}
""")
    return [f"--config={folder / 'hitch.conf'}"], {}


def _caddy(bench, folder, port, settings):
    pki = bench.pki
    (folder / "caddy.json").write_text(json.dumps({
        "admin": {"disabled": True, "config": {"persist": False}},
        "logging": {"logs": {"default": {"level": "ERROR"}}},
        "apps": {
            "tls": {
                "certificates": {"load_files": [{"certificate": pki.server_chain, "key": pki.server_key}]},
                "session_tickets": {"disabled": not settings.resume},
            },
            "http": {"servers": {"bench": {
                "listen": [f"127.0.0.1:{port}"],
                "protocols": ["h1", "h2"] if settings.http2 else ["h1"],
                "idle_timeout": "600s",
                "automatic_https": {"disable": True},
                "tls_connection_policies": [{
                    "protocol_min": f"tls{settings.tls}", "protocol_max": f"tls{settings.tls}",
                    **({"alpn": ["h2", "http/1.1"]} if settings.http2 else {}),
                    "curves": ["x25519", "secp256r1"],
                    "client_authentication": {"mode": "require_and_verify", "trusted_ca_certs_pem_files": [pki.ca]},
                }],
                "routes": [{"handle": [{
                    "handler": "reverse_proxy",
                    "upstreams": [{"dial": f"127.0.0.1:{bench.upstream.port}"}],
                    "flush_interval": 0,
                    "transport": {"protocol": "http", "compression": False,
                                  **({"versions": ["h2c", "2"]} if settings.h2c else {}),
                                  "keep_alive": {"enabled": True, "max_idle_conns": 1024,
                                                 "max_idle_conns_per_host": 1024, "idle_timeout": "600s"}},
                    "headers": {"request": {"set": {
                        "X-SSL-Client-Verify": ["SUCCESS"],
                        "X-SSL-Client-S-DN": ["{http.request.tls.client.subject}"],
                        "X-SSL-Client-Serial": ["{http.request.tls.client.serial}"],
                        "X-SSL-Client-Fingerprint": ["{http.request.tls.client.fingerprint}"]}}},
                }]}],
            }}},
        },
    }))
    home = {name: str(folder) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    return ["run", "--config", str(folder / "caddy.json")], {"GOMAXPROCS": "1", **home}


def _nghttpx(bench, folder, port, settings):
    pki = bench.pki
    protocol = "h2" if settings.h2c else "http/1.1"
    # As much as the others send, because there is no variable for it.
    fields = {"X-SSL-Client-Verify": "SUCCESS", "X-SSL-Client-S-DN": "O=Example\\, Inc.,CN=bench client",
              "X-SSL-Client-Serial": "4F" * 20, "X-SSL-Client-Fingerprint": "4f" * 20}
    return ["--conf=/dev/null", f"--frontend=127.0.0.1,{port}", f"--backend=127.0.0.1,{bench.upstream.port};;proto={protocol}",
            "--workers=1", "--backlog=4096", "--no-ocsp", "--verify-client", f"--verify-client-cacert={pki.ca}",
            f"--tls-min-proto-version=TLSv{settings.tls}", f"--tls-max-proto-version=TLSv{settings.tls}",
            "--tls13-ciphers=TLS_AES_128_GCM_SHA256", "--ciphers=ECDHE-ECDSA-AES128-GCM-SHA256",
            "--ecdh-curves=X25519:P-256", "--add-x-forwarded-for",
            "--frontend-read-timeout=600s", "--frontend-http2-read-timeout=600s",
            "--frontend-keep-alive-timeout=600s", "--backend-keep-alive-timeout=600s", "--backend-read-timeout=600s",
            *(f"--add-request-header={name}: {value}" for name, value in fields.items()),
            pki.server_key, pki.server_chain], {}


_COMMANDS = {"mantlet": _mantlet, "nginx": _nginx, "haproxy": _haproxy, "hitch": _hitch, "caddy": _caddy,
             "nghttpx": _nghttpx}
