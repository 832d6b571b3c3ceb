"""What a running process has given up: root, dumps, files, ports, system calls."""

import json
import os
import pathlib
import pwd
import re
import shutil
import socket
import sys
import tempfile

import pytest
import yaml
from harness import clients, pki as pki_module
from harness.proxy import configuration, is_sanitized, merge, run_command
from harness.timing import wait_until

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
not_sanitized = pytest.mark.skipif(is_sanitized(), reason="a sanitizer's own system calls would be refused")

NOBODY = pwd.getpwnam("nobody")


def process(proxy):
    """What /config says of the process."""
    return json.loads(proxy.get("/config", "admin")[1])["process"]


def has_landlock(proxy):
    return process(proxy)["landlock"]["state"] == "on"


def status(proxy, thread=None):
    """The lines of /proc/PID/status, of the process or of one of its threads."""
    path = pathlib.Path(f"/proc/{proxy.process.pid}")
    text = (path / "task" / thread / "status" if thread else path / "status").read_text()
    return dict(line.split(":", 1) for line in text.splitlines())


@pytest.fixture
def folder():
    """A folder that other users may enter; pytest's own are the user's alone."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="mantlet-sandbox-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


# -- on by default


@not_sanitized
def test_every_thread_is_confined_without_any_setting(start, upstream, connect):
    proxy = start(upstream, workers=3)
    assert connect(proxy).get().status == 200
    threads = os.listdir(f"/proc/{proxy.process.pid}/task")
    assert len(threads) >= 4
    for thread in threads:
        lines = status(proxy, thread)
        assert lines["NoNewPrivs"].strip() == "1"
        assert lines["Seccomp"].strip() == "2"
    record = proxy.log("sandbox")[0]
    assert record["level"] == "info", record
    assert record["landlock"].startswith("on: ABI ") and record["seccomp"] == "on"
    assert proxy.metric("mantlet_sandbox", mechanism="landlock") == 1
    assert proxy.metric("mantlet_sandbox", mechanism="seccomp") == 1
    shown = process(proxy)
    assert shown["landlock"]["state"] == shown["seccomp"]["state"] == "on"
    assert shown["landlock"]["connect_ports"] == [upstream.port]
    assert str(proxy.directory) in shown["landlock"]["read"]


@not_sanitized
@pytest.mark.parametrize("off, on", [("landlock", "seccomp"), ("seccomp", "landlock")])
def test_each_mechanism_can_be_switched_off(start, upstream, connect, off, on):
    proxy = start(upstream, sandbox={off: False})
    assert connect(proxy).get().status == 200
    shown = process(proxy)
    assert shown[off] == {"state": "off", "detail": "sandbox: in the configuration"}
    assert shown[on]["state"] == "on"
    assert proxy.metric("mantlet_sandbox", mechanism=off) == 0
    assert status(proxy)["Seccomp"].strip() == ("0" if off == "seccomp" else "2")


# Runs a program on a machine that permits neither mechanism, as some containers do.
WITHOUT_MECHANISMS = """
import ctypes, os, sys
library = ctypes.CDLL("libseccomp.so.2")
library.seccomp_init.restype = ctypes.c_void_p
context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(0x7fff0000)))  # allow
class Comparison(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]
refuse = ctypes.c_uint32(0x00050000 | 1)  # EPERM
for number in (444, 445, 446, 317):  # landlock_*, seccomp
    assert library.seccomp_rule_add_array(context, refuse, number, 0, None) == 0
PR_SET_SECCOMP = Comparison(0, 4, 22, 0)
assert library.seccomp_rule_add_array(context, refuse, 157, 1, ctypes.byref(PR_SET_SECCOMP)) == 0  # prctl
assert library.seccomp_load(context) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""


@not_sanitized
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers of system calls are those of x86-64")
def test_a_machine_without_the_mechanisms_serves_and_says_so(start, upstream, connect):
    proxy = start(upstream, launch_options={"launcher": [sys.executable, "-c", WITHOUT_MECHANISMS]})
    assert connect(proxy).get().status == 200
    record = proxy.log("sandbox")[0]
    assert record["level"] == "warn"
    assert record["landlock"].startswith("unavailable: ") and record["seccomp"].startswith("unavailable: ")
    assert proxy.metric("mantlet_sandbox", mechanism="landlock") == 0
    assert proxy.metric("mantlet_sandbox", mechanism="seccomp") == 0


def test_nothing_is_written_to_core_dumps(mantlet):
    limits = pathlib.Path(f"/proc/{mantlet.process.pid}/limits").read_text()
    assert re.search(r"Max core file size +0 +0", limits)
    assert process(mantlet)["dumpable"] is False


# -- reloads


@pytest.fixture
def confined(start, upstream, own_pki):
    """A confined proxy whose certificates are its own."""
    chain, key = own_pki.server_files
    proxy = start(upstream, listener={"tls": {"certificates": [{"chain": chain, "key": key}]},
                                      "client_auth": {"trust_bundle": [own_pki.ca_file]}})
    if not has_landlock(proxy):
        pytest.skip("no Landlock here")
    return proxy


@pytest.fixture
def elsewhere(tmp_path_factory):
    """A folder that no configuration names, nor the one above."""
    return tmp_path_factory.mktemp("elsewhere") / "folder"


def refused_reload(proxy, config):
    """Loads a configuration that must be refused; returns why."""
    proxy.write_config(config)
    code, text = proxy.get("/reload", "admin", "POST")
    assert code != 200
    assert proxy.get("/readyz")[0] == 200
    return text


@not_sanitized
def test_a_new_folder_needs_a_restart_and_the_old_files_stay(confined, connect, own_pki, elsewhere):
    elsewhere.mkdir()
    for path in own_pki.server_files:
        shutil.copy(path, elsewhere)
    chain, key = (str(elsewhere / pathlib.Path(path).name) for path in own_pki.server_files)
    before = confined.config
    answer = refused_reload(confined, confined.changed(tls={"certificates": [{"chain": chain, "key": key}]}))
    assert "restart needed: listeners[0].tls.certificates[0].chain" in answer and chain in answer
    own_clients = clients.context(own_pki)
    assert connect(confined, own_clients).get().status == 200
    # The same files below a folder that is in use are no problem.
    inside = pathlib.Path(own_pki.server_files[0]).parent / "new"
    shutil.move(elsewhere, inside)
    files = {"chain": str(inside / pathlib.Path(chain).name), "key": str(inside / pathlib.Path(key).name)}
    confined.config = before
    confined.reload(confined.changed(tls={"certificates": [files]}))
    assert connect(confined, own_clients).get().status == 200


@not_sanitized
def test_a_link_to_a_new_folder_needs_a_restart(confined, own_pki, elsewhere):
    key = pathlib.Path(own_pki.server_files[1])
    elsewhere.mkdir()
    shutil.move(key, elsewhere / "key")
    key.symlink_to(elsewhere / "key")
    code, text = confined.get("/reload", "admin", "POST")
    assert code != 200 and "restart needed: listeners[0].tls.certificates[0].key" in text and str(elsewhere) in text


@not_sanitized
def test_a_folder_may_be_replaced(confined, own_pki):
    """The kernel remembers the folder and not its name; therefore the one above is allowed, too."""
    folder = pathlib.Path(own_pki.server_files[1]).parent
    copy = folder.with_name("copy")
    shutil.copytree(folder, copy)
    folder.rename(folder.with_name("old"))
    copy.rename(folder)
    code, text = confined.get("/reload", "admin", "POST")
    assert code == 200, text


@not_sanitized
def test_new_ports_need_a_restart(confined, upstream, connect, own_pki, elsewhere):
    before = confined.config
    for changes, wanted in (
        ({"upstreams": [merge(before["upstreams"][0], {"address": "127.0.0.1:9"})]},
         "restart needed: upstreams[0].address: 127.0.0.1:9"),
        ({"listeners": [merge(before["listeners"][0], {"address": f"unix:{elsewhere}/public.sock"})]},
         "restart needed: listeners[0].address: unix:"),
    ):
        assert wanted in refused_reload(confined, merge(before, changes))
    assert connect(confined, clients.context(own_pki)).get().status == 200
    assert upstream.requests


@not_sanitized
def test_without_landlock_a_reload_may_use_any_port_and_folder(start, upstream, connect):
    proxy = start("127.0.0.1:9", sandbox={"landlock": False})
    assert connect(proxy).get().status == 502
    config = merge(proxy.config, {"upstreams": [merge(proxy.config["upstreams"][0], {"address": str(upstream)})]})
    proxy.reload(config)
    assert connect(proxy).get().status == 200


def test_changes_of_user_and_sandbox_take_effect_after_a_restart(start, upstream):
    proxy = start(upstream)
    proxy.reload(merge(proxy.config, {"sandbox": {"seccomp": False}, "user": "nobody"}))
    assert {record["key"] for record in proxy.log("restart_needed")} == {"user", "sandbox"}


# -- user:


@pytest.fixture
def for_nobody(folder):
    """A configuration in a folder of its own whose files `nobody` may read."""
    pki = pki_module.Pki(folder / "pki")
    for path in (folder / "pki", *(folder / "pki").rglob("*")):
        os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)
    return pki, configuration(pki, user="nobody")


@needs_root
def test_root_becomes_the_user_and_reloads_as_it(for_nobody, launch, upstream, folder):
    pki, config = for_nobody
    config["upstreams"][0]["address"] = str(upstream)
    sockets = folder / "run"
    sockets.mkdir()
    os.chown(sockets, NOBODY.pw_uid, NOBODY.pw_gid)
    config["admin"] = {"address": f"unix:{sockets}/admin.sock"}
    config["log"] = {"access": f"{sockets}/access.log"}
    path = folder / "mantlet.yaml"
    path.write_text(yaml.safe_dump(config))
    proxy = launch(config, config_path=path)
    lines = status(proxy)
    assert set(lines["Uid"].split()) == {str(NOBODY.pw_uid)} and set(lines["Gid"].split()) == {str(NOBODY.pw_gid)}
    assert "0" not in lines["Groups"].split()
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(lines[name], 16) == 0, name
    # Not even the user itself may look into the process.
    assert os.stat(f"/proc/{proxy.process.pid}/status").st_uid == 0
    for created in ("admin.sock", "access.log"):
        assert (sockets / created).stat().st_uid == NOBODY.pw_uid
    with proxy.reloaded():
        proxy.signal(1)
    (sockets / "access.log").unlink()
    proxy.signal(10)
    wait_until((sockets / "access.log").exists, 5, "the new access log")
    assert not proxy.log("running_as_root")
    assert proxy.metrics().value("process_open_fds") > 3


@needs_root
def test_a_key_that_only_root_may_read_refuses_the_start(for_nobody, launch, folder):
    pki, config = for_nobody
    key = pki.server_files[1]
    os.chown(key, 0, 0)
    os.chmod(key, 0o600)
    path = folder / "mantlet.yaml"
    path.write_text(yaml.safe_dump(config))
    proxy = launch(config, config_path=path, expected_exit=78, wait=False)
    assert proxy.wait() == 78
    message = "\n".join(proxy.err.lines)
    assert f"'nobody' may not read {key} (listeners[0].tls.certificates[0].key)" in message
    done = run_command("check", "--config", path)
    assert done.returncode == 1 and key in done.stderr
    os.chown(key, NOBODY.pw_uid, NOBODY.pw_gid)
    assert run_command("check", "--config", path).returncode == 0


@needs_root
def test_root_without_a_user_is_warned(mantlet):
    assert mantlet.log("running_as_root")[0]["level"] == "warn"


@needs_root
@pytest.mark.parametrize("user, wanted", [("no-such-user", "no user 'no-such-user'"), ("65432", "65432:GROUP"),
                                          ("nobody:no-such-group", "no group 'no-such-group'")])
def test_a_user_that_does_not_exist_refuses_the_start(launch, pki, user, wanted):
    proxy = launch(configuration(pki, user=user), expected_exit=78, wait=False)
    assert proxy.wait() == 78
    assert wanted in "\n".join(proxy.err.lines)


@needs_root
def test_an_ordinary_user_cannot_become_another(for_nobody, launch, folder):
    _, config = for_nobody
    config["user"] = "root"
    path = folder / "mantlet.yaml"
    path.write_text(yaml.safe_dump(config))
    as_nobody = [shutil.which("setpriv"), f"--reuid={NOBODY.pw_uid}", f"--regid={NOBODY.pw_gid}", "--clear-groups"]
    proxy = launch(config, config_path=path, launcher=as_nobody, expected_exit=1, wait=False)
    assert proxy.wait() == 1
    assert "cannot become the user 'root'" in "\n".join(proxy.err.lines)
    config["user"] = "nobody"
    path.write_text(yaml.safe_dump(config))
    assert launch(config, config_path=path, launcher=as_nobody).log("started")
