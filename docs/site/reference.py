"""The reference of parameters (from the Pydantic models) and of tables (from their schemas), as Markdown."""

import types
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

import stepscale
from stepscale.formats.declarations import Table


def parameters_page() -> str:
    """Every key of ``parameters.yml``: its type, its default, what it means."""
    from stepscale.parameters import Parameters

    lines = [
        "# Parameters",
        "",
        "Every key of `conf/*/parameters.yml`, made from the typed models when this site is built. A key that is not in "
        "this list is an error before a run begins. A key is written below that of its block, or with dots after `--params`: "
        "`--params report.bootstrap=500`. A dash in the column *default* means that the base environment names "
        "a value.",
    ]
    top: list[str] = []
    for name, field in Parameters.model_fields.items():
        models = list(_models(field.annotation))
        if not models:
            top.append(_row(name, field))
            continue
        lines += ["", f"## `{name}`", "", _sentence(field, models[0]), "", *_HEAD, *_rows("", models, set())]
    return "\n".join([*lines[:3], "", "## The run", "", *_HEAD, *top, *lines[3:]]) + "\n"


_HEAD = ["| key | type | default | meaning |", "|---|---|---|---|"]


def _rows(prefix: str, models: list[type[BaseModel]], above: set[type[BaseModel]]) -> Iterator[str]:
    """Rows of the models a block may be, nested blocks after their key; a model inside itself is not opened again."""
    keys = set[str]()
    for model in models:
        for name, field in model.model_fields.items():
            key = f"{prefix}.{name}".lstrip(".")
            if key in keys:
                continue
            keys.add(key)
            yield _row(key, field)
            inner = [one for one in _models(field.annotation) if one not in above]
            yield from _rows(key, inner, above | set(models))


def _row(key: str, field: FieldInfo) -> str:
    default = "-" if field.is_required() else f"`{_plain(field.get_default(call_default_factory=True))}`"
    return f"| `{key}` | {_type(field.annotation)} | {default} | {_cell(field.description or '')} |"


def _sentence(field: FieldInfo, model: type[BaseModel]) -> str:
    about = (model.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")
    return " ".join(part for part in (about, f"({field.description})" if field.description else "") if part)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that an annotation names, in order."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _type(annotation: Any) -> str:
    """A type in words."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_type(part) for part in parts))
    if origin is Literal:
        return ", ".join(f"`{part}`" for part in parts)
    if annotation is type(None):
        return "null"
    if origin in (list, tuple, set, frozenset):
        return f"list of {_type(parts[0])}" if parts else "list"
    if origin is dict:
        return "mapping"
    if parts and hasattr(annotation, "__metadata__"):
        return _type(parts[0])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "block"
    return {"int": "whole number", "float": "number", "str": "text", "bool": "true or false"}.get(
        getattr(annotation, "__name__", ""), _cell(str(annotation))
    )


def _plain(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, BaseModel):
        return _cell(str(value.model_dump(exclude_defaults=True)) or "{}")
    return _cell(str(value))


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def tables_page() -> str:
    """Every declared table: its columns, their types, which may be null."""
    lines = [
        "# Tables",
        "",
        "The tables that pipelines, readers and writers pass on. A table is checked whenever it is loaded or saved. "
        "A column that may be null may be absent too: nulls are added. Columns beyond these pass unchecked.",
    ]
    for table in sorted(declared_tables(), key=lambda table: str(table.name)):
        lines += ["", f"## `{table.name}`", ""]
        lines += [f"One row per {', '.join(f'`{name}`' for name in table.key)}.", ""] if table.key else []
        lines += ["| column | type | may be null | meaning |", "|---|---|---|---|"]
        for name, column in table.columns.items():
            kind = _cell(column.declaration.removesuffix(" or null"))
            lines.append(
                f"| `{name}` | {kind} | {'yes' if column.nullable else 'no'} | {_cell(column.description or '')} |"
            )
    return "\n".join(lines) + "\n"


def declared_tables() -> list[Table]:
    """The tables of every module that declares one."""
    folder = Path(stepscale.__file__).parent
    tables: dict[int, Table] = {}
    for file in sorted(folder.rglob("*.py")):
        if " = Table(" in file.read_text(encoding="utf-8"):
            module = import_module(".".join(file.relative_to(folder.parent).with_suffix("").parts))
            tables |= {id(value): value for value in vars(module).values() if isinstance(value, Table)}
    return list(tables.values())
