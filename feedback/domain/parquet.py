"""Rows as Parquet: one schema, written in row groups of one size."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from governance.domain.times import parse_rfc3339

# A row and the RFC 8785 texts of its fields.
Texted = tuple[Mapping[str, Any], Mapping[str, str]]

ROW_GROUP = 10_000
AS_JSON = frozenset(("input", "output", "scores", "characteristics", "answer", "decisions"))
TEXT, NUMBER = pa.string(), pa.float64()
SCHEMA = pa.schema(
    [
        pa.field("external_id", TEXT, nullable=False),
        pa.field("input", TEXT, nullable=False),
        pa.field("output", TEXT, nullable=False),
        pa.field("scores", TEXT),
        pa.field("confidence", NUMBER),
        pa.field("confidence_band", TEXT),
        pa.field("scenario_type", TEXT),
        pa.field("characteristics", TEXT, nullable=False),
        pa.field(
            "model",
            pa.struct(
                [
                    pa.field("name", TEXT, nullable=False),
                    pa.field("version", TEXT, nullable=False),
                ]
            ),
            nullable=False,
        ),
        pa.field("tier", TEXT, nullable=False),
        pa.field("verdict", TEXT, nullable=False),
        pa.field("answer", TEXT),
        pa.field("reason_codes", pa.list_(pa.field("element", TEXT, nullable=False))),
        pa.field("rationale", TEXT, nullable=False),
        pa.field("decisions", TEXT, nullable=False),
        pa.field("agreement", NUMBER),
        pa.field("propensity", NUMBER, nullable=False),
        pa.field("weight", NUMBER),
        pa.field("resolved_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("resolution_kind", TEXT, nullable=False),
        pa.field("split", TEXT, nullable=False),
        pa.field("guideline_version", pa.int32(), nullable=False),
    ]
)


class _Sink:
    """A file that hands on what is written to it."""

    closed = False

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write, self._at = write, 0

    def write(self, data: Any) -> int:
        self._write(bytes(data))
        self._at += len(data)
        return len(data)

    def tell(self) -> int:
        return self._at

    def flush(self) -> None:
        """Do nothing: all is handed on at once."""

    def close(self) -> None:
        self.closed = True


class Writer:
    """Writes rows to `write`, a row group at a time; `finish` ends the file."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._rows: list[Texted] = []
        self._file = pa.PythonFile(_Sink(write), mode="w")
        self._writer = pq.ParquetWriter(
            self._file,
            SCHEMA,
            version="2.6",
            compression="zstd",
            use_dictionary=True,
            write_statistics=True,
            store_schema=False,
        )

    def add(self, rows: Sequence[Texted]) -> None:
        """Write rows, each with the texts of its fields; what fills no row group waits."""
        self._rows.extend(rows)
        while len(self._rows) >= ROW_GROUP:
            self._write_group(self._rows[:ROW_GROUP])
            del self._rows[:ROW_GROUP]

    def finish(self) -> None:
        """Write what waits, and the end of the file."""
        if self._rows:
            self._write_group(self._rows)
        self._rows = []
        self._writer.close()
        self._file.close()

    def _write_group(self, rows: Sequence[Texted]) -> None:
        columns = [pa.array(_column(rows, field.name), type=field.type) for field in SCHEMA]
        table = pa.Table.from_arrays(columns, schema=SCHEMA)
        self._writer.write_table(table, row_group_size=ROW_GROUP)


def _column(rows: Sequence[Texted], name: str) -> list[Any]:
    if name in AS_JSON:
        return [None if row[name] is None else texts[name] for row, texts in rows]
    if name == "resolved_at":
        return [parse_rfc3339(row[name]) for row, _ in rows]
    return [row[name] for row, _ in rows]
