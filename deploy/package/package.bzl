"""distribution_file: runs one of the scripts of this folder over files of the repository."""

load("//:version.bzl", "VERSION")

_SHARED = ["//deploy/package:scripts"]

def distribution_file(name, script, outs, files, arguments = "", srcs = []):
    """Makes `outs` with make_SCRIPT.py.

    Args:
      name: the target.
      script: tarball, image or deb.
      outs: the results; the first is --out.
      files: path in the result -> the label of one file.
      arguments: more options of the script, with $(location …) of srcs and outs.
      srcs: what these options name.
    """
    command = "//deploy/package:make_%s.py" % script
    placed = " ".join(["--file '%s=$(location %s)'" % (path, label) for path, label in files.items()])
    native.genrule(
        name = name,
        srcs = {label: None for label in files.values() + srcs}.keys(),
        outs = outs,
        cmd = "/usr/bin/python3 -B $(location %s) --version %s --status bazel-out/stable-status.txt --out $(location %s) %s %s" %
              (command, VERSION, outs[0], placed, arguments),
        exec_tools = [command] + _SHARED,
        stamp = 1,
        tags = ["manual"],
        visibility = ["//visibility:public"],
    )
