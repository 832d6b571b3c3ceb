"""Rules for binaries that are distributed.

in_release_mode builds a binary as --config=opt does, whatever Bazel is called with; in a folder of its own, so it is used
only if the build is not --config=opt already. stripped_binary removes the debug information.
"""

# The options of .bazelrc's build:opt; test_distribution.py compares them.
RELEASE_COPTS = [
    "-O2",
    "-U_FORTIFY_SOURCE",
    "-D_FORTIFY_SOURCE=3",
    "-D_GLIBCXX_ASSERTIONS",
    "-fcf-protection=full",
    "-g1",
]

def _transition_impl(settings, attr):
    return {
        "//command_line_option:compilation_mode": "opt",
        "//command_line_option:copt": settings["//command_line_option:copt"] + RELEASE_COPTS,
        "//command_line_option:strip": "never",
    }

_release = transition(
    implementation = _transition_impl,
    inputs = ["//command_line_option:copt"],
    outputs = [
        "//command_line_option:compilation_mode",
        "//command_line_option:copt",
        "//command_line_option:strip",
    ],
)

def _in_release_mode_impl(ctx):
    return DefaultInfo(files = ctx.attr.binary[0][DefaultInfo].files)

in_release_mode = rule(
    implementation = _in_release_mode_impl,
    attrs = {
        "binary": attr.label(mandatory = True, cfg = _release),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
)

def _stripped_binary_impl(ctx):
    out = ctx.actions.declare_file(ctx.attr.name)
    ctx.actions.run_shell(
        inputs = [ctx.file.binary],
        outputs = [out],
        command = "strip --strip-all -o %s %s" % (out.path, ctx.file.binary.path),
        mnemonic = "StripRelease",
    )
    return DefaultInfo(files = depset([out]))

stripped_binary = rule(
    implementation = _stripped_binary_impl,
    attrs = {"binary": attr.label(mandatory = True, allow_single_file = True)},
)
