"""Ways to damage a file of a configuration, and to restore it."""

import os
import pathlib
import shutil


def _directory(path):
    path.unlink()
    path.mkdir()


def _dangling(path):
    path.unlink()
    path.symlink_to("nowhere")


def _circle(path):
    path.unlink()
    path.symlink_to(path.name)


def _pipe(path):
    path.unlink()
    os.mkfifo(path)


def _swing(path, content):
    """Like certbot: the path is a link and is replaced by a new one."""
    target, link = path.with_name(f"{path.name}.target"), path.with_name(f"{path.name}.link")
    target.unlink(missing_ok=True)
    target.write_bytes(content)
    target.chmod(0o600)
    link.symlink_to(target.name)
    link.rename(path)


def _aside(folder):
    return folder.with_name(folder.name + "-aside")


# Damages of any file: content, or a function that damages a path.
ANY = {"missing": pathlib.Path.unlink, "a directory": _directory, "a dangling link": _dangling,
       "a link to itself": _circle, "a pipe": _pipe, "unreadable": lambda path: path.chmod(0),
       "empty": b"", "huge": b"\n" * (16 * 1024 * 1024 + 1)}

# Damages of a file that has its own folder.
FOLDER = {"its folder moved away": lambda path: path.parent.rename(_aside(path.parent)),
          "its folder deleted": lambda path: shutil.rmtree(path.parent)}


def of_content(good, binary=False):
    """Damages of a file's content; `good` is more than 200 bytes long."""
    kinds = {"half": good[:len(good) // 2 if binary else 100], "zeros": bytes(len(good)),
             "noise": b"\xff\x00\x30\x82" * 200, "text": b"<html>404 not found</html>\n",
             "only white space": b" \n\n"}
    if not binary:
        kinds |= {"damaged base64": good.replace(b"\n", b"\n*", 3),
                  "END of another kind": good.replace(b"-----END ", b"-----END X", 1)}
    return kinds


def swing(content):
    """The path becomes a link that leads to `content`."""
    return lambda path: _swing(path, content)


def harm(path, how):
    if isinstance(how, bytes):
        path.write_bytes(how)
    else:
        how(path)


def heal(path, good):
    """Restores `good` in one step, in the way of the damage."""
    aside = _aside(path.parent)
    if aside.exists():
        (aside / path.name).write_bytes(good)
        aside.rename(path.parent)
        return
    path.parent.mkdir(exist_ok=True)
    if path.is_symlink() and path.is_file():
        _swing(path, good)
        return
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    elif path.is_symlink() or path.is_fifo():
        path.unlink()
    temporary = path.with_name("new")
    temporary.write_bytes(good)
    temporary.chmod(0o600)
    temporary.rename(path)
