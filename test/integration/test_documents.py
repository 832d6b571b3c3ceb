"""The manual pages and the completions of bash, zsh and fish, which the binary writes for packages."""

import json
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import time

import pytest
from harness.proxy import binary, run_command
from harness.timing import scaled

PAGES = ("mantlet.1", "mantlet.yaml.5")


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    """A folder with every document, and the binary under its own name."""
    folder = tmp_path_factory.mktemp("documents")
    for name in (*PAGES, "mantlet.bash", "_mantlet", "mantlet.fish"):
        done = run_command("document", name)
        assert done.returncode == 0, done.stderr
        (folder / name).write_text(done.stdout)
    (folder / "bin").mkdir()
    (folder / "bin/mantlet").symlink_to(pathlib.Path(binary()).resolve())
    (folder / "here.yaml").touch()
    (folder / "some folder").mkdir()
    return folder


def needs(program):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is missing; tools/bootstrap --test installs it")


def commands():
    """Every command without commands of its own, from the help."""
    def below(path):
        text = run_command(*path, "--help").stdout
        listed = re.search(r"^Subcommands:\n((?:  .*\n)+)", text, re.MULTILINE)
        if not listed:
            return [(path, text)]
        names = re.findall(r"^  (\S+)", listed[1], re.MULTILINE)
        return [found for name in names for found in below((*path, name))]
    return below(())


def test_an_unknown_document_is_wrong_usage():
    done = run_command("document", "mantlet.2")
    assert done.returncode == 2 and "mantlet.1" in done.stderr
    assert "document" not in run_command("--help").stdout


def plain(page):
    """The page as a reader sees it, without line breaks and hyphenation."""
    needs("man")
    done = subprocess.run(["man", "--warnings", "-l", page], capture_output=True, text=True,
                          env=os.environ | {"MANWIDTH": "1000", "LC_ALL": "C.UTF-8", "MANROFFOPT": "-c"}, timeout=60)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return " ".join(re.sub(r".\x08", "", done.stdout).split())


def test_every_command_and_option_of_the_help_is_in_the_manual(documents):
    text = plain(documents / "mantlet.1")
    found = commands()
    assert len(found) > 8
    explained = text.partition(" COMMANDS ")[2].partition(" EXIT STATUS ")[0]
    for path, help_text in found:
        assert text.count(f"mantlet {' '.join(path)} ") > 1, path
        described = re.findall(r"^  (?:-h,)?(--[\w-]+|file)\b", help_text, re.MULTILINE)
        assert "--help" in described
        part = explained.partition(f"mantlet {' '.join(path)} ")[2].partition(" mantlet ")[0]
        for option in described:
            assert (option if option != "file" else "FILE ...") in part, (path, option)
    assert " mantlet connect HOST:PORT [--cert FILE]" in text and "[--days N]" in text
    for word in ("SIGHUP", "SIGUSR1", "EXIT STATUS", "78", "/etc/mantlet/mantlet.yaml", "mantlet.yaml(5)"):
        assert word in text


def test_every_key_is_in_the_manual(documents):
    text = plain(documents / "mantlet.yaml.5")

    def keys(value):
        if isinstance(value, dict):
            yield from value.get("properties", {})
        for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            yield from keys(each)

    found = set(keys(json.loads(run_command("schema").stdout)))
    assert len(found) > 100
    for key in found:
        assert re.search(rf"[ .]{key}\b", text), key
    assert "listeners[].tls.certificates[].chain" in text and "(see above)" not in text


@pytest.mark.parametrize("page", PAGES)
def test_the_pages_have_no_fault_for_groff_and_mandoc(documents, page):
    needs("mandoc")
    needs("groff")
    groff = subprocess.run(["groff", "-ww", "-man", "-Tutf8", documents / page], capture_output=True, text=True,
                           timeout=60)
    assert groff.returncode == 0 and not groff.stderr, groff.stderr
    mandoc = subprocess.run(["mandoc", "-Tlint", documents / page], capture_output=True, text=True, timeout=60)
    faults = [line for line in mandoc.stdout.splitlines()
              if "missing date" not in line]  # two builds have to be equal
    assert not faults, faults


def bash_offers(documents, *words):
    script = ("source mantlet.bash; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _mantlet; "
              "printf '%s\\n' \"${COMPREPLY[@]}\"")
    done = subprocess.run(["bash", "--norc", "-c", script, "bash", "mantlet", *words], cwd=documents,
                          capture_output=True, text=True, timeout=30)
    assert not done.stderr, done.stderr
    return set(done.stdout.split("\n")) - {""}


def fish_offers(documents, *words):
    needs("fish")
    line = " ".join(word if word else "''" for word in ("mantlet", *words[:-1])) + " " + words[-1]
    done = subprocess.run(["fish", "--no-config", "-c", "source mantlet.fish; complete -C $argv[1]", line],
                          cwd=documents, capture_output=True, text=True, timeout=30,
                          env=os.environ | {"HOME": str(documents)})
    assert not done.stderr, done.stderr
    return {entry.split("\t")[0] for entry in done.stdout.splitlines()}


class Terminal:
    """An interactive program on a pseudoterminal."""

    def __init__(self, arguments, folder, **environment):
        self.seen = ""
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe(arguments[0], arguments, os.environ | {
                "TERM": "dumb", "HOME": str(folder), "PATH": f"{folder}/bin:{os.environ['PATH']}", **environment})

    def type(self, text):
        os.write(self.descriptor, text.encode())

    def wait(self, text, timeout=15):
        end = time.monotonic() + scaled(timeout)
        while text not in self.seen:
            left = end - time.monotonic()
            assert left > 0, (text, self.seen)
            if select.select([self.descriptor], [], [], left)[0]:
                self.seen += os.read(self.descriptor, 4096).decode(errors="replace")
        self.seen = self.seen.partition(text)[2]

    def close(self):
        os.close(self.descriptor)  # SIGHUP
        os.waitpid(self.pid, 0)


def zsh_offers(documents, *words):
    needs("zsh")
    terminal = Terminal(["zsh", "-f"], documents)
    try:
        terminal.type("fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -D; setopt list_ambiguous; "
                      "zstyle ':completion:*' insert-unambiguous false; unsetopt zle_bracketed_paste; "
                      "LISTMAX=10000 COLUMNS=400; PS1=; "
                      # Shows the line instead of running it: the completion is the test.
                      "accept-shown() { print -r -- \"<$BUFFER>\"; BUFFER=; zle accept-line }; "
                      "zle -N accept-shown; bindkey '^X' accept-shown; bindkey '^D' list-choices; echo re'ady'\n")
        terminal.wait("ready\r\n")
        terminal.type(" ".join(("mantlet", *words)))
        terminal.type("\x04")  # lists what there is
        terminal.type("\t\x18")  # completes, and shows the line
        terminal.wait("<mantlet")
        completed = terminal.seen
        terminal.wait(">") if ">" not in completed else None
        return completed
    finally:
        terminal.close()


LINES = [
    (["ch"], {"check"}),
    (["certs", ""], {"dev", "show"}),
    (["certs", "show", "--pass"], {"--passphrase-file"}),
    (["check", "--config", "he"], {"here.yaml"}),
    (["certs", "dev", "--out", "so"], {"some folder"}),
    (["certs", "show", "here.yaml", "he"], {"here.yaml"}),
    (["schema", "--"], {"--help"}),
    (["echo", "--address", "he"], set()),
    (["check", "--config", "here.yaml", "--us"], {"--user"}),
]


@pytest.mark.parametrize("words, offered", LINES, ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_bash_completes(documents, words, offered):
    assert bash_offers(documents, *words) == offered


@pytest.mark.parametrize("words, offered", LINES, ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_fish_completes(documents, words, offered):
    if words == ["certs", "dev", "--out", "so"]:
        offered = {"some folder/"}
    assert fish_offers(documents, *words) == offered


@pytest.mark.parametrize("words, line", [
    (["che"], " check "),
    (["certs", "sh"], " certs show "),
    (["certs", "show", "--pass"], " certs show --passphrase-file "),
    (["check", "--config", "he"], " check --config here.yaml "),
    (["certs", "dev", "--out", "so"], " certs dev --out some\\ folder/"),
    (["echo", "--address", "he"], " echo --address he"),
])
def test_zsh_completes(documents, words, line):
    assert zsh_offers(documents, *words).startswith(line + ">")


def test_bash_on_a_terminal_completes_commands_and_files(documents):
    terminal = Terminal(["bash", "--norc", "--noprofile", "-i"], documents, PS1="")
    try:
        terminal.type("bind 'set enable-bracketed-paste off'; source ./mantlet.bash; echo re'ady'\n")
        terminal.wait("ready\r\n")
        terminal.type("mantlet che\t--con\there\t#\n")
        terminal.wait("mantlet check --config here.yaml #")
        terminal.type("mantlet certs dev --out some\t#\n")
        terminal.wait("mantlet certs dev --out some\\ folder/#")
    finally:
        terminal.close()


def test_every_command_and_option_is_completed_by_all_shells(documents):
    found = commands()
    names = {name: (documents / name).read_text() for name in ("mantlet.bash", "_mantlet", "mantlet.fish")}
    for path, help_text in found:
        options = set(re.findall(r"(--[\w-]+)", "\n".join(re.findall(r"^  (\S+)", help_text, re.MULTILINE))))
        assert bash_offers(documents, *path, "--") == options, path
        for option in options:
            assert option in names["_mantlet"]
            assert f"-l {option[2:]}" in names["mantlet.fish"]
