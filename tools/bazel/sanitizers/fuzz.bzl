"""fuzz_target: one source with LLVMFuzzerTestOneInput gives two targets.

NAME       a cc_binary with libFuzzer (manual; build it with --config=fuzz)
NAME_test  a cc_test that replays the corpus with any compiler, so it runs in `bazel test //...`
"""

def fuzz_target(name, srcs, deps = [], corpus = []):
    native.cc_binary(
        name = name,
        srcs = srcs,
        testonly = True,
        linkopts = ["-fsanitize=fuzzer"],
        tags = ["manual"],
        deps = deps,
    )
    native.cc_test(
        name = name + "_test",
        size = "small",
        srcs = srcs + ["//tools/bazel/sanitizers:replay_main.cc"],
        args = ["$(locations %s)" % c for c in corpus],
        data = corpus,
        deps = deps,
    )
