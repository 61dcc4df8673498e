"""What all settings are made of that a user writes: each value is taken in one sense, or refused by its key.

pydantic alone would read yes as 1, and take blank text, a list that names a thing twice, and integers that no array holds. Who
makes settings in Python reads one line, as who writes them into a file.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any, Self, get_args

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from stepscale.errors import InputError, describe_validation_error

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass as _ModelMetaclass
else:
    _ModelMetaclass = type(BaseModel)

_MAY_BE_BLANK = "may be blank"
_MAX_INTEGER = 1 << 63  # exclusive: NumPy and torch hold no larger integer

TextOrBlank = Annotated[str, _MAY_BE_BLANK]
"""Text that says something even where it is blank, such as what stands between two steps."""

_Fault = tuple[tuple[str | int, ...], Any, str]
"""The place of a value, the value, and what is wrong with it."""


class _Made(_ModelMetaclass):
    """Settings made by a call, ``Kind(key=value)``: a mistake is one line. pydantic makes settings within settings itself."""

    if not TYPE_CHECKING:

        def __call__(cls, *args: Any, **fields: Any) -> Any:
            try:
                return super().__call__(*args, **fields)
            except ValidationError as error:
                raise InputError(f"{cls.__name__}: {describe_validation_error(error)}") from None


class UserSettings(BaseModel, metaclass=_Made):
    """Settings: immutable, unknown keys refused, finite numbers, and no value that would be read in another sense.

    Raises:
        InputError: Made in Python with a wrong value; the line names the key. ``model_validate`` raises pydantic's own error.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    if not TYPE_CHECKING:

        def __setattr__(self, name: str, value: Any) -> None:
            """Raises InputError: settings are made once."""
            try:
                super().__setattr__(name, value)
            except ValidationError:
                kind = type(self).__name__
                raise InputError(f"{kind}.{name} cannot be set; make new settings: {kind}({name}=...)") from None

    @model_validator(mode="wrap")
    @classmethod
    def _takes_values_in_one_sense(cls, written: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            typed = handler(written)
        except ValidationError as error:
            raise _clearer(cls, error) from None
        if isinstance(written, Mapping):
            faults = [fault for name, value in written.items() for fault in _misread(typed, name, value)]
            if faults:
                raise ValidationError.from_exception_data(cls.__name__, [_line(*fault) for fault in faults])
        return typed


def _line(place: tuple[str | int, ...], value: Any, fault: str, type: str = "misread") -> InitErrorDetails:
    return InitErrorDetails(type=PydanticCustomError(type, "{fault}", {"fault": fault}), loc=place, input=value)


def _clearer(settings: type[BaseModel], error: ValidationError) -> ValidationError:
    """The same faults, without those that only follow from another, and with the kinds there are where none is named."""
    faults = error.errors()
    kept = [fault for fault in faults if not _follows(fault, faults)]
    if len(kept) == len(faults) and not any(fault["type"].startswith("union_tag") for fault in faults):
        return error
    return ValidationError.from_exception_data(settings.__name__, [_rewritten(settings, fault) for fault in kept])


def _rewritten(settings: type[BaseModel], fault: ErrorDetails) -> InitErrorDetails:
    """The fault as it is, or in our words where no kind of settings is named, or one that there is not."""
    if fault["type"] == "union_tag_not_found":
        return _kind_missing(settings, fault)
    if fault["type"] == "union_tag_invalid":
        key, kinds = (str(fault["ctx"][name]).replace("'", "") for name in ("discriminator", "expected_tags"))
        return _line(
            fault["loc"], fault["input"], f"there is no {key} {fault['ctx']['tag']!r:.60}; give one of {kinds}"
        )
    return _line(fault["loc"], fault["input"], fault["msg"], fault["type"])


def _follows(fault: ErrorDetails, faults: list[ErrorDetails]) -> bool:
    """Whether a list is short only because an item of it is wrong, or settings are called no text where they may be one."""
    place = fault["loc"]
    is_of_union = fault["type"] == "string_type" and place[-1] == "str"  # text is one of the kinds there may be
    if is_of_union and isinstance(fault["input"], Mapping):
        place = place[:-1]
    elif fault["type"] != "too_short":
        return False
    return any(other is not fault and other["loc"] != place == other["loc"][: len(place)] for other in faults)


def _kind_missing(settings: type[BaseModel], fault: ErrorDetails) -> InitErrorDetails:
    """The line for settings of several kinds that do not name theirs; the key that may have been meant for it is told."""
    key, written = fault["ctx"]["discriminator"].strip("'"), fault["input"]
    kinds = [
        kind for kind in _models_in(settings.model_fields[str(fault["loc"][0])].annotation) if key in kind.model_fields
    ]
    names = [name for kind in kinds for name in get_args(kind.model_fields[key].annotation)]
    remedy = f"give {key}: {', '.join(map(str, names))}"
    given = written if isinstance(written, Mapping) else ()
    unknown = [str(name) for name in given if not any(name in kind.model_fields for kind in kinds)]
    misspelled = get_close_matches(key, unknown, n=1, cutoff=0)
    if not misspelled:
        return _line(fault["loc"], written, remedy)
    return _line((*fault["loc"], *misspelled), written, f"unknown key; {remedy}")


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """The kinds of settings that an annotation names, each once."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return list(dict.fromkeys(kind for part in get_args(annotation) for kind in _models_in(part)))


def _misread(settings: BaseModel, name: str, value: Any) -> Iterator[_Fault]:
    """What is wrong with the value of one key, which has the right type."""
    if isinstance(value, str) and not value.strip() and not _may_be_blank(settings, name):
        yield (name,), value, "is blank; write what it names, or null where it may be absent"
    yield from _faults((name,), value, getattr(settings, name, None))


def _faults(place: tuple[str | int, ...], written: Any, typed: Any) -> Iterator[_Fault]:
    """The faults of a value and of what it holds; settings within it have looked for theirs."""
    if isinstance(written, Mapping) and isinstance(typed, Mapping):
        for key, value in written.items():
            yield from _faults((*place, str(key)), value, typed.get(key))
    elif isinstance(written, list | tuple) and isinstance(typed, list | tuple):
        if any(value in written[:number] for number, value in enumerate(written)):
            yield place, written, "holds a value twice; leave one of them out"
        for number, (value, counterpart) in enumerate(zip(written, typed, strict=False)):
            yield from _faults((*place, number), value, counterpart)
    elif isinstance(typed, int | float) and not isinstance(typed, bool):
        if isinstance(written, bool):
            message = (
                f"must be a number, not {str(written).lower()} (YAML reads yes, no, on and off so); write the number"
            )
            yield place, written, message
        elif isinstance(typed, int) and abs(typed) >= _MAX_INTEGER:
            yield place, written, "must be below 2^63; write a smaller number"


def _may_be_blank(settings: BaseModel, name: str) -> bool:
    """Whether blank text says something here, or is the default."""
    field = type(settings).model_fields[name]
    return _MAY_BE_BLANK in field.metadata or (isinstance(field.default, str) and not field.default.strip())
