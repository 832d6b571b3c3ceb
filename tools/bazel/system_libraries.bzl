"""A repository with a cc_library for each library, from pkg-config.

The lists of archives behind one library differ between Debian releases (abseil
most of all), so they are queried and not listed here.
"""

_TARGET = """
cc_library(
    name = "{name}",
    defines = {defines},
    linkopts = {linkopts},
    visibility = ["//visibility:public"],
)
"""

_GLIBC = ["c", "dl", "m", "pthread", "rt"]

# The headers of some libraries contain no version.
_VERSIONS = """
cc_library(
    name = "versions",
    hdrs = ["system_versions.h"],
    includes = ["."],
    visibility = ["//visibility:public"],
)
"""

# For executables that link these libraries statically: the linker takes what it finds first on its
# path, and these folders have no shared libraries. A library without an archive stays shared.
_ARCHIVES = """
filegroup(
    name = "archives",
    srcs = {archives},
    visibility = ["//visibility:public"],
)
"""

def _archive(ctx, library):
    """Returns the path of the static library, or None."""

    # libuv's has a name of its own, so that it is not taken by accident.
    for name in ["lib%s.a" % library, "lib%s_a.a" % library]:
        path = ctx.execute(["gcc", "-print-file-name=" + name]).stdout.strip()
        if path.startswith("/"):
            return path
    return None

def _pkg_config(ctx, what, modules):
    result = ctx.execute(["pkg-config", what] + modules)
    if result.return_code != 0:
        fail("pkg-config does not know %s: %s\nRun tools/bootstrap once; it installs what the build needs." %
             (" ".join(modules), result.stderr))
    return [word for word in result.stdout.replace("\n", " ").split(" ") if word]

def _system_libraries_impl(ctx):
    versions = []
    archives = {"archives/libstdc++.a": _archive(ctx, "stdc++")}
    build = ['load("@rules_cc//cc:defs.bzl", "cc_library")\n']
    for name, modules in ctx.attr.libraries.items():
        modules = [m for m in modules.split(" ") if m]
        defines = []
        linkopts = []
        if modules:
            # Only -D is used of the compiler flags: the headers are on the default path, and a
            # library must not set the language standard.
            cflags = _pkg_config(ctx, "--cflags", modules)
            defines = [f[2:] for f in cflags if f.startswith("-D")]
            linkopts = _pkg_config(ctx, "--libs", modules)
            for library in [f[2:] for f in linkopts if f.startswith("-l") and f[2:] not in _GLIBC]:
                path = _archive(ctx, library)
                if path:
                    archives["archives/lib%s.a" % library] = path
            version = _pkg_config(ctx, "--modversion", modules[:1])[0]
            versions.append('#define SYSTEM_VERSION_%s "%s"\n' % (name.upper(), version))
        build.append(_TARGET.format(name = name, defines = repr(defines), linkopts = repr(linkopts)))
    for name, path in archives.items():
        ctx.symlink(path, name)
    build.append(_ARCHIVES.format(archives = repr(sorted(archives.keys()))))
    build.append(_VERSIONS)
    ctx.file("system_versions.h", "#pragma once\n" + "".join(versions))
    ctx.file("BUILD.bazel", "".join(build))

system_libraries = repository_rule(
    implementation = _system_libraries_impl,
    attrs = {"libraries": attr.string_dict(mandatory = True)},
    configure = True,
    local = True,
)
