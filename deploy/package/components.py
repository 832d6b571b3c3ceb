"""What is linked into the binary that is distributed, with the versions on this machine and the licences."""

import pathlib
import re
import subprocess

# Name, Debian's package here, the SPDX expression of its licence, where it comes from.
DEBIAN = [
    ("abseil-cpp", "libabsl-dev", "Apache-2.0"),
    ("CLI11", "libcli11-dev", "BSD-3-Clause"),
    ("fmt", "libfmt-dev", "MIT"),
    ("gcc-runtime", "libstdc++-*-dev", "GPL-3.0-or-later WITH GCC-exception-3.1"),
    ("glibc", "libc6", "LGPL-2.1-or-later"),
    ("libseccomp", "libseccomp-dev", "LGPL-2.1-only"),
    ("libuv", "libuv1-dev", "MIT AND ISC AND BSD-2-Clause"),
    ("nghttp2", "libnghttp2-dev", "MIT"),
    ("nlohmann-json", "nlohmann-json3-dev", "MIT"),
    ("spdlog", "libspdlog-dev", "MIT"),
    ("yaml-cpp", "libyaml-cpp-dev", "MIT"),
    ("zlib", "zlib1g-dev", "Zlib"),
]
# Those of tools/deps.
SOURCES = {
    "boringssl": ("BoringSSL", "OpenSSL AND ISC AND MIT"),
    "llhttp": ("llhttp", "MIT"),
    "prometheus": ("prometheus-cpp", "MIT"),
}


def debian():
    """Returns dictionaries with name, package, version, source package, its version, licence."""
    found = []
    for name, package, licence in DEBIAN:
        output = subprocess.run(
            ["dpkg-query", "-W", "-f", "${db:Status-Status}\t${Package}\t${Version}\t${source:Package}\t${source:Version}\n",
             package], check=True, capture_output=True, text=True, timeout=60).stdout
        installed = sorted(line.split("\t")[1:] for line in output.splitlines() if line.startswith("installed\t"))
        binary, version, source, source_version = installed[-1]
        found.append({"name": name, "package": binary, "version": version, "source": source,
                      "source_version": source_version, "licence": licence})
    return found


def sources(files, binary):
    """Returns dictionaries with name, version, file, SHA-256, licence: from the SOURCE files of tools/bootstrap's prefixes, or
    else the versions that the binary prints.
    """
    printed = subprocess.run([binary, "version"], check=True, capture_output=True, text=True, timeout=60).stdout
    versions = dict(re.findall(r"^  (\S+) +(.*)$", printed, re.M))
    found = []
    for path in files:
        text = pathlib.Path(path).read_text().split()
        for key, (name, licence) in SOURCES.items():
            if key in str(path):
                file, sha256 = text if len(text) == 2 else ("", "")
                from_name = re.search(r"_(.*?)(\.orig)?(\.tar\.\w+|-[^-]*\.deb)$", file)
                found.append({"name": name, "version": from_name.group(1) if from_name else versions[name], "file": file,
                              "sha256": sha256, "licence": licence})
    return found
