"""Repository rules that expose Debian's -dev packages as Bazel targets. No downloads."""

def _pkg_config(rctx, flag, packages):
    exe = rctx.which("pkg-config")
    if not exe:
        fail("pkg-config is missing: apt-get install pkg-config")
    res = rctx.execute([exe, flag] + packages)
    if res.return_code != 0:
        fail("pkg-config %s %s: %s" % (flag, " ".join(packages), res.stderr))
    out = []
    for word in res.stdout.strip().split(" "):
        if word and word != "-DNOMINMAX" and not (out and out[-1] == word):
            out.append(word)
    return out

def _uniq_last(words):
    """Keeps the last occurrence of each -l word, so static order would stay right."""
    seen = {}
    out = []
    for w in reversed(words):
        if w.startswith("-l"):
            if w in seen:
                continue
            seen[w] = True
        out.append(w)
    return [w for w in reversed(out)]

def _system_libs_impl(rctx):
    lines = ['package(default_visibility = ["//visibility:public"])', ""]
    for name, spec in rctx.attr.packages.items():
        pkgs = spec.split(" ")
        libs = _uniq_last(_pkg_config(rctx, "--libs", pkgs))
        defines = [f[2:] for f in _pkg_config(rctx, "--cflags", pkgs) if f.startswith("-D")]
        lines.append("cc_library(name = %r, defines = %r, linkopts = [\"-Wl,--push-state,--as-needed\"] + %r + [\"-Wl,--pop-state\"])" %
                     (name, defines, libs))
    for name, opts in rctx.attr.extra_linkopts.items():
        lines.append("cc_library(name = %r, linkopts = %r)" % (name, opts.split(" ")))
    rctx.file("BUILD", "\n".join(lines) + "\n")
    rctx.file("WORKSPACE", "workspace(name = %r)\n" % rctx.name)

system_libs = repository_rule(
    implementation = _system_libs_impl,
    attrs = {
        "packages": attr.string_dict(mandatory = True),
        "extra_linkopts": attr.string_dict(),
    },
    local = True,
    environ = ["PATH", "PKG_CONFIG_PATH"],
)

_WKT = {
    "any": [],
    "api": ["source_context", "type"],
    "descriptor": [],
    "duration": [],
    "empty": [],
    "field_mask": [],
    "source_context": [],
    "struct": [],
    "timestamp": [],
    "type": ["any", "source_context"],
    "wrappers": [],
}

def _system_protobuf_impl(rctx):
    for tool in ["protoc", "grpc_cpp_plugin"]:
        path = rctx.which(tool)
        if not path:
            fail("%s is missing: apt-get install protobuf-compiler protobuf-compiler-grpc" % tool)
        rctx.symlink(path, tool)
    lines = [
        'package(default_visibility = ["//visibility:public"])',
        'exports_files(["protoc", "grpc_cpp_plugin"])',
        'cc_library(name = "protobuf", linkopts = ["-lprotobuf"])',
    ]
    for name, deps in _WKT.items():
        rctx.symlink("/usr/include/google/protobuf/%s.proto" % name, "google/protobuf/%s.proto" % name)
        lines.append("proto_library(name = %r, srcs = [%r], deps = %r)" %
                     (name + "_proto", "google/protobuf/%s.proto" % name, [":%s_proto" % d for d in deps]))
    lines.append('proto_lang_toolchain(name = "cc_toolchain", command_line = "--cpp_out=$(OUT)", runtime = ":protobuf", blacklisted_protos = %r)' %
                 [":%s_proto" % n for n in _WKT])
    rctx.file("BUILD", "\n".join(lines) + "\n")
    rctx.file("WORKSPACE", "workspace(name = %r)\n" % rctx.name)

system_protobuf = repository_rule(
    implementation = _system_protobuf_impl,
    local = True,
    environ = ["PATH"],
)
