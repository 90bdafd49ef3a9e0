"""Reads the Rust files of this workspace well enough to ask which file uses what of which other file.

It is no compiler: it follows `mod`, `use` and paths that are written out, as rustfmt lays them out. What a
method call or a macro brings in it does not see.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# A comment, a string or a character: what may hold text that looks like code.
OPAQUE = re.compile(
    r"//[^\n]*|/\*.*?\*/|(?<!\w)b?r(#*)\".*?\"\1|(?<!\w)b?\"(?:\\.|[^\"\\])*\"|b?'(?:\\[^\n]{1,9}?|[^\\'\n])'",
    re.S,
)
TESTS = re.compile(r"#\[cfg\(test\)\]\s*(?:#\[[^\]]*\]\s*)*(?:pub(?:\([a-z ]+\))?\s+)?mod\s+(\w+)\s*([;{])")
CHILD = re.compile(r"^(?:pub(?:\([a-z: ]+\))? )?mod (\w+);", re.M)
USE = re.compile(r"^[ \t]*(pub(?:\([a-z: ]+\))? )?use ([^;]+);", re.M)
ITEM = re.compile(
    r"^(?:pub(?:\([a-z: ]+\))? )?(?:(?:const |async |unsafe )*fn|struct|enum|trait|const|static|type|union"
    r"|macro_rules!) (\w+)",
    re.M,
)
PATH = re.compile(r"(?<![\w:])((?:\w+::)+\w+)")


@dataclass
class File:
    """One module that has a file of its own, without its tests."""

    path: Path
    module: tuple
    code: str
    children: set
    items: set = field(default_factory=set)
    # Name here -> path from the root of the crate.
    names: dict = field(default_factory=dict)
    globs: list = field(default_factory=list)
    # Of those, what is passed on to whoever asks this file for it.
    passed_on: set = field(default_factory=set)

    @property
    def name(self):
        return str(self.path.relative_to(ROOT))


def blank(text):
    """The text with what is no code replaced by spaces, line for line."""
    return OPAQUE.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


def block_end(code, opening):
    """The place behind the brace that closes the one at `opening`."""
    depth = 0
    for place in range(opening, len(code)):
        depth += {"{": 1, "}": -1}.get(code[place], 0)
        if depth == 0:
            return place + 1
    return len(code)


def without_tests(code):
    """The code without modules for tests, line for line; and the names of those in files of their own."""
    apart = set()
    while found := TESTS.search(code):
        end = found.end() if found[2] == ";" else block_end(code, found.end() - 1)
        if found[2] == ";":
            apart.add(found[1])
        code = code[: found.start()] + re.sub(r"[^\n]", " ", code[found.start() : end]) + code[end:]
    return code, apart


def leaves(tree):
    """Every path of a `use` tree, with the name that it gets."""
    tree = tree.strip()
    opening = tree.find("{")
    if opening < 0:
        path, _, alias = tree.partition(" as ")
        parts = [part.strip() for part in path.split("::") if part.strip()]
        if parts[-1] == "self":
            parts.pop()
        yield parts, (alias.strip() or parts[-1])
        return
    head, body, depth, start = tree[:opening], tree[opening + 1 : tree.rindex("}")], 0, 0
    for place, sign in enumerate(body + ","):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if sign == "," and depth == 0:
            if body[start:place].strip():
                yield from leaves(head + body[start:place])
            start = place + 1


def absolute(parts, module, file):
    """A path from the root of the crate; None where it leads out of it."""
    if parts[0] == "crate":
        return tuple(parts[1:])
    if parts[0] == "self":
        return module + tuple(parts[1:])
    if parts[0] == "super":
        while parts and parts[0] == "super":
            parts, module = parts[1:], module[:-1]
        return module + tuple(parts)
    if parts[0] in file.children:
        return module + tuple(parts)
    if parts[0] in file.names and len(parts) > 1:
        return file.names[parts[0]] + tuple(parts[1:])
    return None


def read_module(path, module, files):
    code, apart = without_tests(blank(path.read_text()))
    children = set(CHILD.findall(code)) - apart
    file = files[module] = File(path, module, code, children, set(ITEM.findall(code)))
    folder = path.parent if path.name in ("lib.rs", "main.rs", "mod.rs") else path.with_suffix("")
    for visibility, tree in USE.findall(code):
        for parts, name in leaves(tree):
            target = absolute(parts, module, file)
            if target is None:
                continue
            if name == "*":
                file.globs.append(target[:-1])
                continue
            file.names[name] = target
            if visibility:
                file.passed_on.add(name)
    for child in sorted(children):
        place = folder / f"{child}.rs"
        place = place if place.exists() else folder / child / "mod.rs"
        if place.exists():
            read_module(place, module + (child,), files)


def read_crate(root):
    """All files of the crate whose root this is, by module."""
    files = {}
    read_module(root, (), files)
    return files


def definer(files, path, seen=()):
    """The file that defines what this path means, through all that pass it on; None if it is unknown."""
    if path in seen:
        return None
    seen = (*seen, path)
    module, at = (), files[()]
    for place, part in enumerate(path):
        inner = module + (part,)
        if inner in files:
            module, at = inner, files[inner]
            continue
        if part in at.items:
            return at
        if part in at.names:
            return definer(files, at.names[part] + tuple(path[place + 1 :]), seen)
        for glob in at.globs:
            found = definer(files, glob + tuple(path[place:]), seen)
            if found:
                return found
        return at if place else None
    return at


def uses(files, file):
    """The files that this one uses. To pass a name on is not to use it."""
    used = {}
    body = re.sub(r"pub\(in [^)]*\)", "pub", USE.sub("", file.code))
    words = set(re.findall(r"\w+", body))
    for name, path in file.names.items():
        if name not in file.passed_on or name in words:
            used.setdefault(definer(files, path), f"{'::'.join(path)}")
    for glob in file.globs:
        used.setdefault(definer(files, glob), f"{'::'.join(glob)}::*")
    for found in PATH.findall(body):
        parts = found.split("::")
        if parts[0] in ("crate", "self", "super") or parts[0] in file.children:
            path = absolute(parts, file.module, file)
            used.setdefault(definer(files, path), found)
    return {target: what for target, what in used.items() if target and target is not file}


File.__hash__ = object.__hash__
