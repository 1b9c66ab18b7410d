"""waystation_cc_library, _binary, _test: the project's C++ targets.

They add nothing but a check that every test states its size, and keep one
place where the project's own C++ defaults can change.
"""

def waystation_cc_library(name, **kwargs):
    native.cc_library(name = name, **kwargs)

def waystation_cc_binary(name, **kwargs):
    native.cc_binary(name = name, **kwargs)

def waystation_cc_test(name, size, deps = [], **kwargs):
    native.cc_test(
        name = name,
        size = size,
        deps = deps + ["@system//:gmock", "@system//:gtest_main"],
        **kwargs
    )
