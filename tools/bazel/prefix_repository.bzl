"""A repository for an install prefix: PREFIX/include and PREFIX/lib."""

def _dependency_cache(ctx):
    """Returns the folder of tools/bootstrap; tools/lib.sh has the same rule."""
    env = ctx.os.environ
    if env.get("MANTLET_CACHE"):
        return env["MANTLET_CACHE"] + "/deps"
    if env.get("XDG_CACHE_HOME"):
        return env["XDG_CACHE_HOME"] + "/mantlet/deps"
    return env.get("HOME", "/root") + "/.cache/mantlet/deps"

def _prefix_repository_impl(ctx):
    root = ctx.os.environ.get(ctx.attr.env)
    if not root:
        root = _dependency_cache(ctx) + "/" + ctx.attr.default_prefix
    prefix = ctx.path(root)
    for part in ["include", "lib"]:
        if not prefix.get_child(part).exists:
            fail(("%s has no folder '%s'. Run tools/bootstrap once, or point the build at an install " +
                  "prefix of your own with --repo_env=%s=/path") % (root, part, ctx.attr.env))
        ctx.symlink(prefix.get_child(part), part)
    ctx.symlink(ctx.attr.build_file, "BUILD.bazel")

    # Written by tools/bootstrap. Nothing is known about other prefixes.
    if prefix.get_child("SOURCE").exists:
        ctx.symlink(prefix.get_child("SOURCE"), "SOURCE")
    else:
        ctx.file("SOURCE", "")

prefix_repository = repository_rule(
    implementation = _prefix_repository_impl,
    attrs = {
        "build_file": attr.label(mandatory = True, allow_single_file = True),
        "default_prefix": attr.string(mandatory = True),
        "env": attr.string(mandatory = True),
    },
    configure = True,
    environ = ["BORINGSSL_ROOT", "LLHTTP_ROOT", "PROMETHEUS_ROOT", "MANTLET_CACHE", "XDG_CACHE_HOME", "HOME"],
    local = True,
)
