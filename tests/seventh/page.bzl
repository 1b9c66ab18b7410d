"""Follows the page "A seventh agency": each block of it becomes the file that it names.

A block "```cpp services/x/main.cc" is a whole file. A block "```diff services/y/BUILD" changes one
of the tree: its package comes here too, changed, so that the tree itself stays as it is.
"""

_LABEL = "\"//"

def _fences(text):
    """Returns [(kind, path, lines)] of the named blocks."""
    found = []
    open = None
    for line in text.split("\n"):
        if line == "```":
            open = None
        elif line.startswith("```"):
            words = line[3:].split(" ")
            if len(words) != 2:
                fail("page: a block names no file, got %r" % line)
            open = []
            found.append((words[0], words[1], open))
        elif open != None:
            open.append(line)
    return found

def _apply(path, content, lines):
    """Applies the hunks, each of which must find its place exactly once."""
    hunks = []
    for line in lines:
        if line == "@@":
            hunks.append(([], []))
            continue
        old, new = hunks[-1]
        if line[:1] != "+":
            old.append(line[1:])
        if line[:1] != "-":
            new.append(line[1:])
    for old, new in hunks:
        before = "\n".join(old) + "\n"
        if content.count(before) != 1:
            fail("page: a change of %s finds its place %d times, want once:\n%s" %
                 (path, content.count(before), before))
        content = content.replace(before, "\n".join(new) + "\n")
    return content

def _relabelled(content, mark):
    """Labels of the tree, but for those that the page adds, point to the tree."""
    parts = content.split(_LABEL)
    out = parts[0]
    for part in parts[1:]:
        label = part.split("\"")[0]
        own = mark in label or label.startswith("visibility")
        out += (_LABEL if own else "\"@waystation//") + part
    return out

def _folder(path):
    return path.rpartition("/")[0]

def _seventh_agency_impl(rctx):
    files = {}
    changed = {}
    for kind, path, lines in _fences(rctx.read(Label("//services:README.md"))):
        if path in files:
            fail("page: %s stands there twice" % path)
        if kind == "diff":
            label = Label("//%s:%s" % (_folder(path), path.rpartition("/")[2]))
            files[path] = _apply(path, rctx.read(label), lines)
            changed[_folder(path)] = rctx.path(label).dirname
        else:
            files[path] = "\n".join(lines) + "\n"
    for path, content in files.items():
        is_build = path.endswith("/BUILD")
        rctx.file(path, _relabelled(content, rctx.attr.mark) if is_build else content, False)
    for folder, there in changed.items():
        for entry in there.readdir():
            path = folder + "/" + entry.basename
            if path not in files:
                rctx.symlink(entry, path)
    rctx.file("WORKSPACE", "workspace(name = %r)\n" % rctx.name)

seventh_agency = repository_rule(
    implementation = _seventh_agency_impl,
    attrs = {"mark": attr.string(doc = "Word in each label that the page adds.", mandatory = True)},
    local = True,
)
