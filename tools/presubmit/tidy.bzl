"""clang-tidy as an aspect: one cached, sandboxed action for each of our C++ source files.

Usage: bazel build --aspects=//tools/presubmit:tidy.bzl%tidy --output_groups=tidy TARGETS

As an action it sees exactly the headers that the compiler sees (the generated ones are built
first), runs in parallel, and a file that did not change is not looked at again.
"""

_RULES = ["cc_library", "cc_binary", "cc_test"]

# The defines and flags of .bazelrc that change how a file parses.
_FLAGS = ["-x", "c++", "-std=c++20", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow"]

# Findings are printed with the paths of the tree, not of Bazel's sandbox.
_COMMAND = "; ".join([
    'log="$1"',
    "shift",
    'clang-tidy "$@" >"$log" 2>&1 && exit 0',
    'sed "s|$PWD/||g; s|^[.]/||; /warnings generated[.]$/d" "$log"',
    "exit 1",
])

def _own_sources(ctx):
    return [
        f
        for f in ctx.rule.files.srcs
        if f.is_source and f.extension == "cc" and not f.path.startswith("external/")
    ]

def _context(target, ctx):
    infos = [d[CcInfo] for d in ctx.rule.attr.deps if CcInfo in d]
    if CcInfo in target:
        infos.append(target[CcInfo])
    return cc_common.merge_cc_infos(cc_infos = infos).compilation_context

def _include_flags(context):
    flags = ["-iquote", "."]
    for folder in context.quote_includes.to_list() + context.includes.to_list() + context.system_includes.to_list():
        # Generated headers count as the system's: their warnings are not ours to mend.
        if folder != ".":
            flags += ["-isystem", folder]
    return flags

def _tidy_impl(target, ctx):
    if ctx.rule.kind not in _RULES:
        return []
    context = _context(target, ctx)
    flags = list(_FLAGS) + _include_flags(context)
    flags += ["-D" + d for d in context.defines.to_list() + context.local_defines.to_list()]
    headers = [f for f in ctx.rule.files.srcs if f.extension == "h"]
    logs = []
    for source in _own_sources(ctx):
        log = ctx.actions.declare_file("%s.%s.tidy" % (ctx.label.name, source.basename))
        ctx.actions.run_shell(
            inputs = depset([source, ctx.file._config] + headers, transitive = [context.headers]),
            outputs = [log],
            command = _COMMAND,
            arguments = [log.path, "--quiet", "--config-file=" + ctx.file._config.path, source.path, "--"] + flags,
            mnemonic = "ClangTidy",
            progress_message = "clang-tidy " + source.short_path,
            use_default_shell_env = True,
        )
        logs.append(log)
    return [OutputGroupInfo(tidy = depset(logs))]

tidy = aspect(
    implementation = _tidy_impl,
    attrs = {
        "_config": attr.label(default = "//:.clang-tidy", allow_single_file = True),
    },
)
