"""Options of a reader or writer, checked by name and type before any file is opened.

In: a function of the registry and the keyword arguments that a user gave for it. What its signature says is what it takes, so an
option that a format gets is checked without a word here.
"""

from collections.abc import Callable, Iterator, Mapping
from inspect import Parameter, signature
from typing import Any, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError

from stepscale.errors import InputError
from stepscale.grading import Rules
from stepscale.grading.rules import checked

_STRICT = ConfigDict(strict=True, allow_inf_nan=False)


def check_options(format: str, function: Callable[..., Any], options: Mapping[str, Any]) -> None:
    """Check what a user wants to hand to a format's function.

    Args:
        format: The name of the format, for messages.
        function: Its reader or writer.
        options: Keyword arguments for it.

    Raises:
        InputError: It has no such option, or the option takes no such value.
    """
    parameters = signature(function).parameters.values()
    options_of_format = {parameter.name for parameter in parameters if parameter.kind is Parameter.KEYWORD_ONLY}
    unknown = sorted(set(options) - options_of_format, key=str)
    if unknown:
        raise InputError(
            f"{format}: there is no option {unknown[0]!r}; it has {', '.join(sorted(options_of_format)) or 'none'}"
        )
    hints = get_type_hints(function)
    for name, value in options.items():
        for fault in _faults(name, value, hints[name]):
            raise InputError(f"{format}: {fault}")


def _faults(name: str, value: Any, hint: Any) -> Iterator[str]:
    """What is wrong with the value of an option; nothing if it fits."""
    if hint == Rules:
        checked(value)
        return
    try:
        TypeAdapter(hint, config=_STRICT).validate_python(value)
    except ValidationError as error:
        fault = error.errors()[0]
        remedy = f"choose {fault['ctx']['expected']}" if fault["type"] == "literal_error" else fault["msg"]
        yield f"{name} is {fault['input']!r:.60}; {' '.join(remedy.split())}"
    if isinstance(value, str) and not value.strip():
        yield f"{name} is blank; write what it names, or leave it out"
