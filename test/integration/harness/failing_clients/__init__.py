"""What the usual clients show when a handshake fails: each runs once and returns the line that its user reads.

A client that this machine does not have is None in available().
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from ..timing import scaled

HERE = pathlib.Path(__file__).parent
PASSWORD = "changeit"


def run(command, **environment):
    done = subprocess.run([str(word) for word in command], input=b"", capture_output=True, check=False,
                          timeout=scaled(60), env={**os.environ, **environment})
    return done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


def version_of(*command, pattern=r"\d+[.\d]*\w*"):
    out, err = run(command)
    found = re.search(pattern, out + err)
    return found[0] if found else "unknown"


class Clients:
    """Runs clients against one server name and CA file; makes what they need in a folder of its own."""

    def __init__(self, ca):
        self.ca = ca
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mantlet-clients."))
        self._stores = 0

    def close(self):
        shutil.rmtree(self.folder)

    def available(self):
        """{name of a client: function(url, files or None, maximum or None) → line}, in the order of the document."""
        made = {"curl": self.curl, "openssl s_client": self.openssl, "Python": self.python}
        for name, program, client in (("Node.js", "node", self.node), ("Go", "go", self.go), ("Java", "java", self.java)):
            if shutil.which(program):
                made[name] = client
        return made

    def versions(self):
        """{name: version}"""
        found = {"curl": version_of("curl", "--version", pattern=r"(?<=curl )[\d.]+"),
                 "openssl s_client": version_of("openssl", "version", pattern=r"(?<=OpenSSL )[\d.]+"),
                 "Python": version_of("/usr/bin/python3", "--version", pattern=r"[\d.]+")}
        for name, program, option in (("Node.js", "node", "--version"), ("Go", "go", "version"), ("Java", "java", "--version")):
            if shutil.which(program):
                found[name] = version_of(program, option, pattern=r"\d+[.\d]*")
        return found

    def curl(self, url, files, maximum):
        command = ["curl", "-sS", "--cacert", self.ca, url, "--ciphers", "ALL:@SECLEVEL=0"]
        command += ["--cert", files[0], "--key", files[1]] if files else []
        command += ["--tls-max", maximum] if maximum else []
        out, err = run(command)
        return (err or out).strip().splitlines()[-1]

    def openssl(self, url, files, maximum):
        command = ["openssl", "s_client", "-connect", url.removeprefix("https://").rstrip("/"), "-CAfile", self.ca,
                   "-servername", "localhost", "-cipher", "ALL:@SECLEVEL=0", "-ign_eof"]
        command += ["-cert", files[0], "-key", files[1], "-cert_chain", files[0]] if files else []
        command += ["-tls1_2"] if maximum else []
        _, err = run(command)
        errors = [line for line in err.splitlines() if ":error:" in line]
        return re.sub(r"^[0-9A-F]+:", "", errors[-1]) if errors else "nothing"

    def python(self, url, files, maximum):
        program = ("import http.client, ssl, sys\n"
                   "host, port = sys.argv[1].rsplit(':', 1)\n"
                   "context = ssl.create_default_context(cafile=sys.argv[2])\n"
                   "context.set_ciphers('ALL:@SECLEVEL=0')\n"
                   "if sys.argv[3:4] == ['1.2']: context.maximum_version = ssl.TLSVersion.TLSv1_2\n"
                   "if sys.argv[4:]: context.load_cert_chain(*sys.argv[4:])\n"
                   "try:\n"
                   "    client = http.client.HTTPSConnection(host, int(port), context=context, timeout=10)\n"
                   "    client.request('GET', '/')\n"
                   "    print(client.getresponse().status)\n"
                   "except OSError as error:\n"
                   "    print(f'{type(error).__name__}: {error}')\n")
        out, err = run(["/usr/bin/python3", "-c", program, url.removeprefix("https://").rstrip("/"), self.ca, maximum or "",
                        *(files or ())])
        return (out or err).strip().splitlines()[-1]

    def node(self, url, files, maximum):
        out, err = run(["node", "--tls-cipher-list=DEFAULT:@SECLEVEL=0", HERE / "client.js", url, self.ca, *(files or ())],
                       CLIENT_MAXIMUM=maximum or "")
        return (out or err).strip().splitlines()[-1]

    def go(self, url, files, maximum):
        program = self.folder / "client"
        if not program.exists():
            _, err = run(["go", "build", "-o", program, HERE / "client.go"], GO111MODULE="off", CGO_ENABLED="0",
                         GOCACHE=str(self.folder / "go-cache"))
            assert program.exists(), err
        out, err = run([program, url, self.ca, *(files or ())], CLIENT_MAXIMUM=maximum or "")
        return (out or err).strip().splitlines()[-1]

    def java(self, url, files, maximum):
        trust = self.folder / "trust.p12"
        if not trust.exists():
            out, err = run(["keytool", "-importcert", "-noprompt", "-alias", "ca", "-file", self.ca, "-keystore", trust,
                            "-storetype", "PKCS12", "-storepass", PASSWORD])
            assert trust.exists(), out + err
        store = "-"
        if files:
            self._stores += 1
            store = self.folder / f"client{self._stores}.p12"
            _, err = run(["openssl", "pkcs12", "-export", "-in", files[0], "-inkey", files[1], "-out", store,
                          "-passout", f"pass:{PASSWORD}"])
            assert store.exists(), err
        options = ["-Djdk.tls.client.protocols=TLSv1.2"] if maximum else []
        out, err = run(["java", *options, HERE / "Client.java", url, store, trust])
        return (out or err).strip().splitlines()[-1]
