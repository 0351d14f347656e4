"""Fields in: only those that are named, and every fault with its pointer."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from governance.domain.documents.fields import suggestion
from governance.domain.faults import Fault
from governance.domain.strict_json import escape
from governance.domain.times import format_duration, parse_duration, parse_rfc3339
from governance.exceptions import InvalidInput


class StrictSerializer(serializers.Serializer[Any]):
    """A serializer that refuses a field it does not name."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the validated fields; unknown ones are errors of their own name."""
        if isinstance(data, Mapping):
            known = [n for n, field in self.fields.items() if not field.read_only]
            unknown = [name for name in data if name not in known]
            if unknown:
                raise serializers.ValidationError(
                    {
                        name: serializers.ErrorDetail(
                            f"There is no field {name[:60]!r} here.{suggestion(name, known)}",
                            code="unknown_field",
                        )
                        for name in unknown
                    }
                )
        return super().to_internal_value(data)


class StrictCharField(serializers.CharField):
    """Text that is text: a number is not taken for one."""

    def to_internal_value(self, data: Any) -> str:
        """Return the text."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class ShareField(serializers.FloatField):
    """A number from 0 to 1 that is a number: text and true are not taken for one."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=1, **kwargs)

    def to_internal_value(self, data: Any) -> float:
        """Return the number."""
        if isinstance(data, bool) or not isinstance(data, int | float) or data != data:
            self.fail("invalid")
        return float(data)


class MomentField(serializers.DateTimeField):
    """An instant in RFC 3339, with its offset."""

    def to_internal_value(self, value: Any) -> datetime:
        """Return the instant, in UTC."""
        try:
            return parse_rfc3339(value)
        except ValueError as error:
            raise serializers.ValidationError(str(error), code="time") from None


@extend_schema_field({"type": "string", "format": "duration"})
class LengthField(serializers.Field[timedelta, Any, str, Any]):
    """A length of time in ISO 8601, of days, hours, minutes and seconds."""

    def to_internal_value(self, data: Any) -> timedelta:
        """Return the length."""
        try:
            return parse_duration(data)
        except ValueError as error:
            raise serializers.ValidationError(str(error), code="duration") from None

    def to_representation(self, value: timedelta) -> str:
        """Return the text."""
        return format_duration(value)


# SQLite keeps 15 digits of a number.
MONEY = re.compile(r"\d{1,11}(?:\.\d{1,4})?", re.ASCII)


@extend_schema_field({"type": "string", "pattern": "^[0-9]{1,11}([.][0-9]{1,4})?$"})
class MoneyField(serializers.Field[Decimal, Any, str, Any]):
    """An amount as decimal text, such as "12.50": a JSON number would be a float."""

    def to_internal_value(self, data: Any) -> Decimal:
        """Return the amount."""
        if not isinstance(data, str) or not MONEY.fullmatch(data):
            raise serializers.ValidationError(
                'Give an amount as text, as in "12.50": up to 11 digits, and 4 decimals.',
                code="money",
            )
        return Decimal(data)

    def to_representation(self, value: Decimal) -> str:
        """Return the text."""
        return f"{value:f}"


def validated(serializer: type[serializers.Serializer[Any]], data: Any) -> dict[str, Any]:
    """Return the validated fields of `data`, or raise InvalidInput with every fault."""
    checked = serializer(data=data)
    if checked.is_valid():
        fields: dict[str, Any] = checked.validated_data
        return fields
    faults = tuple(_faults(checked.errors, ""))
    raise InvalidInput(
        faults[0].detail if len(faults) == 1 else f"{len(faults)} faults.", faults=faults
    )


def query(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """Return the validated query parameters of a request."""
    return validated(serializer, request.query_params.dict())


def _faults(errors: Any, pointer: str) -> Iterator[Fault]:
    if isinstance(errors, Mapping):
        for name, below in errors.items():
            at = pointer if name == "non_field_errors" else f"{pointer}/{escape(name)}"
            yield from _faults(below, at)
    elif isinstance(errors, list):
        for i, below in enumerate(errors):
            nested = isinstance(below, Mapping | list)
            if below or not nested:
                yield from _faults(below, f"{pointer}/{i}" if nested else pointer)
    else:
        yield Fault(pointer, str(getattr(errors, "code", "invalid")), str(errors))
