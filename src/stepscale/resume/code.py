"""A hash of the code that makes something: of its module's source and of all modules of ours that this imports.

The packages above a module count too, for Python runs them first. A name that a package exports lazily (``stepscale.lazy``)
counts by the module that it comes from. Imports inside functions count, imports for type checking alone do not. Comments,
layout, docstrings, the place of installation and other people's libraries do not count.
"""

import ast
import inspect
import re
import sys
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

_PACKAGE = __name__.partition(".")[0]
_DOTTED = re.compile(r"\w+(\.\w+)+")
Maker = Callable[..., Any] | str


def code_hash(*makers: Maker) -> str:
    """A hash of the source behind ``makers``, read once per process.

    Args:
        makers: Functions, classes, or names of modules.

    Returns:
        The sha256 of the sources of their modules and of all that these import, from their packages and from this one.
    """
    modules = {_module_of(maker) for maker in makers}
    digest = sha256()
    for maker in makers:
        if not isinstance(maker, str) and _file_of(_module_of(maker)) is None:  # written in a notebook
            digest.update(inspect.getsource(maker).encode())
    for name in sorted(_imported(modules)):
        digest.update(f"{name}:{_read(name).digest}\n".encode())
    return digest.hexdigest()


def _module_of(maker: Maker) -> str:
    if isinstance(maker, str):
        return maker
    return str(inspect.unwrap(maker).__module__)


def _imported(roots: set[str]) -> set[str]:
    """The roots and every module that they import, directly or not, if it has a file in one of the packages."""
    packages = {_top(root) for root in roots} | {_PACKAGE}
    closure, waiting = set[str](), list(roots)
    while waiting:
        name = waiting.pop()
        if name in closure or _top(name) not in packages or _file_of(name) is None:
            continue
        closure.add(name)
        waiting.extend([name.rpartition(".")[0], *_read(name).imports])  # a module's package is run before it
    return closure


@cache
def _file_of(name: str) -> Path | None:
    """The path of a module's source, found without importing it; None if it has none."""
    top, _, submodule = name.partition(".")
    loaded = sys.modules.get(top)
    origin = getattr(loaded, "__file__", None) if loaded else getattr(find_spec(top), "origin", None)
    if not origin or not origin.endswith(".py"):
        return None
    if not submodule:
        return Path(origin)
    if Path(origin).name != "__init__.py":
        return None
    path = Path(origin).parent.joinpath(*submodule.split("."))
    places = (path.with_name(f"{path.name}.py"), path / "__init__.py")
    return next((place for place in places if place.is_file()), None)


class _Module(NamedTuple):
    """A hash of a module's own code, and the names of what it imports."""

    digest: str
    imports: frozenset[str]


@cache
def _read(name: str) -> _Module:
    file = _file_of(name)
    assert file is not None
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    imports = set[str]()
    text = _shape(ast.parse(file.read_bytes()), lambda node: imports.update(_imports_of(node, package)))
    return _Module(sha256(text.encode()).hexdigest(), frozenset(imports))


_NAMES_MODULES = (ast.Import, ast.ImportFrom, ast.Constant, ast.JoinedStr)


def _shape(node: ast.AST, note: Callable[[ast.AST], None]) -> str:
    """A syntax tree as text, the same for every version of Python: empty and absent fields are left out, see ``_counts``.

    In the same pass, ``note`` gets every node that may name modules. (A run reads hundreds of files; three passes cost a second.)
    """
    if isinstance(node, _NAMES_MODULES):
        note(node)
    fields = []
    for name in node._fields:
        value = getattr(node, name, None)
        if type(value) is list:
            inside = [_shape(x, note) if isinstance(x, ast.AST) else repr(x) for x in value if _counts(x)]
            if inside:
                fields.append(f"{name}=[{','.join(inside)}]")
        elif isinstance(value, ast.AST):
            fields.append(f"{name}={_shape(value, note)}")
        elif value is not None:
            fields.append(f"{name}={value!r}")
    return f"{type(node).__name__}({','.join(fields)})"


def _counts(node: object) -> bool:
    """Whether it is neither a text that stands alone, as docstrings do, nor what only a type checker imports."""
    if isinstance(node, ast.Expr):
        return not (isinstance(node.value, ast.Constant) and isinstance(node.value.value, str))
    return not (isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING")


def _imports_of(node: ast.AST, package: str) -> list[str]:
    """Modules that a node names: by an import, or by their dotted name in a text (imported when first needed).

    Where the text goes on with a value, as in ``f"stepscale.formats.{name}"``, it may be any module of that package.
    """
    if isinstance(node, ast.Import):
        return [name for alias in node.names for name in (alias.name, *_lazy_homes(alias.name, package).values())]
    if isinstance(node, ast.ImportFrom):
        parents = package.split(".")
        above = parents[: len(parents) - node.level + 1] if node.level else []
        base = ".".join([*above, *([node.module] if node.module else [])])
        return [name for alias in node.names for name in _imports_from(base, alias.name, package)]
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and _DOTTED.fullmatch(node.value):
        return [node.value] if _top(node.value) == _top(package) else []
    if isinstance(node, ast.JoinedStr) and node.values and isinstance(node.values[0], ast.Constant):
        return _modules_within(str(node.values[0].value), package)
    return []


def _modules_within(prefix: str, package: str) -> list[str]:
    """All modules of the package that a text such as ``"stepscale.formats."`` begins the names of."""
    name = prefix.removesuffix(".")
    if name == prefix or not _DOTTED.fullmatch(name) or _top(name) != _top(package):
        return []
    file = _file_of(name)
    if file is None or file.name != "__init__.py":
        return []
    inside = sorted({path.stem for path in file.parent.iterdir()})
    return [module for stem in inside if stem.isidentifier() and _file_of(module := f"{name}.{stem}")]


def _imports_from(base: str, name: str, package: str) -> list[str]:
    """The modules that ``from base import name`` needs, written in ``package``."""
    homes = _lazy_homes(base, package)
    if name in homes:
        return [base, homes[name]]
    if name == "*":
        return [base, *homes.values()]
    module = f"{base}.{name}"
    if _is_ours(base, package) and _file_of(module):
        return [module, *_lazy_homes(module, package).values()]
    return [base]


@cache
def _lazy_homes(name: str, package: str) -> dict[str, str]:
    """The module of each name that a package exports by ``lazy_names``; empty for any other module."""
    file = _file_of(name) if _is_ours(name, package) else None
    if file is None or file.name != "__init__.py":
        return {}
    tree = ast.parse(file.read_bytes())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "lazy_names"]
    assigned = {ast.unparse(node.targets[0]): node.value for node in tree.body if isinstance(node, ast.Assign)}
    mappings = [ast.literal_eval(assigned.get(ast.unparse(call.args[1]), call.args[1])) for call in calls]
    return {export: f"{name}.{home}" for mapping in mappings for export, home in mapping.items()}


def _is_ours(name: str, package: str) -> bool:
    return _top(name) in (_top(package), _PACKAGE)


def _top(name: str) -> str:
    return name.partition(".")[0]
