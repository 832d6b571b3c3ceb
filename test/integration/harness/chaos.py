"""A writer that replaces certificate files in every way that programs use, with incomplete and damaged states in
between. Each generation is one set of files: leaf, intermediate, key, trust bundle (and revocation list). All of them
contain its number, so that a mixture is detected. A set is complete only with its last file: until then either the key
does not match or a file is damaged, so only the whole old or the whole new set may be served.
"""

import os
import pathlib
import shutil
import subprocess
import time

from .pki import Authority

NAMES = ("tls.crt", "tls.key", "ca.crt", "clients.crl")


class Generation:
    """The material of one generation."""

    def __init__(self, number, server_root, client_ca, with_crl):
        self.number = number
        issuer = server_root.intermediate(cn=f"issuer of generation {number}")
        self.identity = issuer.server("localhost", f"spiffe://example.org/generation/{number}", cn=f"generation {number}")
        self.own_ca = Authority.root(cn=f"clients of generation {number}")
        self.client = self.own_ca.issue(cn=f"client of generation {number}")
        self.revoked = client_ca.issue(cn=f"revoked in generation {number}")
        self.files = {"tls.crt": self.identity.chain_pem, "tls.key": self.identity.key_pem,
                      "ca.crt": client_ca.pem + self.own_ca.pem}
        if with_crl:
            self.files["clients.crl"] = client_ca.crl(self.revoked)
        self.reordered = self.own_ca.pem + client_ca.pem


def can_be_made_unreadable(directory, launcher):
    """Returns whether mode 0 denies access to the daemon, which must have dropped root's privileges."""
    probe = pathlib.Path(directory) / "probe"
    probe.write_bytes(b"x")
    probe.chmod(0)
    result = subprocess.run([*launcher, "cat", str(probe)], capture_output=True)
    probe.unlink()
    return result.returncode != 0


class Writer:
    """Writes generations into `directory`; every choice comes from `random`."""

    def __init__(self, directory, random, unreadable, log):
        self.directory = pathlib.Path(directory)
        self.random = random
        self.unreadable = unreadable
        self.log = log  # called with a description of each step
        self.archive = 0
        self.volume = False  # the files are links through ..data
        self.data = None
        self.files = {}

    # -- the first set, whole ----------------------------------------------------

    def begin(self, generation):
        self.directory.mkdir(parents=True)
        self.files = dict(generation.files)
        for name, data in self.files.items():
            self.by_rename(name, data)

    # -- ways to replace one file --------------------------------------------------

    def path(self, name):
        return self.directory / name

    def clear(self, name):
        path = self.path(name)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.is_symlink() or path.exists():
            path.unlink()

    def by_rename(self, name, data):
        path = self.path(name)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        temporary = self.directory / f".{name}.new"
        temporary.write_bytes(data)
        temporary.chmod(0o600)
        temporary.rename(path)

    def in_place(self, name, data):
        """Truncates and writes in pieces, like spiffe-helper and many scripts."""
        path = self.path(name)
        if path.is_dir() or path.is_symlink() or not path.exists():
            return self.by_rename(name, data)
        path.chmod(0o600)
        with open(path, "r+b", buffering=0) as out:
            out.truncate()
            self.nap(0.15)
            middle = self.random.randrange(len(data))
            out.write(data[:middle])
            self.nap(0.15)
            out.write(data[middle:])

    def deleted_and_made(self, name, data):
        self.clear(name)
        self.nap(0.15)
        self.path(name).write_bytes(data)
        self.path(name).chmod(0o600)

    def by_link(self, name, data):
        """Like certbot: the file is a link into an archive and is replaced."""
        self.archive += 1
        target = self.directory / "archive" / f"{self.archive}-{name}"
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(data)
        target.chmod(0o600)
        if self.path(name).is_dir() and not self.path(name).is_symlink():
            shutil.rmtree(self.path(name))
        temporary = self.directory / f".{name}.link"
        temporary.symlink_to(f"archive/{target.name}" if self.random.random() < 0.5 else target)
        temporary.rename(self.path(name))

    def replace(self, name, data):
        how = self.random.choice([self.by_rename, self.in_place, self.deleted_and_made, self.by_link])
        self.log(f"{name} {how.__name__}")
        how(name, data)
        self.files[name] = data

    # -- ways to damage one --------------------------------------------------------

    def damage(self, name):
        """Damages the file so that no reader can accept it."""
        good = self.files[name]
        kinds = ["empty", "half", "garbage", "missing", "directory", "dangling"] + ["unreadable"] * self.unreadable
        if name == "tls.key":
            kinds.append("of another")
        kind = self.random.choice(kinds)
        self.log(f"{name} becomes {kind}")
        path = self.path(name)
        if kind == "empty":
            self.truncate(name, b"")
        elif kind == "half":
            # Inside the first block, because a cut between two blocks leaves a valid file.
            self.truncate(name, good[:self.random.randrange(60, min(200, len(good) - 60))])
        elif kind == "garbage":
            self.truncate(name, b"-----BEGIN CERTIFICATE-----\nbm90IG9uZQ==\n-----END CERTIFICATE-----\n")
        elif kind == "missing":
            self.clear(name)
        elif kind == "directory":
            self.clear(name)
            path.mkdir()
        elif kind == "dangling":
            self.clear(name)
            path.symlink_to("nowhere")
        elif kind == "of another":
            self.by_rename(name, Authority.root().issue().key_pem)
        else:
            self.by_rename(name, good)
            path.chmod(0)

    def truncate(self, name, data):
        if self.random.random() < 0.5 or self.path(name).is_symlink() or not self.path(name).is_file():
            self.by_rename(name, data)
            return
        self.path(name).chmod(0o600)
        with open(self.path(name), "r+b", buffering=0) as out:
            out.truncate()
            out.write(data)

    def directory_gone(self, seconds):
        """Removes the whole folder for a while, by rename or completely."""
        aside = self.directory.with_name(self.directory.name + "-aside")
        if os.geteuid() != 0 or self.random.random() < 0.5:  # what is unreadable cannot be copied
            self.log("the folder is moved away")
            self.directory.rename(aside)
            time.sleep(seconds)
            aside.rename(self.directory)
        else:
            self.log("the folder is deleted")
            shutil.copytree(self.directory, aside, symlinks=True)
            # The key is removed first and restored last, so that half a folder never looks complete.
            key = self.path("tls.key")
            if os.path.lexists(key):
                self.clear("tls.key")
            shutil.rmtree(self.directory)
            time.sleep(seconds)
            kept = aside.with_name("kept.key")
            if os.path.lexists(aside / "tls.key"):
                (aside / "tls.key").rename(kept)
            shutil.copytree(aside, self.directory, symlinks=True)
            if os.path.lexists(kept):
                kept.rename(key)
            shutil.rmtree(aside)
        self.log("the folder is back")

    # -- whole write-sets ------------------------------------------------------------

    def nap(self, longest):
        time.sleep(self.random.random() * longest)

    def publish_by_swing(self, generation):
        """Like a Kubernetes volume: a new folder, one swap of ..data."""
        old, self.data = self.data, f"..{generation.number}-{self.random.randrange(10 ** 6)}"
        folder = self.directory / self.data
        folder.mkdir()
        for name, data in generation.files.items():
            (folder / name).write_bytes(data)
            (folder / name).chmod(0o600)
        swing = self.directory / "..data_tmp"
        swing.symlink_to(self.data)
        swing.rename(self.directory / "..data")
        self.log("..data swings")
        self.files = dict(generation.files)
        if old and self.random.random() < 0.7:
            shutil.rmtree(self.directory / old)
        elif old:
            self.nap(0.2)
            shutil.rmtree(self.directory / old)

    def become_volume(self, generation):
        """Replaces the files by links through ..data. This is not atomic, so the key is missing meanwhile."""
        self.damage("tls.key")
        self.publish_by_swing(generation)
        for name in (*(n for n in self.files if n != "tls.key"), "tls.key"):
            if self.path(name).is_dir() and not self.path(name).is_symlink():
                shutil.rmtree(self.path(name))
            temporary = self.directory / f".{name}.link"
            temporary.symlink_to(f"..data/{name}")
            temporary.rename(self.path(name))
            self.nap(0.2)
        self.volume = True

    def publish(self, generation, pauses=0.4):
        """Replaces file by file, in random order and ways."""
        self.volume = False
        names = [name for name in generation.files if name not in ("tls.key", "tls.crt")]
        if self.random.random() < 0.4:
            self.log("torn: the new key comes before its certificate")
            self.replace("tls.key", generation.files["tls.key"])
            last = "tls.crt"
        elif self.random.random() < 0.5:
            self.log("torn: the new certificate comes before its key")
            self.replace("tls.crt", generation.files["tls.crt"])
            last = "tls.key"
        else:
            self.damage("tls.key")
            names.append("tls.crt")
            last = "tls.key"
        self.random.shuffle(names)
        for name in names:
            self.nap(pauses)
            if self.random.random() < 0.3:
                self.damage(name)
                self.nap(pauses)
            self.replace(name, generation.files[name])
        if self.random.random() < 0.15:
            self.directory_gone(self.random.random() * pauses)
        self.nap(pauses)
        self.replace(last, generation.files[last])
        self.files = dict(generation.files)
